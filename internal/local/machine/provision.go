package machine

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	sestypes "github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"sluice/events"
	"sluice/internal/fault"
)

// The resources of the local environment.
const (
	Environment      = "local"
	Bucket           = "sluice-local"
	ConfigurationSet = "sluice-local"
	Sender           = "sluice@example.com"
	Account          = "000000000000"
	Region           = "us-east-1"
)

// Bus is the event bus of the local environment.
var Bus = events.BusName(Environment)

// Retention of messages: the longest that SQS has. What waits for a person must
// not expire meanwhile.
const retention = "1209600"

// provision makes sure that everything the choreography asks for is there. It
// is the local counterpart of terraform apply, over the same API, and may be
// done again at every start.
//
// Steps that an endpoint may do without are given to skip when they fail, which
// tells whether that is in order by answering nil.
func provision(ctx context.Context, config aws.Config, c events.Choreography, at place, skip func(what string, err error) error) error {
	p := provisioner{
		place: at, skip: skip,
		s3: s3.NewFromConfig(config), sqs: sqs.NewFromConfig(config), events: eventbridge.NewFromConfig(config), ses: sesv2.NewFromConfig(config),
	}
	steps := []func(context.Context) error{p.makeBucket, p.eventBus, p.setUpMail}
	for _, name := range slices.Sorted(maps.Keys(c.Subscriptions)) {
		steps = append(steps, func(ctx context.Context) error {
			if err := p.subscription(ctx, name, c.Subscriptions[name], c.DeadLetters); err != nil {
				return fmt.Errorf("subscription %s: %w", name, err)
			}
			return nil
		})
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return fmt.Errorf("set up the environment %s: %w", at.environment, err)
		}
	}
	return nil
}

type provisioner struct {
	place
	skip func(what string, err error) error

	s3     *s3.Client
	sqs    *sqs.Client
	events *eventbridge.Client
	ses    *sesv2.Client
}

func (p provisioner) makeBucket(ctx context.Context) error {
	_, err := p.s3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &p.bucket})
	if unless(err, "BucketAlreadyOwnedByYou", "BucketAlreadyExists") != nil {
		return fmt.Errorf("bucket: %w", err)
	}
	_, err = p.s3.PutBucketNotificationConfiguration(ctx, &s3.PutBucketNotificationConfigurationInput{Bucket: &p.bucket,
		NotificationConfiguration: &s3types.NotificationConfiguration{EventBridgeConfiguration: &s3types.EventBridgeConfiguration{}}})
	return p.may("bucket events", err)
}

func (p provisioner) eventBus(ctx context.Context) error {
	_, err := p.events.CreateEventBus(ctx, &eventbridge.CreateEventBusInput{Name: &p.bus})
	if unless(err, "ResourceAlreadyExistsException") != nil {
		return fmt.Errorf("bus: %w", err)
	}
	return nil
}

// setUpMail sets SES up: who sends, and that what becomes of a mail is told on the
// default bus.
func (p provisioner) setUpMail(ctx context.Context) error {
	_, err := p.ses.CreateEmailIdentity(ctx, &sesv2.CreateEmailIdentityInput{EmailIdentity: &p.sender})
	if err := p.may("sender", unless(err, "AlreadyExistsException", "ConfigurationSetAlreadyExistsException", "EventDestinationAlreadyExistsException")); err != nil {
		return err
	}
	_, err = p.ses.CreateConfigurationSet(ctx, &sesv2.CreateConfigurationSetInput{ConfigurationSetName: &p.configurationSet})
	if err := p.may("configuration set", unless(err, "AlreadyExistsException", "ConfigurationSetAlreadyExistsException", "EventDestinationAlreadyExistsException")); err != nil {
		return err
	}
	bus, err := p.events.DescribeEventBus(ctx, &eventbridge.DescribeEventBusInput{}) // the default one, in whose account it is
	if err != nil {
		return fmt.Errorf("default bus: %w", err)
	}
	_, err = p.ses.CreateConfigurationSetEventDestination(ctx, &sesv2.CreateConfigurationSetEventDestinationInput{
		ConfigurationSetName: &p.configurationSet, EventDestinationName: aws.String("default-bus"),
		EventDestination: &sestypes.EventDestinationDefinition{
			Enabled: true,
			MatchingEventTypes: []sestypes.EventType{sestypes.EventTypeSend, sestypes.EventTypeDelivery, sestypes.EventTypeBounce,
				sestypes.EventTypeComplaint, sestypes.EventTypeReject, sestypes.EventTypeRenderingFailure, sestypes.EventTypeDeliveryDelay},
			EventBridgeDestination: &sestypes.EventBridgeDestination{EventBusArn: bus.Arn},
		},
	})
	return p.may("events of mails", unless(err, "AlreadyExistsException", "ConfigurationSetAlreadyExistsException", "EventDestinationAlreadyExistsException"))
}

