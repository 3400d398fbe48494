package eventbridge

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sluice/events/schedule"
	"sluice/internal/local/service"
)

// longestSleep bounds how late a schedule is on a machine whose clock was set, or
// that was asleep itself.
const longestSleep = 30 * time.Second

// readSchedule parses the rule's schedule, if it has one.
func (r *Rule) readSchedule() (err error) {
	if r.Schedule == "" {
		return nil
	}
	if r.schedule, err = schedule.Parse(r.Schedule); err != nil {
		return invalid("Parameter ScheduleExpression is not valid. Reason: %s.", err)
	}
	return nil
}

// plan says when the rule is due next. A rule that is put again with the schedule
// that it had keeps its phase: the machine puts its rules at every start, which
// must not put off what is due. What fell into a time in which the rule was
// disabled is left out.
func (r *Rule) plan(old *Rule, now time.Time) {
	r.Since, r.Next = time.Time{}, time.Time{}
	switch {
	case r.Schedule == "":
	case old == nil || old.Schedule != r.Schedule:
		r.Since = now.UTC() // without the monotonic reading: that clock stands while a machine sleeps
		r.Next = r.schedule.Next(r.Since, now)
	case old.State == StateDisabled && r.State != StateDisabled:
		r.Since, r.Next = old.Since, r.schedule.Next(old.Since, now)
	default:
		r.Since, r.Next = old.Since, old.Next
	}
}

// runClock says what schedules have to say when they are due, until ctx ends (nil)
// or the store fails.
func (s *State) runClock(ctx context.Context) error {
	for {
		r, wait := s.nextDue(s.cfg.Now())
		if r != nil {
			if err := s.tick(context.WithoutCancel(ctx), r); err != nil {
				return fmt.Errorf("eventbridge: the schedule of rule %s: %w", r.Name, err)
			}
			continue
		}
		if goOn, err := s.sleep(ctx, wait, s.rescheduled); !goOn {
			return err
		}
	}
}

// nextDue is a rule that is due, or how long none will be.
func (s *State) nextDue(now time.Time) (*Rule, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	wait := longestSleep
	for _, r := range s.rules {
		if r.State == StateDisabled || r.Next.IsZero() {
			continue
		}
		if !r.Next.After(now) {
			return r, 0
		}
		wait = min(wait, r.Next.Sub(now))
	}
	return nil, wait
}

// tick says a rule's Scheduled Event, and notes when the next one is due: the first
// time from now on, so that what was due while the machine was off is said once. A
// machine that dies in between says it twice, as AWS may.
func (s *State) tick(ctx context.Context, r *Rule) error {
	e, err := newEvent(head{
		Version: "0", ID: service.NewID(), DetailType: "Scheduled Event", Source: "aws.events", Account: s.cfg.Account,
		Time: r.Next.UTC().Format(time.RFC3339), Region: s.cfg.Region, Resources: []string{r.arn},
	}, "{}")
	if err != nil {
		return err
	}
	now := s.cfg.Now()
	e.ingested = now.UTC()
	if err := s.routeTo(ctx, r, e); err != nil {
		return err
	}
	err = s.changeRule(ctx, r.Bus, r.Name, func(current *Rule) error {
		if current.Schedule == r.Schedule && current.Next.Equal(r.Next) {
			current.Next = current.schedule.Next(current.Since, now)
		}
		return nil
	})
	var refused *Error
	if errors.As(err, &refused) && refused.Code == codeNotFound {
		return nil // it was deleted meanwhile
	}
	return err
}
