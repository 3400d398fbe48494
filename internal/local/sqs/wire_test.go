package sqs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"sluice/internal/local/disk"
)

// clock is a clock that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// bench is a state behind a server, with the SDK's client of it.
type bench struct {
	*sqs.Client
	state *State
	clock *clock
	t     testing.TB
}

func open(t testing.TB, store disk.Store) *bench {
	t.Helper()
	c := &clock{at: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)}
	s, err := New(store, Config{Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(Handler(s))
	t.Cleanup(func() { s.Close(); server.Close() })
	client := sqs.New(sqs.Options{Region: "us-east-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("tester", "secret", ""),
		Retryer: aws.NopRetryer{}})
	return &bench{client, s, c, t}
}

func (b *bench) queue(name string, attributes map[string]string) string {
	b.t.Helper()
	out, err := b.CreateQueue(b.t.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	if err != nil {
		b.t.Fatal(err)
	}
	return *out.QueueUrl
}

func (b *bench) send(url string, bodies ...string) {
	b.t.Helper()
	for _, body := range bodies {
		if _, err := b.SendMessage(b.t.Context(), &sqs.SendMessageInput{QueueUrl: &url, MessageBody: &body}); err != nil {
			b.t.Fatal(err)
		}
	}
}

func (b *bench) receive(url string, change ...func(*sqs.ReceiveMessageInput)) []types.Message {
	b.t.Helper()
	in := &sqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10, MessageSystemAttributeNames: []types.MessageSystemAttributeName{"All"}, MessageAttributeNames: []string{"All"}}
	for _, c := range change {
		c(in)
	}
	out, err := b.ReceiveMessage(b.t.Context(), in)
	if err != nil {
		b.t.Fatal(err)
	}
	return out.Messages
}

func bodies(messages []types.Message) []string {
	var all []string
	for _, m := range messages {
		all = append(all, *m.Body)
	}
	slices.Sort(all)
	return all
}

func (b *bench) wants(url string, want ...string) []types.Message {
	b.t.Helper()
	got := b.receive(url)
	if diff := cmp.Diff(want, bodies(got)); diff != "" {
		b.t.Errorf("received (-want +got):\n%s", diff)
	}
	return got
}

func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return fmt.Sprint(err)
}

func TestAMessageIsHiddenUntilItsVisibilityTimeoutEnds(t *testing.T) {
	b := open(t, disk.Memory())
	url := b.queue("q", map[string]string{"VisibilityTimeout": "60"})
	b.send(url, "one")
	first := b.wants(url, "one")[0]
	b.wants(url)
	b.clock.move(59 * time.Second)
	b.wants(url)
	b.clock.move(time.Second)
	second := b.wants(url, "one")[0]
	if n := second.Attributes["ApproximateReceiveCount"]; n != "2" {
		t.Errorf("receive count %s", n)
	}
	// The first handle is void now: it deletes nothing.
	if _, err := b.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: first.ReceiptHandle}); err != nil {
		t.Error(err)
	}
	if _, err := b.ChangeMessageVisibility(t.Context(), &sqs.ChangeMessageVisibilityInput{QueueUrl: &url, ReceiptHandle: second.ReceiptHandle, VisibilityTimeout: 0}); err != nil {
		t.Error(err)
	}
	third := b.wants(url, "one")[0]
	if _, err := b.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: third.ReceiptHandle}); err != nil {
		t.Error(err)
	}
	b.clock.move(time.Hour)
	b.wants(url)
}

func TestVisibilityIsBounded(t *testing.T) {
	b := open(t, disk.Memory())
	url := b.queue("q", nil)
	b.send(url, "one")
	m := b.wants(url, "one")[0]
	change := func(seconds int32) string {
		_, err := b.ChangeMessageVisibility(t.Context(), &sqs.ChangeMessageVisibilityInput{QueueUrl: &url, ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: seconds})
		if err == nil {
			return ""
		}
		return code(err)
	}
	if got := change(43_201); got != "InvalidParameterValue" {
		t.Error(got)
	}
	if got := change(43_000); got != "" {
		t.Error(got)
	}
	b.clock.move(time.Hour)
	if got := change(40_000); got != "InvalidParameterValue" {
		t.Errorf("beyond 12 h in all: %s", got)
	}
	b.clock.move(12 * time.Hour)
	if got := change(10); got != "AWS.SimpleQueueService.MessageNotInflight" {
		t.Errorf("not in flight: %s", got)
	}
}

