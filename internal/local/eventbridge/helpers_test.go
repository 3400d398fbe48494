package eventbridge

import (
	"context"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/eventbridge"

	"sluice/internal/local/disk"
)

const (
	queue      = "arn:aws:sqs:us-east-1:000000000000:work"
	otherQueue = "arn:aws:sqs:us-east-1:000000000000:other"
	deadQueue  = "arn:aws:sqs:us-east-1:000000000000:work-dlq"
)

// queues are Targets that remember, and fail as told.
type queues struct {
	mu   sync.Mutex
	got  []Delivery
	fail map[string]error // by target
	came chan struct{}
}

func newQueues() *queues { return &queues{fail: map[string]error{}, came: make(chan struct{}, 1000)} }

func (q *queues) Send(_ context.Context, deliveries []Delivery) []error {
	q.mu.Lock()
	defer q.mu.Unlock()
	errs := make([]error, len(deliveries))
	for i, d := range deliveries {
		if errs[i] = q.fail[d.TargetARN]; errs[i] == nil {
			q.got = append(q.got, d)
			select {
			case q.came <- struct{}{}:
			default:
			}
		}
	}
	return errs
}

func (q *queues) set(target string, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.fail[target] = err
}

func (q *queues) in(target string) []Delivery {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(q.got), func(d Delivery) bool { return d.TargetARN != target })
}

func newState(t testing.TB, cfg Config) (*State, *queues) {
	t.Helper()
	q := newQueues()
	store := disk.Memory()
	t.Cleanup(func() { store.Close() })
	s, err := New(store, q, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s, q
}

func client(t testing.TB, s *State) *sdk.Client {
	t.Helper()
	server := httptest.NewServer(Handler(s))
	t.Cleanup(server.Close)
	return sdk.New(sdk.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(server.URL), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
}

// rule makes a rule on a bus with targets, the first target's id being "1".
func rule(t testing.TB, s *State, bus, name, pattern string, targets ...Target) {
	t.Helper()
	if _, err := s.PutRule(t.Context(), Rule{Bus: bus, Name: name, Pattern: pattern}); err != nil {
		t.Fatal(err)
	}
	for i := range targets {
		if targets[i].ID == "" {
			targets[i].ID = string(rune('1' + i))
		}
	}
	if len(targets) > 0 {
		if err := s.PutTargets(t.Context(), bus, name, targets); err != nil {
			t.Fatal(err)
		}
	}
}

func entry(detail string) Entry {
	return Entry{Source: "shop", DetailType: "Ordered", Detail: detail}
}

func putOne(t testing.TB, s *State, e Entry) Result {
	t.Helper()
	results, err := s.Put(t.Context(), []Entry{e})
	if err != nil {
		t.Fatal(err)
	}
	if results[0].ErrorCode != "" {
		t.Fatalf("refused: %+v", results[0])
	}
	return results[0]
}

// running runs the state's loops until the test ends.
func running(t testing.TB, s *State) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

// eventually waits until the condition holds; ten seconds are for ever.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for range 5000 {
		if condition() {
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
	t.Fatalf("never came: %s", what)
}

func dataFile(t testing.TB) string { return filepath.Join(t.TempDir(), "state.db") }

func open(t testing.TB, path string) disk.Store {
	t.Helper()
	store, err := disk.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return store
}
