package conformance

import (
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"pgregory.net/rapid"
)

// sqsStep is one operation of a random sequence. Message is the number of the
// message that it is about.
type sqsStep struct {
	Do      string
	Message int
	Seconds int32
	Many    int
}

func (s sqsStep) String() string {
	return fmt.Sprintf("%s %d (%d s, %d)", s.Do, s.Message, s.Seconds, s.Many)
}

// randomDifferences are outcomes that are moto's own: step, the embedded
// endpoint's outcome, moto's outcome. Each is a listed case, too.
var randomDifferences = map[[3]string]string{
	{"change", "InvalidParameterValue", "ReceiptHandleIsInvalid"}: "refused: change the visibility of a deleted message",
	{"delete", "no error", "ReceiptHandleIsInvalid"}:              "a purged message is deleted by its handle",
	{"delete batch", "no error", "ReceiptHandleIsInvalid"}:        "a purged message is deleted by its handle",
}

// differ tells whether two outcomes, part by part, are neither the same nor a
// difference that is listed.
func differ(step sqsStep, own, moto string) bool {
	a, b := strings.Split(own, ", "), strings.Split(moto, ", ")
	if len(a) != len(b) {
		return true
	}
	for i := range a {
		_, listed := sqsMoto[randomDifferences[[3]string{step.Do, a[i], b[i]}]]
		if a[i] != b[i] && !listed {
			return true
		}
	}
	return false
}

// sqsSide is a sequence of steps at work on one target.
type sqsSide struct {
	queues
	url, dead string
	sent      int
	purged    bool
	handles   map[string]string // by body: the newest receipt handle
}

func newSide(t testing.TB, target Target) *sqsSide {
	s := &sqsSide{queues: queues{t, sqs.NewFromConfig(target.Config), target}, handles: map[string]string{}}
	s.dead = s.make("VisibilityTimeout", "600")
	s.url = s.make("VisibilityTimeout", "600", "RedrivePolicy", redrive(s.arn(s.dead), 2))
	return s
}

func body(n int) string { return fmt.Sprintf("message %d", n) }

// do takes a step and answers its outcome, in words that do not depend on the
// target.
func (s *sqsSide) do(step sqsStep) string {
	handle := s.handles[body(step.Message)]
	if handle == "" {
		handle = "garbage"
	}
	switch step.Do {
	case "send":
		s.sent++
		_, err := s.SendMessage(s.Context(), &sqs.SendMessageInput{QueueUrl: &s.url, MessageBody: aws.String(body(s.sent)), DelaySeconds: step.Seconds})
		return codeOf(err)
	case "send batch":
		return s.sendBatch(step)
	case "receive all":
		return s.drain(s.url)
	case "receive all dead":
		return s.drain(s.dead)
	case "change":
		_, err := s.ChangeMessageVisibility(s.Context(), &sqs.ChangeMessageVisibilityInput{QueueUrl: &s.url, ReceiptHandle: &handle, VisibilityTimeout: step.Seconds})
		return codeOf(err)
	case "delete":
		_, err := s.DeleteMessage(s.Context(), &sqs.DeleteMessageInput{QueueUrl: &s.url, ReceiptHandle: &handle})
		return codeOf(err)
	case "delete batch":
		return s.deleteBatch(step)
	case "purge":
		if s.purged { // a second one within a minute has a case of its own
			return "purged before"
		}
		s.purged = true
		_, err := s.PurgeQueue(s.Context(), &sqs.PurgeQueueInput{QueueUrl: &s.url})
		return codeOf(err)
	case "redrive":
		policy := ""
		if step.Many > 0 {
			policy = redrive(s.arn(s.dead), step.Many)
		}
		return codeOf(s.trySet(s.url, "RedrivePolicy", policy))
	default: // "count"
		var counts []string
		for _, url := range []string{s.url, s.dead} {
			for _, attribute := range []string{"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"} {
				counts = append(counts, s.attribute(url, attribute))
			}
		}
		return strings.Join(counts, " ")
	}
}

// sendBatch sends Many messages; the last has the first one's id if Message is
// 1. (Of two mistakes in one call, nobody says which is told: more than ten have
// ids of their own.)
func (s *sqsSide) sendBatch(step sqsStep) string {
	entries := []types.SendMessageBatchRequestEntry{}
	for i := range step.Many {
		id := i
		if step.Message == 1 && step.Many <= 10 && i == step.Many-1 {
			id = 0
		}
		entries = append(entries, types.SendMessageBatchRequestEntry{Id: aws.String(fmt.Sprint("e", id)), MessageBody: aws.String(body(s.sent + 1 + i))})
	}
	s.sent += step.Many
	out, err := s.SendMessageBatch(s.Context(), &sqs.SendMessageBatchInput{QueueUrl: &s.url, Entries: entries})
	if err != nil {
		return codeOf(err)
	}
	return fmt.Sprintf("%d sent, %d refused", len(out.Successful), len(out.Failed))
}