func TestDelay(t *testing.T) {
	b := open(t, disk.Memory())
	url := b.queue("q", map[string]string{"DelaySeconds": "10"})
	b.send(url, "queue's delay")
	if _, err := b.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("own delay"), DelaySeconds: 30}); err != nil {
		t.Fatal(err)
	}
	counts, _ := b.state.Counts(url)
	if counts.Delayed != 2 {
		t.Errorf("%+v", counts)
	}
	b.wants(url)
	b.clock.move(10 * time.Second)
	b.wants(url, "queue's delay")
	b.clock.move(20 * time.Second)
	b.wants(url, "own delay")
}

func TestLongPollEndsWithTheFirstMessage(t *testing.T) {
	b := open(t, disk.Memory())
	b.state.Now = time.Now
	url := b.queue("q", nil)
	type result struct {
		messages []types.Message
		took     time.Duration
	}
	done := make(chan result, 1)
	began := time.Now()
	go func() {
		got := b.receive(url, func(in *sqs.ReceiveMessageInput) { in.WaitTimeSeconds = 20 })
		done <- result{got, time.Since(began)}
	}()
	time.Sleep(50 * time.Millisecond)
	b.send(url, "late")
	r := <-done
	if diff := cmp.Diff([]string{"late"}, bodies(r.messages)); diff != "" || r.took > 15*time.Second {
		t.Errorf("%s after %s", diff, r.took)
	}
}

