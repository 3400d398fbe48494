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
func provision(ctx context.Context, config aws.Config, c events.Choreography) error {
	p := provisioner{
		s3: s3.NewFromConfig(config), sqs: sqs.NewFromConfig(config), bus: eventbridge.NewFromConfig(config), ses: sesv2.NewFromConfig(config),
	}
	steps := []func(context.Context) error{p.bucket, p.eventBus, p.sender}
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
			return fmt.Errorf("set up the local environment: %w", err)
		}
	}
	return nil
}

type provisioner struct {
	s3  *s3.Client
	sqs *sqs.Client
	bus *eventbridge.Client
	ses *sesv2.Client
}

func (p provisioner) bucket(ctx context.Context) error {
	_, err := p.s3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(Bucket)})
	if unless(err, "BucketAlreadyOwnedByYou", "BucketAlreadyExists") != nil {
		return fmt.Errorf("bucket: %w", err)
	}
	_, err = p.s3.PutBucketNotificationConfiguration(ctx, &s3.PutBucketNotificationConfigurationInput{Bucket: aws.String(Bucket),
		NotificationConfiguration: &s3types.NotificationConfiguration{EventBridgeConfiguration: &s3types.EventBridgeConfiguration{}}})
	if err != nil {
		return fmt.Errorf("bucket events: %w", err)
	}
	return nil
}

func (p provisioner) eventBus(ctx context.Context) error {
	_, err := p.bus.CreateEventBus(ctx, &eventbridge.CreateEventBusInput{Name: &Bus})
	if unless(err, "ResourceAlreadyExistsException") != nil {
		return fmt.Errorf("bus: %w", err)
	}
	return nil
}

// sender sets SES up: who sends, and that what becomes of a mail is told on the
// default bus.
func (p provisioner) sender(ctx context.Context) error {
	_, err := p.ses.CreateEmailIdentity(ctx, &sesv2.CreateEmailIdentityInput{EmailIdentity: aws.String(Sender)})
	if unless(err, "AlreadyExistsException") != nil {
		return fmt.Errorf("sender: %w", err)
	}
	_, err = p.ses.CreateConfigurationSet(ctx, &sesv2.CreateConfigurationSetInput{ConfigurationSetName: aws.String(ConfigurationSet)})
	if unless(err, "AlreadyExistsException") != nil {
		return fmt.Errorf("configuration set: %w", err)
	}
	_, err = p.ses.CreateConfigurationSetEventDestination(ctx, &sesv2.CreateConfigurationSetEventDestinationInput{
		ConfigurationSetName: aws.String(ConfigurationSet), EventDestinationName: aws.String("default-bus"),
		EventDestination: &sestypes.EventDestinationDefinition{
			Enabled: true,
			MatchingEventTypes: []sestypes.EventType{sestypes.EventTypeSend, sestypes.EventTypeDelivery, sestypes.EventTypeBounce,
				sestypes.EventTypeComplaint, sestypes.EventTypeReject, sestypes.EventTypeRenderingFailure, sestypes.EventTypeDeliveryDelay},
			EventBridgeDestination: &sestypes.EventBridgeDestination{
				EventBusArn: aws.String("arn:aws:events:" + Region + ":" + Account + ":event-bus/default")},
		},
	})
	if unless(err, "AlreadyExistsException") != nil {
		return fmt.Errorf("event destination: %w", err)
	}
	return nil
}

// subscription makes the dead-letter queue, the queue, the rule and its target.
func (p provisioner) subscription(ctx context.Context, name string, s events.Subscription, dead events.DeadLetters) error {
	queue := events.QueueName(Environment, name)
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
		bus = Bus
	}
	_, err = p.bus.PutRule(ctx, &eventbridge.PutRuleInput{Name: &queue, EventBusName: &bus,
		EventPattern: aws.String(s.PatternFor(Bucket, ConfigurationSet)), State: ebtypes.RuleStateEnabled})
	if err != nil {
		return fmt.Errorf("rule: %w", err)
	}
	out, err := p.bus.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: &queue, EventBusName: &bus, Targets: []ebtypes.Target{
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
	return QueueARN(name), nil
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
