package conformance

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	sestypes "github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

const (
	sesEvents    = "https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html"
	sesSimulator = "https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html"
)

// eicar is the harmless file that virus scanners take for a virus, in two parts
// so that they do not find it here.
const eicar = `X5O!P%@AP[4\PZX54(P^)7CC)7}$` + `EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*`

// sesEvent is an event of SES as a rule's queue gets it.
type sesEvent struct {
	Source     string
	DetailType string `json:"detail-type"`
	Detail     struct {
		EventType string
		Mail      struct {
			MessageID   string
			Destination []string
			Tags        map[string][]string
		}
		Bounce struct {
			BounceType, BounceSubType string
			BouncedRecipients         []struct{ EmailAddress string }
		}
		Complaint struct {
			ComplainedRecipients []struct{ EmailAddress string }
		}
		Delivery struct{ Recipients []string }
		Reject   struct{ Reason string }
		Failure  struct{ ErrorMessage, TemplateName string }
	}
}

// sesKinds are all that a destination may be told.
var sesKinds = []sestypes.EventType{sestypes.EventTypeSend, sestypes.EventTypeDelivery, sestypes.EventTypeBounce, sestypes.EventTypeComplaint,
	sestypes.EventTypeReject, sestypes.EventTypeDeliveryDelay, sestypes.EventTypeRenderingFailure}

// listen makes a configuration set that tells the default bus of these kinds,
// and a function that waits for a number of its events.
func (r *sesRoom) listen(target Target, kinds ...sestypes.EventType) (set *string, heard func(n int) []sesEvent) {
	r.t.Helper()
	set = aws.String(name("set"))
	if _, err := r.CreateConfigurationSet(r.ctx, &sesv2.CreateConfigurationSetInput{ConfigurationSetName: set}); err != nil {
		r.t.Fatal(err)
	}
	_, err := r.CreateConfigurationSetEventDestination(r.ctx, &sesv2.CreateConfigurationSetEventDestinationInput{ConfigurationSetName: set, EventDestinationName: aws.String("bus"),
		EventDestination: &sestypes.EventDestinationDefinition{Enabled: true, MatchingEventTypes: kinds,
			EventBridgeDestination: &sestypes.EventBridgeDestination{EventBusArn: aws.String(target.ARN("events", "event-bus/default"))}}})
	if err != nil {
		r.t.Fatal(err)
	}
	queues, bus := sqs.NewFromConfig(target.Config), eventbridge.NewFromConfig(target.Config)
	queue, rule := aws.String(name("mails")), aws.String(name("rule"))
	made, err := queues.CreateQueue(r.ctx, &sqs.CreateQueueInput{QueueName: queue})
	if err != nil {
		r.t.Fatal(err)
	}
	pattern := fmt.Sprintf(`{"source":["aws.ses"],"detail":{"mail":{"tags":{"ses:configuration-set":["%s"]}}}}`, *set)
	if _, err := bus.PutRule(r.ctx, &eventbridge.PutRuleInput{Name: rule, EventPattern: &pattern}); err != nil {
		r.t.Fatal(err)
	}
	if _, err := bus.PutTargets(r.ctx, &eventbridge.PutTargetsInput{Rule: rule, Targets: []ebtypes.Target{{Id: aws.String("1"), Arn: aws.String(target.ARN("sqs", *queue))}}}); err != nil {
		r.t.Fatal(err)
	}
	return set, func(n int) []sesEvent {
		r.t.Helper()
		var events []sesEvent
		for until := time.Now().Add(15 * time.Second); len(events) < n && time.Now().Before(until); {
			out, err := queues.ReceiveMessage(r.ctx, &sqs.ReceiveMessageInput{QueueUrl: made.QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1})
			if err != nil {
				r.t.Fatal(err)
			}
			for _, m := range out.Messages {
				var e sesEvent
				if err := json.Unmarshal([]byte(*m.Body), &e); err != nil {
					r.t.Fatal(err)
				}
				events = append(events, e)
			}
		}
		if len(events) != n {
			r.t.Fatalf("%d events, want %d: %+v", len(events), n, events)
		}
		return events
	}
}

// shown is an event in a line: what happened, to whom, and of what kind.
func (e sesEvent) shown() string {
	d := e.Detail
	parts := []string{e.DetailType}
	for _, one := range d.Bounce.BouncedRecipients {
		parts = append(parts, one.EmailAddress, d.Bounce.BounceType, d.Bounce.BounceSubType)
	}
	for _, one := range d.Complaint.ComplainedRecipients {
		parts = append(parts, one.EmailAddress)
	}
	return strings.Join(append(parts, d.Delivery.Recipients...), " ")
}