// deleteBatch deletes the messages from Message on, as far as there are handles.
func (s *sqsSide) deleteBatch(step sqsStep) string {
	entries, outcomes := []types.DeleteMessageBatchRequestEntry{}, []string{}
	for i := range step.Many {
		if handle := s.handles[body(step.Message+i)]; handle != "" {
			entries = append(entries, types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(len(entries))), ReceiptHandle: &handle})
			outcomes = append(outcomes, "no error")
		}
	}
	out, err := s.DeleteMessageBatch(s.Context(), &sqs.DeleteMessageBatchInput{QueueUrl: &s.url, Entries: entries})
	if err != nil {
		return codeOf(err)
	}
	for _, f := range out.Failed {
		at, err := strconv.Atoi(*f.Id)
		if err != nil || at < 0 || at >= len(outcomes) {
			s.Fatalf("the batch has no entry %q", *f.Id)
		}
		outcomes[at] = *f.Code
	}
	if n := len(out.Successful) + len(out.Failed); n != len(entries) {
		s.Errorf("%d results for %d entries", n, len(entries))
	}
	return strings.Join(outcomes, ", ")
}

// drain receives everything that is visible. The order of a standard queue is
// nobody's promise, so the outcome is sorted.
func (s *sqsSide) drain(url string) string {
	var got []string
	for {
		messages := s.receive(url, 0)
		if len(messages) == 0 {
			slices.Sort(got)
			return strings.Join(got, ", ")
		}
		for _, m := range messages {
			if url == s.url {
				s.handles[*m.Body] = *m.ReceiptHandle
			}
			got = append(got, fmt.Sprintf("%s (receive %s)", *m.Body, m.Attributes["ApproximateReceiveCount"]))
		}
	}
}

var sqsSteps = rapid.Custom(func(t *rapid.T) sqsStep {
	return sqsStep{
		Do: rapid.SampledFrom([]string{"send", "send batch", "receive all", "receive all", "receive all dead", "change", "change", "change", "delete", "delete batch", "count", "purge", "redrive"}).Draw(t, "do"),
		// Few messages, so that steps meet; 0 is one that never was.
		Message: rapid.IntRange(0, 8).Draw(t, "message"),
		// No second that could pass while the steps run. (Negative ones have cases of
		// their own.)
		Seconds: rapid.SampledFrom([]int32{0, 0, 0, 600, 900, 901, 43_200, 43_201}).Draw(t, "seconds"),
		Many:    rapid.SampledFrom([]int{0, 1, 2, 3, 11}).Draw(t, "many"),
	}
})

// rapidFlags says how many random inputs there are, unless the command line does.
func rapidFlags(t *testing.T, checks string) {
	t.Helper()
	for flagName, value := range map[string]string{"rapid.checks": checks, "rapid.nofailfile": "true", "rapid.shrinktime": "15s"} {
		if given[flagName] {
			continue
		}
		if err := flag.Set(flagName, value); err != nil {
			t.Fatal(err)
		}
	}
}

// TestConformanceSQSRandom takes the same random steps on both targets and asks
// that every outcome is the same, or a difference that is listed.
func TestConformanceSQSRandom(t *testing.T) {
	const service = "SQS random"
	targets := Targets(t, service)
	if len(targets) < 2 {
		t.Skip("NOT COMPARED: a differential run needs moto")
	}
	rapidFlags(t, "100")
	began := time.Now()
	targets[1].until = began.Add(motoTime - motoUsed)
	defer func() { motoUsed += time.Since(began) }()
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(sqsSteps, 5, 40).Draw(rt, "steps")
		if !targets[1].take(t) {
			results.add(service, Moto, skipped)
			return
		}
		took := try(t, Case{Run: func(c testing.TB, moto Target) {
			own, other := newSide(c, targets[0]), newSide(c, moto)
			for i, step := range steps {
				a, b := own.do(step), other.do(step)
				if differ(step, a, b) {
					c.Fatalf("step %d, %s:\nembedded: %s\nmoto:     %s", i, step, a, b)
				}
			}
		}}, targets[1])
		if took.Failed() {
			rt.Fatal(took.text())
		}
		results.add(service, Moto, passed)
	})
}
