package sqs

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sluice/internal/local/disk"
	"sluice/internal/local/disk/disktest"
)

// killed is the state as a new process would find it if this one were killed
// now: its folder is copied while it is open.
func killed(t *testing.T, path string, at time.Time) *State {
	t.Helper()
	store, err := disk.Open(disktest.Killed(t, path))
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(store, Config{Now: func() time.Time { return at }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(); store.Close() })
	return s
}

func durable(t *testing.T, now func() time.Time) (*State, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state.db")
	store, err := disk.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(store, Config{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(); store.Close() })
	return s, path
}

func TestWhatWasAnsweredSurvivesAKill(t *testing.T) {
	c := &clock{at: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)}
	s, path := durable(t, c.now)
	for _, in := range []CreateQueueInput{
		{QueueName: "dlq"},
		{QueueName: "q", Attributes: map[string]string{"VisibilityTimeout": "60", "RedrivePolicy": redriveTo("dlq", 1)["RedrivePolicy"]}, Tags: map[string]string{"k": "v"}},
		{QueueName: "gone"},
	} {
		if _, err := s.CreateQueue(t.Context(), Caller{}, in); err != nil {
			t.Fatal(err)
		}
	}
	value := "v"
	mustSend(t, s, "gone", Outgoing{Body: "with its queue"})
	s.DeleteQueue(t.Context(), Caller{}, QueueInput{"gone"})
	mustSend(t, s, "q", Outgoing{Body: "poison"})
	mustReceive(t, s, ReceiveMessageInput{QueueURL: "q", VisibilityTimeout: p(0)})
	mustReceive(t, s, ReceiveMessageInput{QueueURL: "q"}) // it is dead now
	mustSend(t, s, "q", Outgoing{Body: "held"}, Outgoing{Body: "deferred"}, Outgoing{Body: "deleted"})
	got := mustReceive(t, s, ReceiveMessageInput{QueueURL: "q", MaxNumberOfMessages: p(10)})
	if _, err := s.ChangeMessageVisibility(t.Context(), Caller{}, ChangeMessageVisibilityInput{"q", got[1].ReceiptHandle, p(120)}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.DeleteMessage(t.Context(), Caller{}, DeleteMessageInput{"q", got[2].ReceiptHandle}); err != nil {
		t.Fatal(err)
	}
	mustSend(t, s, "q", Outgoing{Body: "waiting", Trace: "Root=1", Group: "g", Attributes: map[string]Attribute{"a": {DataType: "String", StringValue: &value}}})
	mustSend(t, s, "q", Outgoing{Body: "delayed", Delay: p(30)})

	again := killed(t, path, c.now())
	if diff := cmp.Diff(map[string]Counts{"q": {Visible: 1, InFlight: 2, Delayed: 1}, "dlq": {Visible: 1}}, again.AllCounts()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if n, err := again.ReleaseHeldBy(t.Context(), "somebody else"); n != 0 || err != nil {
		t.Errorf("%d %v", n, err)
	}
	if n, err := again.ReleaseHeldBy(t.Context(), "poller"); n != 1 || err != nil {
		t.Errorf("%d %v", n, err)
	}
	must(t, again, SetQueueAttributesInput{"q", map[string]string{"RedrivePolicy": ""}})
	want := ReceivedMessage{Body: "waiting", Attributes: map[string]string{"AWSTraceHeader": "Root=1", "MessageGroupId": "g"}, MessageAttributes: map[string]Attribute{"a": {DataType: "String", StringValue: &value}}}
	all := mustReceive(t, again, ReceiveMessageInput{QueueURL: "q", MaxNumberOfMessages: p(10), AttributeNames: []string{"AWSTraceHeader", "MessageGroupId"}, MessageAttributeNames: []string{"All"}})
	i := slices.IndexFunc(all, func(m ReceivedMessage) bool { return m.Body == "waiting" })
	if diff := cmp.Diff(want, all[i], cmpopts.IgnoreFields(ReceivedMessage{}, "MessageID", "ReceiptHandle", "MD5OfBody", "MD5OfMessageAttributes")); diff != "" || len(all) != 2 {
		t.Errorf("%d messages, %s", len(all), diff)
	}
	// The handles of before are good still, and the deadlines are those of before.
	if _, err := again.DeleteMessage(t.Context(), Caller{}, DeleteMessageInput{"q", got[0].ReceiptHandle}); err != nil {
		t.Error(err)
	}
	c.move(119 * time.Second)
	if got := texts(mustReceive(t, killed(t, path, c.now()), ReceiveMessageInput{QueueURL: "q", MaxNumberOfMessages: p(10)})); !slices.Contains(got, "delayed") || slices.Contains(got, "deferred") {
		t.Errorf("%v", got)
	}
	if tags := again.queues["q"].tags; tags["k"] != "v" {
		t.Errorf("%v", tags)
	}
}

func TestAMoveGoesOnAfterAKill(t *testing.T) {
	s, path := durable(t, nil)
	for _, name := range []string{"q", "other", "dlq"} {
		if _, err := s.CreateQueue(t.Context(), Caller{}, CreateQueueInput{QueueName: name}); err != nil {
			t.Fatal(err)
		}
	}
	letters(t, s, "q", "1", "2", "3")
	startMove(t, s, arn+"other", p(1))
	s.Close() // it is not over
	again := killed(t, path, time.Now())
	for again.AllCounts()["other"].Visible < 2 { // the first second of the new process
		time.Sleep(time.Millisecond)
	}
}

func TestAFailedDiskIsToldAndNothingIsAnswered(t *testing.T) {
	store := disk.Memory()
	s, err := New(store, Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.CreateQueue(t.Context(), Caller{}, CreateQueueInput{QueueName: "q"}); err != nil {
		t.Fatal(err)
	}
	store.Close()
	status, code, _ := call(t, s, "SendMessage", `{"QueueUrl":"q","MessageBody":"m"}`)
	if status != 500 || code != "InternalFailure;Receiver" {
		t.Errorf("%d %s", status, code)
	}
	if _, errs := s.SendAll(t.Context(), []Addressed{{"q", Outgoing{Body: "m"}}, {"none", Outgoing{Body: "m"}}}); errs[0] == nil || errs[1] == nil {
		t.Errorf("%v", errs)
	}
}

func TestADamagedRecordIsTold(t *testing.T) {
	for _, change := range []disk.Change{
		{Bucket: bucketQueues, Key: []byte("q"), Value: []byte("{")},
		{Bucket: bucketMessages, Key: numberKey(1), Value: []byte{recordVersion + 1}},
		{Bucket: bucketMessages, Key: []byte("short"), Value: []byte{recordVersion}},
		{Bucket: bucketRepeats, Key: numberKey(1), Value: []byte{recordVersion}},
		{Bucket: bucketMoves, Key: []byte("m"), Value: []byte("?")},
	} {
		store := disk.Memory()
		store.Enqueue(change)
		if _, err := New(store, Config{}); err == nil {
			t.Errorf("%s: nothing was told", change.Bucket)
		}
	}
}