func TestRedriveAndMovingBack(t *testing.T) {
	b := open(t, disk.Memory())
	dead := b.queue("q-dlq", nil)
	url := b.queue("q", map[string]string{"VisibilityTimeout": "0", "RedrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:q-dlq","maxReceiveCount":"2"}`})
	b.send(url, "poison")
	b.wants(url, "poison")
	b.wants(url, "poison")
	b.wants(url)
	got := b.receive(dead, func(in *sqs.ReceiveMessageInput) { in.VisibilityTimeout = 1 })
	if len(got) != 1 || got[0].Attributes["DeadLetterQueueSourceArn"] != "arn:aws:sqs:us-east-1:000000000000:q" {
		t.Fatalf("%+v", got)
	}
	b.clock.move(time.Minute)
	sources, err := b.ListDeadLetterSourceQueues(t.Context(), &sqs.ListDeadLetterSourceQueuesInput{QueueUrl: &dead})
	if err != nil || len(sources.QueueUrls) != 1 || sources.QueueUrls[0] != url {
		t.Errorf("%+v %v", sources, err)
	}
	if _, err := b.StartMessageMoveTask(t.Context(), &sqs.StartMessageMoveTaskInput{SourceArn: aws.String("arn:aws:sqs:us-east-1:000000000000:q")}); code(err) != "InvalidParameterValue" {
		t.Errorf("move from a queue that is no dead-letter queue: %v", err)
	}
	if _, err := b.StartMessageMoveTask(t.Context(), &sqs.StartMessageMoveTaskInput{SourceArn: aws.String("arn:aws:sqs:us-east-1:000000000000:q-dlq")}); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		tasks, err := b.ListMessageMoveTasks(t.Context(), &sqs.ListMessageMoveTasksInput{SourceArn: aws.String("arn:aws:sqs:us-east-1:000000000000:q-dlq")})
		if err != nil {
			t.Fatal(err)
		}
		if *tasks.Results[0].Status == "COMPLETED" {
			if tasks.Results[0].ApproximateNumberOfMessagesMoved != 1 {
				t.Errorf("%+v", tasks.Results[0])
			}
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if back := b.wants(url, "poison"); len(back) == 1 && back[0].Attributes["ApproximateReceiveCount"] != "1" {
		t.Errorf("receive count %s", back[0].Attributes["ApproximateReceiveCount"])
	}
}

func TestAttributesAndChecksums(t *testing.T) {
	b := open(t, disk.Memory())
	url := b.queue("q", nil)
	in := &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("Xin chào"), MessageGroupId: aws.String("tenant-1"),
		MessageAttributes: map[string]types.MessageAttributeValue{
			"cause": {DataType: aws.String("String"), StringValue: aws.String("crash")},
			"n":     {DataType: aws.String("Number"), StringValue: aws.String("3")},
			"raw":   {DataType: aws.String("Binary.x"), BinaryValue: []byte{0, 1, 2}},
		},
		MessageSystemAttributes: map[string]types.MessageSystemAttributeValue{"AWSTraceHeader": {DataType: aws.String("String"), StringValue: aws.String("Root=1-5759e988-bd862e3fe1be46a994272793")}},
	}
	// The SDK checks the body's checksum itself, in both directions.
	if _, err := b.SendMessage(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	m := b.wants(url, "Xin chào")[0]
	if *m.MessageAttributes["cause"].StringValue != "crash" || !bytes.Equal(m.MessageAttributes["raw"].BinaryValue, []byte{0, 1, 2}) || m.MD5OfMessageAttributes == nil {
		t.Errorf("%+v", m.MessageAttributes)
	}
	for name, want := range map[string]string{"AWSTraceHeader": "Root=1-5759e988-bd862e3fe1be46a994272793", "MessageGroupId": "tenant-1", "SentTimestamp": "1795514400000"} {
		if got := m.Attributes[name]; got != want {
			t.Errorf("%s = %s, want %s", name, got, want)
		}
	}
}

func TestBatches(t *testing.T) {
	b := open(t, disk.Memory())
	url := b.queue("q", nil)
	entries := func(ids ...string) []types.SendMessageBatchRequestEntry {
		var all []types.SendMessageBatchRequestEntry
		for _, id := range ids {
			all = append(all, types.SendMessageBatchRequestEntry{Id: aws.String(id), MessageBody: aws.String("body " + id)})
		}
		return all
	}
	tests := []struct {
		name    string
		entries []types.SendMessageBatchRequestEntry
		want    string
	}{
		{"none", nil, "AWS.SimpleQueueService.EmptyBatchRequest"},
		{"eleven", entries("1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"), "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"},
		{"twice", entries("1", "1"), "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"},
		{"bad id", entries("a b"), "AWS.SimpleQueueService.InvalidBatchEntryId"},
		{"too long", []types.SendMessageBatchRequestEntry{
			{Id: aws.String("1"), MessageBody: aws.String(strings.Repeat("x", 600<<10))}, {Id: aws.String("2"), MessageBody: aws.String(strings.Repeat("x", 600<<10))},
		}, "AWS.SimpleQueueService.BatchRequestTooLong"},
	}
	for _, test := range tests {
		_, err := b.SendMessageBatch(t.Context(), &sqs.SendMessageBatchInput{QueueUrl: &url, Entries: test.entries})
		if err == nil || test.entries == nil {
			if test.entries != nil {
				t.Errorf("%s: no error", test.name)
			}
			continue
		}
		if got := code(err); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
	mixed := entries("good", "bad")
	mixed[1].MessageBody = aws.String("\x01")
	out, err := b.SendMessageBatch(t.Context(), &sqs.SendMessageBatchInput{QueueUrl: &url, Entries: mixed})
	if err != nil || len(out.Successful) != 1 || len(out.Failed) != 1 || *out.Failed[0].Code != "InvalidMessageContents" || !out.Failed[0].SenderFault {
		t.Fatalf("%+v %v", out, err)
	}
	m := b.wants(url, "body good")[0]
	deleted, err := b.DeleteMessageBatch(t.Context(), &sqs.DeleteMessageBatchInput{QueueUrl: &url, Entries: []types.DeleteMessageBatchRequestEntry{
		{Id: aws.String("a"), ReceiptHandle: m.ReceiptHandle}, {Id: aws.String("b"), ReceiptHandle: aws.String("nonsense")}}})
	if err != nil || len(deleted.Successful) != 1 || len(deleted.Failed) != 1 || *deleted.Failed[0].Code != "ReceiptHandleIsInvalid" {
		t.Fatalf("%+v %v", deleted, err)
	}
}

func TestQueueErrors(t *testing.T) {
	b := open(t, disk.Memory())
	url := b.queue("q", map[string]string{"VisibilityTimeout": "60"})
	if again := b.queue("q", map[string]string{"VisibilityTimeout": "60"}); again != url {
		t.Error(again)
	}
	b.queue("q", nil)
	create := func(name string, attributes map[string]string) error {
		_, err := b.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
		return err
	}
	none := url + "-none"
	tests := map[string]struct {
		err  error
		want string
	}{
		"other attributes": {create("q", map[string]string{"VisibilityTimeout": "61"}), "QueueAlreadyExists"},
		"bad name":         {create("a b", nil), "InvalidParameterValue"},
		"fifo":             {create("q.fifo", map[string]string{"FifoQueue": "true"}), "InvalidAttributeName"},
		"bad value":        {create("x", map[string]string{"DelaySeconds": "901"}), "InvalidAttributeValue"},
		"bad attribute":    {create("x", map[string]string{"Speed": "1"}), "InvalidAttributeName"},
		"no dead letters":  {create("x", map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:none","maxReceiveCount":1}`}), "InvalidParameterValue"},
	}
	_, err := b.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &none, MessageBody: aws.String("x")})
	var notThere *types.QueueDoesNotExist
	if !errors.As(err, &notThere) || code(err) != "AWS.SimpleQueueService.NonExistentQueue" {
		t.Errorf("no queue: %v", err)
	}
	for name, test := range tests {
		if got := code(test.err); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

func TestListingPages(t *testing.T) {
	b := open(t, disk.Memory())
	for _, name := range []string{"b-1", "a-1", "a-2", "a-3"} {
		b.queue(name, nil)
	}
	var got []string
	pages := sqs.NewListQueuesPaginator(b, &sqs.ListQueuesInput{QueueNamePrefix: aws.String("a-"), MaxResults: aws.Int32(2)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, url := range page.QueueUrls {
			got = append(got, nameOf(url))
		}
	}
	if diff := cmp.Diff([]string{"a-1", "a-2", "a-3"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestWhatWasAnsweredSurvives(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	store, err := disk.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	b := open(t, store)
	url := b.queue("q", map[string]string{"VisibilityTimeout": "60"})
	b.send(url, "in flight", "held by the poller", "deleted")
	for _, m := range b.receive(url) {
		if *m.Body == "deleted" {
			if _, err := b.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: m.ReceiptHandle}); err != nil {
				t.Fatal(err)
			}
		}
		if *m.Body == "in flight" { // a deliberate deferral is nobody's to release
			if _, err := b.ChangeMessageVisibility(t.Context(), &sqs.ChangeMessageVisibilityInput{QueueUrl: &url, ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: 120}); err != nil {
				t.Fatal(err)
			}
		}
	}
	b.send(url, "waiting")
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}

	if store, err = disk.Open(path); err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	again := open(t, store)
	url = again.queue("q", map[string]string{"VisibilityTimeout": "60"})
	if n, err := again.state.ReleaseHeldBy(t.Context(), "tester"); err != nil || n != 1 {
		t.Errorf("released %d, %v", n, err)
	}
	got := again.wants(url, "held by the poller", "waiting")
	for _, m := range got {
		if *m.Body != "waiting" && m.Attributes["ApproximateReceiveCount"] != "2" {
			t.Errorf("receive count %s", m.Attributes["ApproximateReceiveCount"])
		}
	}
	again.clock.move(121 * time.Second)
	again.wants(url, "held by the poller", "in flight", "waiting")
}

func TestRetentionAndPurge(t *testing.T) {
	b := open(t, disk.Memory())
	url := b.queue("q", map[string]string{"MessageRetentionPeriod": "60"})
	b.send(url, "old")
	b.clock.move(time.Minute)
	b.send(url, "new")
	b.wants(url, "new")
	b.send(url, "more")
	if _, err := b.PurgeQueue(t.Context(), &sqs.PurgeQueueInput{QueueUrl: &url}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.PurgeQueue(t.Context(), &sqs.PurgeQueueInput{QueueUrl: &url}); code(err) != "AWS.SimpleQueueService.PurgeQueueInProgress" {
		t.Error(err)
	}
	b.clock.move(31 * time.Second)
	b.wants(url)
}

func FuzzWire(f *testing.F) {
	for _, seed := range []string{`{"QueueUrl":"http://x/0/q","MessageBody":"x"}`, `{"QueueUrl":"q","Entries":[{"Id":"a","ReceiptHandle":"cSAxIDEgYQ=="}]}`, `[]`, ``} {
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

func BenchmarkSendReceiveDelete(b *testing.B) {
	store, err := disk.Open(filepath.Join(b.TempDir(), "state.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	state, err := New(store, Config{})
	if err != nil {
		b.Fatal(err)
	}
	if err := state.CreateQueue(b.Context(), "q", nil, nil); err != nil {
		b.Fatal(err)
	}
	batch := make([]Addressed, 10)
	for i := range batch {
		batch[i] = Addressed{"q", Outgoing{Body: strings.Repeat("x", 1024)}}
	}
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, errs := state.SendAll(b.Context(), batch); errs[0] != nil {
				b.Error(errs[0])
			}
			got, err := state.Receive(b.Context(), "q", Receive{Max: 10})
			if err != nil {
				b.Error(err)
			}
			var handles []string
			for _, m := range got {
				handles = append(handles, m.Handle)
			}
			if _, err := state.Delete(b.Context(), "q", handles); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N*10)/b.Elapsed().Seconds(), "messages/s")
}
