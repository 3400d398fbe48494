package scheduler

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"sluice/internal/local/disk"
	"sluice/internal/local/service"
)

const (
	// longestSleep bounds how late a schedule is on a machine whose clock was set,
	// or that was asleep itself.
	longestSleep = 30 * time.Second
	// The pause after a failed try doubles from the first to the last.
	firstPause = time.Second
	lastPause  = 5 * time.Minute
)

// Run calls the targets of schedules that are due, until ctx ends; it returns
// ctx's error.
func (s *State) Run(ctx context.Context) error {
	for {
		timer := time.NewTimer(s.fire(ctx))
		select {
		case <-timer.C:
		case <-s.changed:
			timer.Stop()
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

// fire carries out what is due and answers how long nothing will be.
func (s *State) fire(ctx context.Context) time.Duration {
	for {
		one := s.next()
		if one == nil {
			return longestSleep
		}
		if wait := one.Next.Sub(s.cfg.Now()); wait > 0 {
			return min(wait, longestSleep)
		}
		if ctx.Err() != nil {
			return 0
		}
		s.carryOut(ctx, one)
	}
}

// next is the schedule that is due next, or nil.
func (s *State) next() *Schedule {
	s.mu.Lock()
	defer s.mu.Unlock()
	var first *Schedule
	for _, one := range s.schedules {
		if !one.Done && one.State == enabled && (first == nil || cmp.Or(one.Next.Compare(first.Next), strings.Compare(one.Name, first.Name)) < 0) {
			first = one
		}
	}
	return first
}

// carryOut calls a schedule's target and keeps what came of it, unless somebody
// has changed the schedule meanwhile.
func (s *State) carryOut(ctx context.Context, one *Schedule) {
	after := *one
	if after.Tries == 0 {
		after.Began = s.cfg.Now()
	}
	err := s.call(ctx, one)
	if err != nil && ctx.Err() != nil {
		return // the machine ends; it goes on when it starts again
	}
	after.Done = true
	if err != nil {
		after.Tries++
		after.Next = s.cfg.Now().Add(min(firstPause<<min(after.Tries-1, 20), lastPause))
		if exhausted := after.exhausted(err); exhausted == "" {
			after.Done = false
		} else {
			s.giveUp(ctx, &after, err, exhausted)
		}
	}
	s.mu.Lock()
	if s.schedules[one.Name] != one {
		s.mu.Unlock()
		return
	}
	var ticket disk.Ticket
	if after.Done && after.After == remove {
		ticket = s.remove(one.Name)
	} else {
		ticket = s.put(&after)
	}
	s.mu.Unlock()
	if err := s.kept(ctx, ticket); err != nil && ctx.Err() == nil {
		s.cfg.Log.Error("a schedule was carried out, but that is not kept", "schedule", one.Name, "error", err.Error())
	}
}

// exhausted says why a failed call is not tried again, or "".
func (one *Schedule) exhausted(err error) string {
	var told interface{ Retryable() bool }
	switch {
	case errors.As(err, &told) && !told.Retryable():
		return "NotRetryable"
	case one.Tries > one.Target.MostTries:
		return "MaximumRetryAttempts"
	case one.Next.Sub(one.Began) > one.Target.MostAge:
		return "MaximumEventAgeInSeconds"
	}
	return ""
}

// call calls the target once.
func (s *State) call(ctx context.Context, one *Schedule) error {
	input := s.input(one)
	if one.Target.ARN == MappingUpdate {
		return s.targets.UpdateMapping(ctx, []byte(input))
	}
	return s.targets.Send(ctx, Message{QueueARN: one.Target.ARN, Body: input, Group: one.Target.Group})
}

// giveUp tells of a call that was in vain.
func (s *State) giveUp(ctx context.Context, one *Schedule, why error, exhausted string) {
	s.cfg.Log.Error("a schedule's target could not be called", "schedule", one.Name, "target", one.Target.ARN, "tries", one.Tries, "error", why.Error())
	if one.Target.DeadLetters == "" {
		return
	}
	err := s.targets.Send(ctx, Message{QueueARN: one.Target.DeadLetters, Body: s.input(one), Attributes: map[string]string{
		"SCHEDULE_ARN": s.ARN(one.Name), "TARGET_ARN": one.Target.ARN, "ERROR_MESSAGE": why.Error(),
		"RETRY_ATTEMPTS": strconv.Itoa(one.Tries - 1), "EXHAUSTED_RETRY_CONDITION": exhausted,
	}})
	if err != nil {
		s.cfg.Log.Error("a schedule's dead letter is lost", "schedule", one.Name, "queue", one.Target.DeadLetters, "error", err.Error())
	}
}

// input is what the target gets, with the keywords replaced.
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
func (s *State) input(one *Schedule) string {
	if one.Target.Input == "" {
		return s.notification(one)
	}
	return strings.NewReplacer(
		"<aws.scheduler.schedule-arn>", s.ARN(one.Name),
		"<aws.scheduler.scheduled-time>", one.Due.Format(time.RFC3339),
		"<aws.scheduler.execution-id>", service.NewID(),
		"<aws.scheduler.attempt-number>", strconv.Itoa(one.Tries+1),
	).Replace(one.Target.Input)
}

// notification is what a queue gets from a schedule without an input.
func (s *State) notification(one *Schedule) string {
	text, _ := json.Marshal(struct { // strings only, so that it has a JSON form
		Version    string   `json:"version"`
		ID         string   `json:"id"`
		DetailType string   `json:"detail-type"`
		Source     string   `json:"source"`
		Account    string   `json:"account"`
		Time       string   `json:"time"`
		Region     string   `json:"region"`
		Resources  []string `json:"resources"`
		Detail     string   `json:"detail"`
	}{"0", service.NewID(), "Scheduled Event", "aws.scheduler", s.cfg.Account, one.Due.Format(time.RFC3339), s.cfg.Region, []string{s.ARN(one.Name)}, "{}"})
	return string(text)
}
