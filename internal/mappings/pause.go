package mappings

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"sluice/internal/fault"
)

const (
	// margin is what must lie between the disabling and the waking: Lambda takes
	// up to a minute to disable a mapping and refuses to wake it meanwhile, and
	// EventBridge Scheduler is exact to a minute.
	// https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
	margin = 2 * time.Minute
	// shortest is the shortest pause, longest the longest.
	shortest = 3 * time.Minute
	longest  = 366 * 24 * time.Hour

	// tries is how often a call is made that somebody else's change stands in the
	// way of; the pause between two doubles from the first.
	tries      = 5
	firstPause = 500 * time.Millisecond
)

// off tells whether the mapping is disabled, or about to be.
func (s Source) off() bool { return s.State == "Disabling" || s.State == "Disabled" }

// wall is the time of day without the monotonic clock, which stands still while
// a sandbox is frozen.
func (m *Mappings) wall() time.Time { return m.options.Now().Round(0) }

// when is the whole second to wake at.
func (m *Mappings) when(until time.Time) (time.Time, error) {
	now := m.wall()
	until = until.Round(0)
	if !until.After(now) || until.After(now.Add(longest)) {
		return time.Time{}, fmt.Errorf("pause until %s: %w", until.UTC().Format(time.RFC3339), ErrPast)
	}
	if earliest := now.Add(shortest); until.Before(earliest) {
		until = earliest
	}
	return until.Add(time.Second - 1).UTC().Truncate(time.Second), nil
}

// find asks Lambda for the mapping.
func (m *Mappings) find(ctx context.Context, queueARN string) (Source, error) {
	all, err := m.lambda.Sources(ctx, m.options.Function, queueARN)
	if err != nil {
		return Source{}, fmt.Errorf("find the event source mapping: %w", err)
	}
	for _, s := range all {
		if s.State != "Deleting" {
			return s, nil
		}
	}
	return Source{}, fmt.Errorf("%w: %s, %s", ErrNoMapping, m.options.Function, queueARN)
}

// schedule makes sure that the mapping wakes. The schedule is named after the
// mapping and the time, so everybody who pauses until then writes the same one,
// and nobody writes one that is just coming due.
func (m *Mappings) schedule(ctx context.Context, id string, at time.Time) error {
	wake, err := m.wakeUp(id, at)
	if err != nil {
		return err
	}
	return insist(ctx, func() (again bool, err error) {
		if err = m.scheduler.Create(ctx, wake); !conflict(err) {
			return false, err
		}
		// It is there. Writing it again makes sure that it is whole and has today's
		// role.
		err = m.scheduler.Update(ctx, wake)
		return conflict(err) || fault.Code(err) == "ResourceNotFoundException", err
	})
}

// wakeUp is the schedule that wakes the mapping; at is in whole seconds. The
// input's names are those of AWS's SDK for Java, which writes Uuid for UUID; the
// service refuses others when the schedule is made.
func (m *Mappings) wakeUp(id string, at time.Time) (Schedule, error) {
	input, err := json.Marshal(struct {
		Uuid    string
		Enabled bool
	}{id, true})
	return Schedule{
		Name: "resume-" + id + "-" + at.Format("20060102T150405Z"), GroupName: m.options.Group,
		Description:        "Ends a pause of the event source mapping of " + m.options.Function,
		ScheduleExpression: "at(" + at.Format("2006-01-02T15:04:05") + ")", ScheduleExpressionTimezone: "UTC",
		FlexibleTimeWindow: Window{Mode: "OFF"}, ActionAfterCompletion: "DELETE",
		Target: Target{Arn: m.wakeUpARN(), RoleArn: m.options.RoleARN, Input: string(input), RetryPolicy: wakeUpRetries},
	}, err
}

// wakeUpARN is EventBridge Scheduler's name for Lambda's
// UpdateEventSourceMapping, in the role's partition (aws, aws-cn, aws-us-gov).
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html
func (m *Mappings) wakeUpARN() string {
	partition := "aws"
	if parts := strings.SplitN(m.options.RoleARN, ":", 3); len(parts) == 3 && parts[0] == "arn" && parts[1] != "" {
		partition = parts[1]
	}
	return "arn:" + partition + ":scheduler:::aws-sdk:lambda:updateEventSourceMapping"
}

// disable switches the mapping off, unless it is too late for that: it would
// then stay off.
func (m *Mappings) disable(ctx context.Context, queueARN, id string, at time.Time) error {
	return insist(ctx, func() (again bool, err error) {
		left := at.Sub(m.wall()) - margin
		if left <= 0 {
			return false, ErrBusy
		}
		calling, cancel := context.WithTimeout(ctx, left)
		defer cancel()
		if err = m.lambda.Enable(calling, id, false); !conflict(err) {
			return false, err
		}
		// Whoever changes it may be doing the same.
		if now, finding := m.find(ctx, queueARN); finding == nil && now.off() {
			return false, nil
		}
		return true, err
	})
}

// insist does something until it is done, or fails for good, or was tried often
// enough.
func insist(ctx context.Context, do func() (again bool, err error)) error {
	pause := firstPause
	for try := 1; ; try++ {
		again, err := do()
		switch {
		case !again:
			return err
		case try == tries:
			return fmt.Errorf("%w: %w", ErrBusy, err)
		}
		// Sandboxes that began at the same time must not go on in step.
		if err := sleep(ctx, pause/2+rand.N(pause)); err != nil {
			return err
		}
		pause *= 2
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// conflict tells errors that pass once somebody else's change is done.
func conflict(err error) bool {
	switch fault.Code(err) {
	case "ResourceInUseException", "ResourceConflictException", "ConflictException":
		return true
	}
	return false
}
