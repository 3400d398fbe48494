package mappings

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Lambda is what this room calls of AWS Lambda.
type Lambda interface {
	// Sources lists the event source mappings from a queue to a function. The
	// error is AWS's.
	// https://docs.aws.amazon.com/lambda/latest/api/API_ListEventSourceMappings.html
	Sources(ctx context.Context, function, queueARN string) ([]Source, error)
	// Enable switches a mapping on or off; it returns when that has begun. The
	// error is AWS's.
	// https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html
	Enable(ctx context.Context, id string, enabled bool) error
}

// Source is an event source mapping.
type Source struct {
	// UUID is its id.
	UUID string
	// State is as Lambda names it: Creating, Enabling, Enabled, Disabling,
	// Disabled, Updating or Deleting.
	State string
}

// Scheduler is what this room calls of EventBridge Scheduler.
type Scheduler interface {
	// Create makes a schedule. The error is AWS's: ConflictException if one of
	// that name is there.
	// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
	Create(context.Context, Schedule) error
	// Update writes a schedule that is there. The error is AWS's:
	// ResourceNotFoundException if there is none of that name.
	// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_UpdateSchedule.html
	Update(context.Context, Schedule) error
}

// Options say whose mappings are paused, and in whose name they wake.
type Options struct {
	// Function is the name of the function that the queue feeds, as
	// AWS_LAMBDA_FUNCTION_NAME has it.
	Function string
	// RoleARN is the role that EventBridge Scheduler takes on to wake the mapping.
	// It must be allowed lambda:UpdateEventSourceMapping on it, and trust
	// scheduler.amazonaws.com. The function itself needs
	// lambda:ListEventSourceMappings, lambda:UpdateEventSourceMapping,
	// scheduler:CreateSchedule, scheduler:UpdateSchedule, and iam:PassRole for this
	// role.
	RoleARN string
	// Group is the schedule group; "" is the account's default one.
	Group string
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

// Errors of Pause, beside those of AWS.
var (
	// ErrNoMapping: no event source mapping feeds the function from that queue.
	// Trying again does not help.
	ErrNoMapping = errors.New("no event source mapping feeds the function from the queue")
	// ErrPast: until is not in the future, or more than a year away. Nothing was
	// done, and trying again does not help.
	ErrPast = errors.New("the time to pause until is not within the next year")
	// ErrBusy: somebody else was changing the mapping or its schedule for longer
	// than Pause waits (ResourceInUseException, ResourceConflictException,
	// ConflictException), or until it was too late to disable it. Try again later.
	ErrBusy = errors.New("the event source mapping is being changed by somebody else")
)

// Mappings pauses the mappings of one function. It is safe for concurrent use.
type Mappings struct {
	lambda    Lambda
	scheduler Scheduler
	options   Options
}

// New makes a Mappings. Nothing is called yet.
func New(l Lambda, s Scheduler, o Options) *Mappings {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Mappings{lambda: l, scheduler: s, options: o}
}

// Connect makes a Mappings that works with the services of AWS. Nothing is
// called yet.
func Connect(clients aws.Config, o Options) *Mappings {
	return New(NewLambda(clients), NewScheduler(clients), o)
}

// Pause lets the queue feed the function no more until the time, and three
// minutes at least; a fraction of a second is rounded up. Others may do the same
// at the same time. When it returns nil, a schedule that wakes the mapping is
// durable and Lambda has begun to disable it, which may take it a minute.
//
// A mapping that is off already stays as it is: whoever paused it sees to its
// waking, and a person who switched it off wants it so. If two pause it until
// different times, it wakes at the earlier one, and will be paused again by
// whoever meets the reason again.
//
// The errors are [ErrNoMapping], [ErrPast], [ErrBusy], ctx's own, and AWS's
// (fault.Of classifies them). With any of them the mapping may stay on; it is
// never off without a schedule that wakes it. It is the caller's to log it:
// messages are put back as without Pause.
func (m *Mappings) Pause(ctx context.Context, queueARN string, until time.Time) error {
	at, err := m.when(until)
	if err != nil {
		return err
	}
	mapping, err := m.find(ctx, queueARN)
	if err != nil || mapping.off() {
		return err
	}
	if err := m.schedule(ctx, mapping.UUID, at); err != nil {
		return fmt.Errorf("schedule the end of the pause: %w", err)
	}
	if err := m.disable(ctx, queueARN, mapping.UUID, at); err != nil {
		return fmt.Errorf("disable the event source mapping: %w", err)
	}
	return nil
}
