package emulator

import (
	"bytes"
	"context"
	"fmt"
	"net/http"

	"sluice/internal/local/ses"
)

// announcer tells moto's default bus what becomes of mails.
type announcer struct{ moto http.Handler }

// Publish implements ses.Publisher.
func (a announcer) Publish(ctx context.Context, all []ses.Event) error {
	type entry struct {
		Source, DetailType, Detail string
		Resources                  []string
		Time                       int64
	}
	var entries []entry
	for _, e := range all {
		entries = append(entries, entry{"aws.ses", e.DetailType, string(e.Detail), e.Resources, e.Time.Unix()})
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://moto/", bytes.NewReader(encoded(map[string]any{"Entries": entries})))
	if err != nil {
		return err
	}
	r.Header.Set("X-Amz-Target", "AWSEvents.PutEvents")
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=local/20260101/"+Region+"/events/aws4_request, SignedHeaders=host, Signature=0")
	if told := held(a.moto, r); told.status != http.StatusOK {
		return fmt.Errorf("put events: %d %s", told.status, told.Bytes())
	}
	return nil
}
