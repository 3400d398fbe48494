package sqs

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/local/disk"
)

func FuzzWire(f *testing.F) {
	for _, seed := range []string{`{"QueueUrl":"http://x/0/q","MessageBody":"x"}`, `{"QueueUrl":"q","Entries":[{"Id":"a","ReceiptHandle":"AQEBAAAA"}]}`,
		`{"QueueName":"q","Attributes":{"RedrivePolicy":"{}"},"tags":{"a":"b"}}`, `{"SourceArn":"x","TaskHandle":"e30="}`, `[]`, ``} {
		for _, operation := range []string{"SendMessage", "ReceiveMessage", "DeleteMessageBatch", "CreateQueue", "StartMessageMoveTask"} {
			f.Add(operation, []byte(seed))
		}
	}
	state, err := New(disk.Memory(), Config{})
	if err != nil {
		f.Fatal(err)
	}
	handler := Handler(state)
	f.Fuzz(func(t *testing.T, operation string, body []byte) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond) // ends long polls
		defer cancel()
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/", bytes.NewReader(body))
		r.Header["X-Amz-Target"] = []string{TargetPrefix + operation}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Errorf("%s %q: %d %s", operation, body, w.Code, w.Body)
		}
	})
}

// Whatever is on disk, it is read or told, and what is read is written again as
// it was.
func FuzzRecords(f *testing.F) {
	text := "value"
	f.Add(content{Body: "b", Attributes: map[string]Attribute{"a": {DataType: "String", StringValue: &text}, "b": {DataType: "Binary", BinaryValue: []byte{1}}}}.encode())
	m := &message{queue: &queue{id: 7}, number: 1, order: 2, sent: -3, holder: "local", group: "g", source: "arn"}
	f.Add(m.record().Value)
	f.Fuzz(func(t *testing.T, raw []byte) {
		if c, err := parseContent(raw); err == nil && len(c.Attributes) < 2 {
			if again, err := parseContent(c.encode()); err != nil || !cmp.Equal(c, again) {
				t.Errorf("%+v became %+v, %v", c, again, err)
			}
		}
		if m, queueID, err := parseMessage(numberKey(1), raw); err == nil {
			m.queue = &queue{id: queueID}
			if again, _, err := parseMessage(numberKey(1), m.record().Value); err != nil || again.visibleAt != m.visibleAt || again.source != m.source {
				t.Errorf("%+v became %+v, %v", m, again, err)
			}
		}
		if _, err := parseReceipt(string(raw)); err != nil && err.Code != "ReceiptHandleIsInvalid" {
			t.Error(err)
		}
	})
}
