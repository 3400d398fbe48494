package sqs

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
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
