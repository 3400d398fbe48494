package lambdahost

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"sluice/internal/local/disk"
	"sluice/internal/local/sqs"
)

// realQueue is a queue of the local SQS, with a visibility timeout that no test
// outlasts and a dead-letter queue behind it.
type realQueue struct {
	t      *testing.T
	state  *sqs.State
	client *awssqs.Client
	url    string
}

func newRealQueue(t *testing.T, maxReceives int) realQueue {
	t.Helper()
	state, err := sqs.New(disk.Memory(), sqs.Config{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sqs.Handler(state))
	t.Cleanup(func() { state.Close(); server.Close() })
	q := realQueue{t: t, state: state, client: awssqs.NewFromConfig(aws.Config{Region: "us-east-1", BaseEndpoint: &server.URL,
		Credentials: credentials.NewStaticCredentialsProvider("host", "x", "")})}
	redrive, _ := json.Marshal(map[string]any{"deadLetterTargetArn": state.ARN("dead"), "maxReceiveCount": maxReceives})
	q.make("dead", nil)
	q.url = q.make("q", map[string]string{"VisibilityTimeout": "43200", "RedrivePolicy": string(redrive)})
	return q
}

func (q realQueue) make(name string, attributes map[string]string) string {
	q.t.Helper()
	out, err := q.client.CreateQueue(q.t.Context(), &awssqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	if err != nil {
		q.t.Fatal(err)
	}
	return *out.QueueUrl
}

func (q realQueue) send(body string) {
	q.t.Helper()
	if _, err := q.client.SendMessage(q.t.Context(), &awssqs.SendMessageInput{QueueUrl: &q.url, MessageBody: &body}); err != nil {
		q.t.Fatal(err)
	}
}

// feeds lets the queue feed the function of this binary.
func (q realQueue) feeds(batch int) *Host {
	q.t.Helper()
	h, _ := start(q.t, Config{Functions: []Function{function("f", map[string]string{"SQS": "yes"})}, Queues: q.client})
	m := Mapping{Function: "f", QueueURL: q.url, QueueARN: q.state.ARN("q"), BatchSize: batch, ReportBatchItemFailures: true}
	if _, err := h.AddMapping(m); err != nil {
		q.t.Fatal(err)
	}
	return h
}

func (q realQueue) counts(name string) sqs.Counts {
	counts, err := q.state.Counts(name)
	if err != nil {
		q.t.Error(err)
	}
	return counts
}

// A batch whose process is killed comes back long before its visibility timeout,
// and none of it is lost.
func TestKilledProcessLetsGoOfItsBatch(t *testing.T) {
	q := newRealQueue(t, 10)
	for i := range 10 {
		q.send(fmt.Sprintf("good %d", i))
	}
	q.send("killed-unless " + filepath.Join(t.TempDir(), "killed"))
	h := q.feeds(10)
	eventually(t, "all is handled", func() bool { return q.counts("q") == sqs.Counts{} })
	if dead := q.counts("dead"); dead != (sqs.Counts{}) {
		t.Errorf("dead letters: %+v", dead)
	}
	if stats := h.Stats()["f"]; stats.Errors != 1 {
		t.Errorf("%d calls failed, want the killed one", stats.Errors)
	}
}

// A message that ends its process each time is a dead letter after as many
// receives as its queue allows, and its neighbours are handled.
func TestPoisonGoesToTheDeadLetterQueue(t *testing.T) {
	const maxReceives = 3
	q := newRealQueue(t, maxReceives)
	q.send("exit")
	for i := range 5 {
		q.send(fmt.Sprintf("good %d", i))
	}
	h := q.feeds(1)
	eventually(t, "the poison is a dead letter and the rest is handled", func() bool {
		return q.counts("q") == sqs.Counts{} && q.counts("dead") == sqs.Counts{Visible: 1}
	})
	if stats := h.Stats()["f"]; stats.Errors != maxReceives {
		t.Errorf("%d calls failed, want %d", stats.Errors, maxReceives)
	}
	url, err := q.client.GetQueueUrl(t.Context(), &awssqs.GetQueueUrlInput{QueueName: aws.String("dead")})
	if err != nil {
		t.Fatal(err)
	}
	out, err := q.client.ReceiveMessage(context.Background(), &awssqs.ReceiveMessageInput{QueueUrl: url.QueueUrl})
	if err != nil || len(out.Messages) != 1 || *out.Messages[0].Body != "exit" {
		t.Errorf("dead letter %+v, %v", out, err)
	}
}

// What a dead process leaves is decided in virtual time: when, and what not.
func TestReleaseOnlyForTheDead(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		back bool
	}{
		"killed":    {&FunctionError{Type: TypeExit}, true},
		"timed out": {&FunctionError{Type: TypeTimeout}, true},
		"failed":    {&FunctionError{Type: "E"}, false},
		"too large": {&FunctionError{Type: TypeResponseTooLarge}, false},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Mapping{BatchSize: 10, Concurrency: 1}, func(q *queue, l *lambdaFake) {
				q.send(4, "x")
				l.answer = func(call int, _ []string) (string, error) {
					if call == 1 {
						return "", test.err
					}
					return "null", nil
				}
			}, func(t *testing.T, b *bubble) {
				b.after(firstRelease + time.Second)
				visible, hidden := b.counts()
				if handled := visible+hidden == 0; handled != test.back {
					t.Errorf("%d visible, %d hidden", visible, hidden)
				}
			})
		})
	}
}

func TestReleaseAfter(t *testing.T) {
	for receives, most := range map[int]time.Duration{0: firstRelease, 1: firstRelease, 2: 2 * firstRelease, 3: 4 * firstRelease, 5: lastRelease, 1000: lastRelease} {
		seen := map[time.Duration]bool{}
		for range 2000 {
			after := releaseAfter(receives)
			if after < 0 || after > most || after%time.Second != 0 {
				t.Fatalf("after %d receives: %s", receives, after)
			}
			seen[after] = true
		}
		if len(seen) != int(most/time.Second)+1 {
			t.Errorf("after %d receives: %d different pauses up to %s", receives, len(seen), most)
		}
	}
}