// sesHears sends a mail to an address and compares the events of it.
func sesHears(r *sesRoom, target Target, to string, want ...string) {
	r.t.Helper()
	set, heard := r.listen(target, sesKinds...)
	id := r.send(&sesv2.SendEmailInput{Destination: sesTo(to), Content: sesSimple("s", "t"), ConfigurationSetName: set,
		EmailTags: []sestypes.MessageTag{{Name: aws.String("request"), Value: aws.String("r-1")}}})
	var got []string
	for _, e := range heard(len(want)) {
		got = append(got, e.shown())
		m := e.Detail.Mail
		if m.MessageID != id || e.Source != "aws.ses" || len(m.Destination) != 1 || m.Destination[0] != to || len(m.Tags["request"]) != 1 || m.Tags["request"][0] != "r-1" {
			r.t.Errorf("event %+v of mail %s", e, id)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		r.t.Errorf("events %q, want %q", got, want)
	}
}

var sesEventCases = []Case{
	{"a mail that arrives", sesSimulator, func(t testing.TB, target Target) {
		to := "success+label@simulator.amazonses.com"
		sesHears(newSESRoom(t, target), target, to, "Email Sent", "Email Delivered "+to)
	}},
	{"a mail that bounces", sesSimulator, func(t testing.TB, target Target) {
		to := "bounce@simulator.amazonses.com"
		sesHears(newSESRoom(t, target), target, to, "Email Sent", "Email Bounced "+to+" Permanent General")
	}},
	{"a mail that is complained of", sesSimulator, func(t testing.TB, target Target) {
		to := "complaint@simulator.amazonses.com"
		sesHears(newSESRoom(t, target), target, to, "Email Sent", "Email Delivered "+to, "Email Complaint Received "+to)
	}},
	{"a mail to the global suppression list", sesSimulator, func(t testing.TB, target Target) {
		to := "suppressionlist@simulator.amazonses.com"
		sesHears(newSESRoom(t, target), target, to, "Email Sent", "Email Bounced "+to+" Permanent Suppressed")
	}},
	{"a mail to the account's suppression list", "https://docs.aws.amazon.com/ses/latest/dg/sending-email-suppression-list.html", func(t testing.TB, target Target) {
		r, to := newSESRoom(t, target), name("gone")+"@example.org"
		_, err := r.PutSuppressedDestination(r.ctx, &sesv2.PutSuppressedDestinationInput{EmailAddress: &to, Reason: sestypes.SuppressionListReasonBounce})
		wantTold(t, "suppress", err, "200")
		sesHears(r, target, to, "Email Sent", "Email Bounced "+to+" Permanent OnAccountSuppressionList")
	}},
	{"a mail with a virus", sesEvents, func(t testing.TB, target Target) {
		r := newSESRoom(t, target)
		set, heard := r.listen(target, sestypes.EventTypeReject)
		r.send(&sesv2.SendEmailInput{Destination: sesTo(someone), Content: sesSimple("s", eicar), ConfigurationSetName: set})
		if e := heard(1)[0]; e.DetailType != "Email Rejected" || e.Detail.EventType != "Reject" || e.Detail.Reject.Reason != "Bad content" {
			t.Errorf("event %+v", e)
		}
	}},
	{"a template that lacks its data", sesTemplates, func(t testing.TB, target Target) {
		r := newSESRoom(t, target)
		set, heard := r.listen(target, sesKinds...)
		template := r.template("Hello {{name}}", "{{missing}}", "")
		r.send(&sesv2.SendEmailInput{Destination: sesTo(someone), ConfigurationSetName: set,
			Content: &sestypes.EmailContent{Template: &sestypes.Template{TemplateName: template, TemplateData: aws.String(`{"name":"Ann"}`)}}})
		if e := heard(1)[0]; e.DetailType != "Email Rendering Failed" || e.Detail.Failure.TemplateName != *template || !strings.Contains(e.Detail.Failure.ErrorMessage, "missing") {
			t.Errorf("event %+v", e)
		}
	}},
	{"a destination hears of its own kinds only", sesReference + "API_EventDestinationDefinition.html", func(t testing.TB, target Target) {
		r := newSESRoom(t, target)
		set, heard := r.listen(target, sestypes.EventTypeBounce)
		to := []string{someone, "bounce@simulator.amazonses.com"}
		r.send(&sesv2.SendEmailInput{Destination: sesTo(to...), Content: sesSimple("s", "t"), ConfigurationSetName: set})
		if e := heard(1)[0]; e.DetailType != "Email Bounced" || !slices.Equal(e.Detail.Mail.Destination, to) {
			t.Errorf("event %+v", e)
		}
	}},
}
