package scheduler

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"sluice/internal/local/awsjson"
)

// document is a schedule on the wire.
// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_GetSchedule.html
type document struct {
	ClientToken                string `json:",omitempty"`
	Arn                        string `json:",omitempty"`
	Name                       string `json:",omitempty"`
	GroupName                  string `json:",omitempty"`
	Description                string `json:",omitempty"`
	ScheduleExpression         string
	ScheduleExpressionTimezone string `json:",omitempty"`
	FlexibleTimeWindow         *window
	ActionAfterCompletion      string `json:",omitempty"`
	State                      string `json:",omitempty"`
	KmsKeyArn                  string `json:",omitempty"`
	Target                     *target
	CreationDate               any `json:",omitempty"`
	LastModificationDate       any `json:",omitempty"`
}

type window struct {
	Mode                   string
	MaximumWindowInMinutes *int `json:",omitempty"`
}

type target struct {
	Arn, RoleArn     string
	Input            string       `json:",omitempty"`
	DeadLetterConfig *deadLetters `json:",omitempty"`
	RetryPolicy      *retryPolicy
	SqsParameters    *sqsParameters `json:",omitempty"`

	// Of targets that are not here.
	EcsParameters               json.RawMessage `json:",omitempty"`
	EventBridgeParameters       json.RawMessage `json:",omitempty"`
	KinesisParameters           json.RawMessage `json:",omitempty"`
	SageMakerPipelineParameters json.RawMessage `json:",omitempty"`
}

type deadLetters struct{ Arn string }

type retryPolicy struct {
	MaximumEventAgeInSeconds *int `json:",omitempty"`
	MaximumRetryAttempts     *int `json:",omitempty"`
}

type sqsParameters struct{ MessageGroupId string }

// definition reads a document. StartDate and EndDate do not count for schedules
// that run once.
func (d document) definition(name string) (Definition, error) {
	t := d.Target
	switch {
	case t == nil:
		return Definition{}, invalid("Target must not be null.")
	case d.FlexibleTimeWindow == nil:
		return Definition{}, invalid("FlexibleTimeWindow must not be null.")
	case d.FlexibleTimeWindow.Mode != "OFF" || d.FlexibleTimeWindow.MaximumWindowInMinutes != nil:
		return Definition{}, invalid("The local EventBridge Scheduler knows the flexible time window OFF only.")
	case d.KmsKeyArn != "":
		return Definition{}, invalid("The local EventBridge Scheduler has no keys.")
	case t.EcsParameters != nil || t.EventBridgeParameters != nil || t.KinesisParameters != nil || t.SageMakerPipelineParameters != nil:
		return Definition{}, invalid("The local EventBridge Scheduler knows no parameters of targets but SqsParameters.")
	}
	out := Definition{
		Name: name, Group: d.GroupName, Description: d.Description, Expression: d.ScheduleExpression, Timezone: d.ScheduleExpressionTimezone,
		State: cmp.Or(d.State, enabled), After: cmp.Or(d.ActionAfterCompletion, leave),
		Target: Target{ARN: t.Arn, RoleARN: t.RoleArn, Input: t.Input, MostTries: mostTries, MostAge: mostAge},
	}
	if t.DeadLetterConfig != nil {
		out.Target.DeadLetters = t.DeadLetterConfig.Arn
	}
	if t.SqsParameters != nil {
		out.Target.Group = t.SqsParameters.MessageGroupId
	}
	if p := t.RetryPolicy; p != nil && p.MaximumRetryAttempts != nil {
		out.Target.MostTries = *p.MaximumRetryAttempts
	}
	if p := t.RetryPolicy; p != nil && p.MaximumEventAgeInSeconds != nil {
		// Beyond the limit whatever it is, and no overflow.
		out.Target.MostAge = time.Duration(min(max(*p.MaximumEventAgeInSeconds, 0), 2*int(mostAge.Seconds()))) * time.Second
	}
	return out, nil
}

func (s *State) document(one Schedule) document {
	d := document{
		Arn: s.ARN(one.Name), Name: one.Name, GroupName: defaultGroup, Description: one.Description,
		ScheduleExpression: one.Expression, ScheduleExpressionTimezone: cmp.Or(one.Timezone, "UTC"), FlexibleTimeWindow: &window{Mode: "OFF"},
		ActionAfterCompletion: one.After, State: one.State, CreationDate: awsjson.Time{Time: one.Created}, LastModificationDate: awsjson.Time{Time: one.Modified},
	}
	seconds := int(one.Target.MostAge.Seconds())
	d.Target = &target{Arn: one.Target.ARN, RoleArn: one.Target.RoleARN, Input: one.Target.Input, RetryPolicy: &retryPolicy{&seconds, &one.Target.MostTries}}
	if one.Target.DeadLetters != "" {
		d.Target.DeadLetterConfig = &deadLetters{one.Target.DeadLetters}
	}
	if one.Target.Group != "" {
		d.Target.SqsParameters = &sqsParameters{one.Target.Group}
	}
	return d
}

func (s *State) wireCreate(ctx context.Context, c call, in document) (map[string]string, error) {
	d, err := in.definition(c.name)
	if err != nil {
		return nil, err
	}
	arn, err := s.Create(ctx, d, in.ClientToken)
	return map[string]string{"ScheduleArn": arn}, err
}

func (s *State) wireUpdate(ctx context.Context, c call, in document) (map[string]string, error) {
	d, err := in.definition(c.name)
	if err != nil {
		return nil, err
	}
	arn, err := s.Update(ctx, d)
	return map[string]string{"ScheduleArn": arn}, err
}

func (s *State) wireGet(_ context.Context, c call, _ none) (document, error) {
	one, err := s.Schedule(c.query.Get("groupName"), c.name)
	if err != nil {
		return document{}, err
	}
	return s.document(one), nil
}

func (s *State) wireDelete(ctx context.Context, c call, _ none) (none, error) {
	return none{}, s.Delete(ctx, c.query.Get("groupName"), c.name)
}
