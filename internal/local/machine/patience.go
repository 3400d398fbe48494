package machine

import (
	"context"
	"net/http"
	"time"

	"sluice/events"
	"sluice/internal/local/signature"
	"sluice/internal/local/sqs"
)

// Yielding is not enough for whoever brings work in from outside, as the reader of
// uploads does: what it says is little work for itself and much for others, so it
// would be through with a long file while most of its records wait. Its PutEvents
// is answered late, therefore, while enough is already waiting for those that do
// the work. In the cloud a queue may be as long as it likes.
const (
	// waitingMost is how many messages may wait: those of half a second, so that
	// nobody who works runs out of them.
	waitingMost = 250
	// patienceMost is how long an answer takes at most: far less than a client
	// waits, so that nothing stands still even where nobody drains the queue.
	patienceMost = 5 * time.Second
	askAgain     = 20 * time.Millisecond
)

// patience is the queues that callers at the door wait for, by their access key.
type patience struct {
	queues map[string]string
	counts func(queue string) (sqs.Counts, error)
}

// newPatience finds the functions that hear only what comes from outside, and the
// queue of the longest way that what they say goes.
func newPatience(c events.Choreography, environment string, counts func(string) (sqs.Counts, error)) patience {
	p := patience{map[string]string{}, counts}
	for function := range c.Functions {
		if routed(c, function) || !outside(c, function) {
			continue
		}
		longest := 0
		for name, s := range c.Subscriptions {
			if n := stages(c, s.Function, nil); s.Bus == "own" && n > longest && hears(s, said(c, function)) {
				longest = n
				p.queues[FunctionKey(function)] = "arn:aws:sqs:" + Region + ":" + Account + ":" + events.QueueName(environment, name)
			}
		}
	}
	return p
}

// outside tells whether a function hears what comes from outside, and that alone.
func outside(c events.Choreography, function string) bool {
	heard := false
	for _, s := range c.Subscriptions {
		if s.Function == function {
			if s.Bus == "own" {
				return false
			}
			heard = true
		}
	}
	return heard
}

// before waits until a caller may say more.
func (p patience) before(r *http.Request) {
	if r.Header.Get("X-Amz-Target") != "AWSEvents.PutEvents" {
		return
	}
	key, _ := signature.Claimed(r)
	queue, waits := p.queues[key]
	if !waits {
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), patienceMost)
	defer cancel()
	again := time.NewTicker(askAgain)
	defer again.Stop()
	for {
		if n, err := p.counts(queue); err != nil || n.Visible < waitingMost {
			return
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return
		}
	}
}