// may is the error of a step that an endpoint may do without.
func (p provisioner) may(what string, err error) error {
	if err == nil || p.skip(what, err) == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

// subscription makes the dead-letter queue, the queue, the rule and its target.
func (p provisioner) subscription(ctx context.Context, name string, s events.Subscription, dead events.DeadLetters) error {
	queue := events.QueueName(p.environment, name)
	deadLetters, err := p.queue(ctx, events.DeadLetterQueueName(queue), map[string]string{
		"VisibilityTimeout": strconv.Itoa(dead.Visibility), "MessageRetentionPeriod": retention})
	if err != nil {
		return err
	}
	redrive, err := json.Marshal(map[string]any{"deadLetterTargetArn": deadLetters, "maxReceiveCount": s.MaxReceives})
	if err != nil {
		return err
	}
	target, err := p.queue(ctx, queue, map[string]string{
		"VisibilityTimeout": strconv.Itoa(s.Visibility), "MessageRetentionPeriod": retention, "RedrivePolicy": string(redrive)})
	if err != nil {
		return err
	}
	bus := "default"
	if s.Bus == "own" {
		bus = p.bus
	}
	rule := &eventbridge.PutRuleInput{Name: &queue, EventBusName: &bus,
		EventPattern: aws.String(s.PatternFor(p.bucket, p.configurationSet)), State: ebtypes.RuleStateEnabled}
	if s.Schedule != "" {
		rule.ScheduleExpression = &s.Schedule
	}
	if _, err = p.events.PutRule(ctx, rule); err != nil {
		return fmt.Errorf("rule: %w", err)
	}
	out, err := p.events.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: &queue, EventBusName: &bus, Targets: []ebtypes.Target{
		{Id: aws.String("queue"), Arn: &target, DeadLetterConfig: &ebtypes.DeadLetterConfig{Arn: &deadLetters}}}})
	if err != nil {
		return fmt.Errorf("target: %w", err)
	}
	if out.FailedEntryCount > 0 {
		return fmt.Errorf("target: %s", aws.ToString(out.FailedEntries[0].ErrorMessage))
	}
	return nil
}

// queue makes a queue, or gives an existing one these attributes, and returns
// its ARN.
func (p provisioner) queue(ctx context.Context, name string, attributes map[string]string) (string, error) {
	found, err := p.sqs.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &name})
	switch {
	case err == nil:
		_, err = p.sqs.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{QueueUrl: found.QueueUrl, Attributes: attributes})
	case unless(err, "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist") == nil:
		_, err = p.sqs.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	}
	if err != nil {
		return "", fmt.Errorf("queue %s: %w", name, err)
	}
	q, err := findQueue(ctx, p.sqs, name)
	return q.arn, err
}

// QueueARN is the ARN of a queue of the local environment.
func QueueARN(name string) string { return "arn:aws:sqs:" + Region + ":" + Account + ":" + name }

// unless is err, but nil for the error codes that are fine.
func unless(err error, fine ...string) error {
	if err == nil || slices.Contains(fine, fault.Code(err)) {
		return nil
	}
	return err
}
