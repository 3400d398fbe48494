package eventbridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"sluice/internal/local/disk"
)

// failure is a delivery that was not taken, and why.
type failure struct {
	delivery
	err error
}

// deliver hands deliveries to the targets, all at once, and sets aside what
// they do not take. It returns when every message is durable in one place or
// the other.
func (s *State) deliver(ctx context.Context, deliveries []delivery, failed []failure) error {
	if len(deliveries) > 0 {
		out := make([]Delivery, len(deliveries))
		for i, d := range deliveries {
			out[i] = Delivery{TargetARN: d.sink.target.ARN, Body: d.body, MessageGroupID: d.sink.groupID, TraceHeader: d.event.trace}
		}
		for i, err := range s.send(ctx, out) {
			if err != nil {
				failed = append(failed, failure{deliveries[i], err})
			}
		}
	}
	return s.setAside(ctx, failed)
}

// send calls Targets and makes sure that every delivery has an answer.
func (s *State) send(ctx context.Context, out []Delivery) []error {
	errs := s.targets.Send(ctx, out)
	for len(errs) < len(out) {
		errs = append(errs, errors.New("the target did not answer"))
	}
	return errs[:len(out)]
}

// setAside keeps failed deliveries as pending, or drops those that nobody
// wants to hear of again.
func (s *State) setAside(ctx context.Context, failed []failure) error {
	var changes []disk.Change
	var kept []*pending
	now := s.cfg.Now()
	for _, f := range failed {
		p := newPending(f, now)
		if !s.afterFailure(p, f.err, now) {
			continue
		}
		p.sequence = s.pending.next()
		value, err := marshal(p)
		if err != nil {
			return internal("%s", err)
		}
		changes = append(changes, disk.Change{Bucket: bucketPending, Key: p.key(), Value: value})
		kept = append(kept, p)
	}
	if len(changes) == 0 {
		return nil
	}
	if err := durable(ctx, s.store.Enqueue(changes...)); err != nil {
		return err
	}
	for _, p := range kept {
		s.pending.add(p.sequence, p.Next)
	}
	return nil
}

// afterFailure decides what comes next for a delivery that has just failed: a
// retry, the dead-letter queue, or nothing (false).
func (s *State) afterFailure(p *pending, err error, now time.Time) bool {
	code, message, permanent := "ERROR_FROM_TARGET", err.Error(), false
	var told *TargetError
	if errors.As(err, &told) {
		code, message, permanent = told.Code, told.Message, told.Permanent
	}
	log := s.cfg.Log.With("rule", p.RuleARN, "target", p.TargetARN, "code", code)
	if p.Dead {
		if permanent {
			log.Error("eventbridge: a dead letter was dropped: its queue does not take it", "deadLetter", p.DeadLetter)
			return false
		}
		p.Attempts++
		p.Next = now.Add(s.pause(p.Attempts))
		return true
	}
	p.Code, p.Message = code, message
	switch {
	case permanent:
	case p.Retries >= p.MostRetries:
		p.Exhausted = "MaximumRetryAttempts"
	case now.Sub(p.Since) >= time.Duration(p.MostSeconds)*time.Second:
		p.Exhausted = "MaximumEventAgeInSeconds"
	default:
		p.Retries++
		p.Next = now.Add(s.pause(p.Retries))
		return true
	}
	if p.DeadLetter == "" {
		log.Warn("eventbridge: an event was dropped: its target does not take it and has no dead-letter queue")
		return false
	}
	p.Dead, p.Next = true, now
	return true
}

// pause is how long to wait before retry number n (from 1): doubling, with
// jitter so that what failed together does not return together.
func (s *State) pause(n int) time.Duration {
	d := s.cfg.RetryMost
	if n < 32 {
		d = min(d, s.cfg.RetryFirst<<(n-1))
	}
	if d <= 0 {
		d = s.cfg.RetryMost
	}
	return d/2 + rand.N(d/2+1)
}

// Run retries pending deliveries, says what schedules have to say, replays
// archives and forgets what archives need not keep any longer, until ctx ends
// (nil) or the store fails.
func (s *State) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	loops := []func(context.Context) error{s.runPending, s.runClock, s.runReplays, s.runRetention}
	ended := make(chan error, len(loops))
	for _, loop := range loops {
		go func() { ended <- loop(ctx) }()
	}
	var first error
	for range loops {
		if err := <-ended; err != nil && first == nil && ctx.Err() == nil {
			first = err
		}
		cancel()
	}
	return first
}

// atOnce is how many pending deliveries are tried together.
const atOnce = 100

func (s *State) runPending(ctx context.Context) error {
	for {
		due, wait := s.pending.due(s.cfg.Now(), atOnce)
		if len(due) > 0 {
			if err := s.retry(ctx, due); err != nil {
				return err
			}
			continue
		}
		if goOn, err := s.sleep(ctx, wait, s.pending.wake); !goOn {
			return err
		}
	}
}

// sleep waits for a time or until it is woken; false when ctx has ended, or with the
// error of a store that failed.
func (s *State) sleep(ctx context.Context, wait time.Duration, wake <-chan struct{}) (goOn bool, err error) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false, nil
	case <-s.store.Failed():
		return false, fmt.Errorf("eventbridge: %w", s.store.Err())
	case <-wake:
	case <-timer.C:
	}
	return true, nil
}

// retry tries pending deliveries again and writes down what became of them.
func (s *State) retry(ctx context.Context, due []uint64) error {
	var tried []*pending
	var out []Delivery
	for _, sequence := range due {
		p, err := s.readPending(sequence)
		if err != nil {
			return err
		}
		if p != nil {
			tried = append(tried, p)
			out = append(out, p.delivery())
		}
	}
	if len(tried) == 0 {
		return nil
	}
	var changes []disk.Change
	now := s.cfg.Now()
	again := make([]*pending, 0, len(tried))
	for i, err := range s.send(context.WithoutCancel(ctx), out) {
		p := tried[i]
		if err == nil || !s.afterFailure(p, err, now) {
			changes = append(changes, disk.Change{Bucket: bucketPending, Key: p.key()})
			continue
		}
		value, err := json.Marshal(p)
		if err != nil {
			return fmt.Errorf("eventbridge: pending delivery: %w", err)
		}
		changes = append(changes, disk.Change{Bucket: bucketPending, Key: p.key(), Value: value})
		again = append(again, p)
	}
	if err := s.store.Enqueue(changes...).Wait(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("eventbridge: pending deliveries: %w", err)
	}
	for _, p := range again {
		s.pending.add(p.sequence, p.Next)
	}
	return nil
}
