package machine

import (
	"bytes"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	sestypes "github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"sluice/events"
	"sluice/internal/local/disk"
	"sluice/internal/local/ses"
	"sluice/internal/objects"
)

// anHourOff makes the clock of a rule due, as after an hour in which the machine was
// off, and answers when it is.
func anHourOff(t *testing.T, folder, rule string) time.Time {
	t.Helper()
	store, err := disk.Open(filepath.Join(folder, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}()
	const bucket = "eventbridge/rules"
	key := []byte("default/" + rule)
	value, found, err := store.Get(bucket, key)
	if err != nil || !found {
		t.Fatalf("no rule %s: %v", rule, err)
	}
	var kept map[string]json.RawMessage
	if err := json.Unmarshal(value, &kept); err != nil {
		t.Fatal(err)
	}
	var since, next time.Time
	for name, into := range map[string]*time.Time{"since": &since, "next": &next} {
		if err := json.Unmarshal(kept[name], into); err != nil {
			t.Fatalf("%s of %s: %v", name, value, err)
		}
	}
	if next.Sub(since) != time.Hour {
		t.Errorf("due %s after it was made", next.Sub(since))
	}
	for name, at := range map[string]time.Time{"since": since.Add(-time.Hour), "next": since} {
		if kept[name], err = json.Marshal(at); err != nil {
			t.Fatal(err)
		}
	}
	if value, err = json.Marshal(kept); err != nil {
		t.Fatal(err)
	}
	if err := store.Enqueue(disk.Change{Bucket: bucket, Key: key, Value: value}).Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	return since
}

// Where no mail is sent and no event of SES comes, the clock alone brings SES's own
// list over, and on another day who was taken from it is free.
func TestSESsOwnListIsGoneThroughWithoutAMail(t *testing.T) {
	folder, binaries := t.TempDir(), built(t, functions(t), "analyze", "feedback")
	m, err := open(t, Options{Folder: folder, Functions: binaries})
	if err != nil {
		t.Fatal(err)
	}
	const address = "Asleep@example.com"
	if _, err := sesv2.NewFromConfig(m.config(m.keys)).PutSuppressedDestination(t.Context(), &sesv2.PutSuppressedDestinationInput{
		EmailAddress: aws.String(address), Reason: sestypes.SuppressionListReasonBounce}); err != nil {
		t.Fatal(err)
	}
	shut(t, m)
	queue := events.QueueName(Environment, "feedback")
	due := anHourOff(t, folder, queue)

	if m, err = open(t, Options{Folder: folder, Functions: binaries}); err != nil {
		t.Fatal(err)
	}
	defer shut(t, m)
	store := objects.New(s3.NewFromConfig(m.config(m.keys), func(o *s3.Options) { o.UsePathStyle = true }), Bucket)
	first := sweptThrough(t, store, time.Time{})
	rule, err := m.services.EventBridge.Rule("default", queue)
	if err != nil || !rule.Next.Equal(due.Add(time.Hour)) {
		t.Errorf("the clock is due at %s, not an hour after %s: %v", rule.Next, due, err)
	}
	told, err := eventbridge.NewFromConfig(m.config(m.keys)).DescribeRule(t.Context(), &eventbridge.DescribeRuleInput{Name: &queue})
	if err != nil || aws.ToString(told.ScheduleExpression) != "rate(1 hour)" || !strings.Contains(aws.ToString(told.EventPattern), "aws.ses") {
		t.Errorf("%+v, %v", told, err)
	}

	heard := listen(t, m, `"AiCompleted", "NotificationSkipped", "RequestParked"`)
	ask(t, m, "asleep", address)
	if skipped := dataOf[events.NotificationSkipped](t, heard.about(1)["asleep"]); !strings.Contains(skipped.Reason, "bounced") || skipped.About != "RequestReceived" {
		t.Errorf("%+v", skipped)
	}
	if mails, err := m.services.SES.Outbox(t.Context(), ses.Filter{Limit: 10}); err != nil || len(mails) != 0 {
		t.Errorf("%d mails, %v", len(mails), err)
	}

	if _, err := sesv2.NewFromConfig(m.config(m.keys)).DeleteSuppressedDestination(t.Context(), &sesv2.DeleteSuppressedDestinationInput{EmailAddress: aws.String(address)}); err != nil {
		t.Fatal(err)
	}
	yesterday := first.Add(-24 * time.Hour)
	mark, err := json.Marshal(map[string]time.Time{"through": yesterday, "since": yesterday})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Put(t.Context(), sweepMark, objects.JSON, bytes.NewReader(mark)); err != nil {
		t.Fatal(err)
	}
	body := `{"version":"0","source":"aws.events","detail-type":"Scheduled Event","detail":{}}`
	if _, err := heard.queues.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: aws.String(strings.TrimSuffix(*heard.url, "ear") + queue), MessageBody: &body}); err != nil {
		t.Fatal(err)
	}
	sweptThrough(t, store, first)
	ask(t, m, "awake", address)
	if said := heard.about(1)["awake"]; len(said) != 1 || said["AiCompleted"].Type() == "" {
		t.Errorf("%+v", said)
	}
}

const sweepMark = "suppressions/sweep.json"

// sweptThrough waits until SES's own list was gone through later than a time, and
// answers up to when it was.
func sweptThrough(t *testing.T, store *objects.Store, later time.Time) time.Time {
	t.Helper()
	for {
		object, err := store.Get(t.Context(), sweepMark, 0)
		if err != nil && !errors.Is(err, objects.ErrNotFound) {
			t.Fatal(err)
		}
		var mark struct{ Through time.Time }
		if err == nil {
			err = json.Unmarshal(object.Body, &mark)
		}
		if err == nil && mark.Through.After(later) {
			return mark.Through
		}
		time.Sleep(20 * time.Millisecond)
	}
}
