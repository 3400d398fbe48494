package api

import (
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	awsevents "github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"sluice/internal/bus"
)

// What a request costs between the caller and its 202: calls of S3 by folder, and of
// EventBridge. A task is looked for once a minute, and counts for nobody.
func TestWhatARequestCosts(t *testing.T) {
	plain := `{"task": "sentiment", "input": {"text": "canary"}}`
	mailed := `{"task": "sentiment", "input": {"text": "canary"}, "notify": {"email": ["canary@example.com", "canary.b@example.com"]}}`
	large := fmt.Sprintf(`{"task": "sentiment", "input": {"text": %q}}`, strings.Repeat("canary ", 1+bus.ClaimCheckBytes/7))
	list := "[" + strings.Repeat(plain+",", maxItems-1) + plain + "]"
	key := []string{"idempotency-key", "k"}
	for name, tt := range map[string]struct {
		ask   awsevents.APIGatewayV2HTTPRequest
		again bool
		want  map[string]int
	}{
		"one":                  {receive(plain), false, map[string]int{"PutObject requests": 1, "PutEvents": 1}},
		"one with a key":       {receive(plain, key...), false, map[string]int{"PutObject claims": 1, "PutObject requests": 1, "PutEvents": 1}},
		"one again":            {receive(plain, key...), true, map[string]int{"PutObject claims": 1, "GetObject claims": 1, "PutObject requests": 1, "GetObject requests": 1, "PutEvents": 1}},
		"one that is mailed":   {receive(mailed), false, map[string]int{"GetObject suppressions": 2, "PutObject requests": 1, "PutEvents": 1}},
		"one that is large":    {receive(large), false, map[string]int{"PutObject payloads": 1, "PutObject requests": 1, "PutEvents": 1}},
		"ten with a key":       {receive(list, key...), false, map[string]int{"PutObject claims": 1, "PutObject requests": 10, "PutEvents": 1}},
		"one that is not fit":  {receive(`{"task": "sentiment"}`, key...), false, map[string]int{}},
		"nobody waits for it":  {generate(plain, "prefer", "respond-async"), false, map[string]int{"PutObject requests": 1, "PutEvents": 1}},
		"ten, and none is fit": {receive("[{}, {}]"), false, map[string]int{}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.send(receive(plain))
			if tt.again {
				w.send(tt.ask)
			}
			before := w.calls()
			w.send(tt.ask)
			got := w.calls()
			for call, n := range before {
				if got[call] -= n; got[call] == 0 {
					delete(got, call)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// calls counts what was called since the beginning.
func (w *world) calls() map[string]int {
	all := w.memory.Counts()
	maps.DeleteFunc(all, func(call string, _ int) bool { return !strings.Contains(call, " ") })
	all["PutEvents"] = w.bus.Calls()
	return all
}

// What comes before a request is written down is done at the same time: the claim of
// its key, the payload, and the recipients.
func TestWhatComesFirstIsDoneTogether(t *testing.T) {
	w := newWorld(t)
	w.send(receive(`{"task": "sentiment", "input": {"text": "canary"}}`))
	var mu sync.Mutex
	begun, all := map[string]bool{}, make(chan struct{})
	w.memory.Fault = func(_, key string) error {
		folder, _, _ := strings.Cut(key, "/")
		if folder == "requests" {
			if len(begun) < 3 {
				t.Error("the request is written down before")
			}
			return nil
		}
		mu.Lock()
		if begun[folder] = true; len(begun) == 3 {
			close(all)
		}
		mu.Unlock()
		select {
		case <-all:
		case <-time.After(20 * time.Second):
			t.Errorf("%s waits for the others: only %v were begun", folder, begun)
		}
		return nil
	}
	w.want(202, receive(fmt.Sprintf(`{"task": "sentiment", "input": {"text": %q}, "notify": {"email": ["canary@example.com"]}}`,
		strings.Repeat("canary ", 1+bus.ClaimCheckBytes/7)), "idempotency-key", "k"))
}

// The first of a list that has an id is the request, however fast the others are.
func TestTheFirstUnderAnIDIsTheRequest(t *testing.T) {
	for range 20 {
		w := newWorld(t)
		told := parsed[items](t, w.want(207, receive(`[{"requestId": "r", "task": "sentiment", "input": {"text": "canary 1"}},
			{"requestId": "r", "task": "sentiment", "input": {"text": "canary 2"}}, {"requestId": "r", "task": "sentiment", "input": {"text": "canary 1"}}]`)))
		if _, data := w.received(0); told.Items[0].Status != 202 || told.Items[1].Status != 409 || told.Items[2].Status != 202 || data.Input.Text != "canary 1" {
			t.Fatalf("%+v", told)
		}
	}
}
