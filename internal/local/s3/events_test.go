package s3

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"sluice/internal/local/disk"
)

// listener hears of keys under uploads/, and refuses while it is down.
type listener struct {
	mu    sync.Mutex
	down  bool
	heard []Event
	asked int
}

func (l *listener) Wants(e Event) bool { return strings.HasPrefix(e.Key, "uploads/") }

func (l *listener) Tell(_ context.Context, e Event) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked++
	if l.down {
		return errors.New("down")
	}
	l.heard = append(l.heard, e)
	return nil
}

// wait is what was heard, once that is n events.
func (l *listener) wait(t *testing.T, n int) []Event {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		l.mu.Lock()
		heard := append([]Event{}, l.heard...)
		l.mu.Unlock()
		if len(heard) >= n {
			return heard
		}
	}
	t.Fatalf("fewer than %d events came", n)
	return nil
}

func (m *machine) tellEventBridge(t *testing.T) {
	t.Helper()
	_, err := m.PutBucketNotificationConfiguration(t.Context(), &s3.PutBucketNotificationConfigurationInput{Bucket: aws.String(testBucket),
		NotificationConfiguration: &types.NotificationConfiguration{EventBridgeConfiguration: &types.EventBridgeConfiguration{}}})
	if err != nil {
		t.Fatal(err)
	}
}

func TestEventsOncePerObject(t *testing.T) {
	l := &listener{}
	m := start(t, disk.Memory(), "", l)
	m.put(t, "uploads/before", "not told: the bucket does not send yet")
	m.tellEventBridge(t)
	m.put(t, "uploads/t/summarize/a.jsonl", "12345")
	m.put(t, "results/a", "nobody wants this")
	if _, err := m.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: aws.String(testBucket), Key: aws.String("uploads/copy"), CopySource: aws.String(testBucket + "/results/a")}); err != nil {
		t.Fatal(err)
	}
	id := m.begin(t, "uploads/parts", nil)
	if _, err := m.complete(t, "uploads/parts", id, nil, m.part(t, "uploads/parts", id, 1, "part")); err != nil {
		t.Fatal(err)
	}
	if _, err := m.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String(testBucket), Key: aws.String("uploads/copy")}); err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	reasons := map[string]Event{}
	for _, e := range l.wait(t, 4) {
		ids[e.ID] = true
		reasons[e.Reason] = e
	}
	if len(ids) != 4 || len(reasons) != 4 {
		t.Fatalf("%d ids, reasons %v", len(ids), reasons)
	}
	detail := reasons["PutObject"].Detail()
	object := detail["object"].(map[string]any)
	if object["key"] != "uploads/t/summarize/a.jsonl" || object["size"] != json.Number("5") || object["etag"] != md5Hex("12345") || len(object["sequencer"].(string)) != 16 ||
		detail["reason"] != "PutObject" || detail["source-ip-address"] != "127.0.0.1" || detail["requester"] != "000000000000" || detail["request-id"] == "" ||
		detail["bucket"].(map[string]any)["name"] != testBucket {
		t.Errorf("detail %v", detail)
	}
	if gone := reasons["DeleteObject"]; gone.Type != ObjectDeleted || gone.Sequencer <= reasons["CopyObject"].Sequencer || gone.Detail()["deletion-type"] != "Permanently Deleted" {
		t.Errorf("deletion %+v", gone)
	}
	if e := reasons["CompleteMultipartUpload"]; e.Size != 4 || e.ETag != strings.Trim(multipartETag("part"), `"`) {
		t.Errorf("completion %+v", e)
	}
}

func TestAPendingEventSurvivesARestart(t *testing.T) {
	folder := t.TempDir()
	deaf := &listener{down: true}
	m := onDisk(t, folder, deaf)
	m.tellEventBridge(t)
	for i := range 20 {
		m.put(t, fmt.Sprintf("uploads/%d", i), "body")
	}
	m.stop()
	l := &listener{}
	m = onDisk(t, folder, l)
	ids := map[string]bool{}
	for _, e := range l.wait(t, 20) {
		ids[e.ID] = true
	}
	if len(ids) != 20 {
		t.Errorf("%d ids of %d events", len(ids), len(l.heard))
	}
	m.stop()
	again := &listener{}
	m = onDisk(t, folder, again)
	m.put(t, "uploads/new", "body")
	if heard := again.wait(t, 1); heard[0].Key != "uploads/new" {
		t.Errorf("%q was told again", heard[0].Key)
	}
}

func TestARefusedEventIsToldAgain(t *testing.T) {
	l := &listener{down: true}
	m := start(t, disk.Memory(), "", l)
	m.tellEventBridge(t)
	m.put(t, "uploads/a", "body")
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		l.mu.Lock()
		asked := l.asked
		l.down = asked < 2
		l.mu.Unlock()
		if asked >= 2 {
			break
		}
	}
	if heard := l.wait(t, 1); heard[0].Key != "uploads/a" {
		t.Errorf("heard %+v", heard)
	}
}
