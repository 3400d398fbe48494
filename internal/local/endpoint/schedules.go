package endpoint

import (
	"context"
	"errors"

	"sluice/internal/local/disk"
	"sluice/internal/local/lambda"
	"sluice/internal/local/scheduler"
	"sluice/internal/local/service"
	"sluice/internal/local/sqs"
)

// newSchedules makes the states of Lambda and of EventBridge Scheduler, which
// wakes Lambda's mappings.
func (s *Services) newSchedules(store disk.Store, at service.Config) (err error) {
	if s.Lambda, err = lambda.New(store, at); err != nil {
		return err
	}
	s.Scheduler, err = scheduler.New(store, scheduled{s.Lambda, s.SQS}, at)
	return err
}

// scheduled is what schedules can call.
type scheduled struct {
	lambda *lambda.State
	sqs    *sqs.State
}

// CheckMappingUpdate implements scheduler.Targets.
func (scheduled) CheckMappingUpdate(input []byte) error { return lambda.CheckCall(input) }

// UpdateMapping implements scheduler.Targets.
func (c scheduled) UpdateMapping(ctx context.Context, input []byte) error {
	return c.lambda.Call(ctx, input)
}

// Send implements scheduler.Targets.
func (c scheduled) Send(ctx context.Context, m scheduler.Message) error {
	o := sqs.Outgoing{Body: m.Body, Group: m.Group, Sender: "scheduler.amazonaws.com"}
	for name, value := range m.Attributes {
		if o.Attributes == nil {
			o.Attributes = map[string]sqs.Attribute{}
		}
		o.Attributes[name] = sqs.Attribute{DataType: "String", StringValue: &value}
	}
	_, errs := c.sqs.SendAll(ctx, []sqs.Addressed{{Queue: m.QueueARN, Outgoing: o}})
	var no *sqs.Error
	if errors.As(errs[0], &no) {
		return refusedForGood{errs[0]} // what SQS refuses now it will refuse again
	}
	return errs[0]
}

// refusedForGood is an error that does not pass.
type refusedForGood struct{ error }

// Retryable tells the scheduler not to try again.
func (refusedForGood) Retryable() bool { return false }

// Unwrap gives what was refused.
func (e refusedForGood) Unwrap() error { return e.error }
