package workflow

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"

	"sluice/events"
	"sluice/internal/local/emulator"
)

// post is SES: what becomes of a mail is reported some seconds after it was sent.
type post struct {
	v      *virtual
	sent   int
	out    sync.WaitGroup
	mu     sync.Mutex
	became map[string]string // by address: Delivery (the default), Bounce, or nothing
	fault  func() error
}

const reported = 5 * time.Second

// ListSuppressedDestinations implements suppression.Source.
func (p *post) ListSuppressedDestinations(context.Context, *sesv2.ListSuppressedDestinationsInput, ...func(*sesv2.Options)) (*sesv2.ListSuppressedDestinationsOutput, error) {
	return &sesv2.ListSuppressedDestinationsOutput{}, nil
}

// SendEmail implements notify.API.
func (p *post) SendEmail(_ context.Context, in *sesv2.SendEmailInput, _ ...func(*sesv2.Options)) (*sesv2.SendEmailOutput, error) {
	if p.fault != nil {
		if err := p.fault(); err != nil {
			return nil, err
		}
	}
	to := in.Destination.ToAddresses[0]
	tags := map[string][]string{"ses:configuration-set": {"set"}}
	var all []string
	for _, tag := range in.EmailTags {
		tags[*tag.Name] = []string{*tag.Value}
		if *tag.Name == "requestId" || *tag.Name == "about" {
			all = append(all, *tag.Value)
		}
	}
	id := events.ID(append(all, to)...)
	p.mu.Lock()
	p.sent++
	kind, told := p.became[to]
	p.mu.Unlock()
	switch {
	case strings.HasPrefix(to, "bounce@") && !told:
		kind = "Bounce" // as SES's mailbox simulator does
	case !told:
		kind = "Delivery"
	}
	if kind != "" {
		p.out.Go(func() {
			time.Sleep(reported)
			p.v.put("default", report(kind, id, to, tags))
		})
	}
	return &sesv2.SendEmailOutput{MessageId: aws.String(id)}, nil
}

// report is what SES says of a mail.
func report(kind, id, to string, tags map[string][]string) events.Record {
	at := time.Now().UTC().Format(time.RFC3339)
	detail := map[string]any{"eventType": kind, "mail": map[string]any{"timestamp": at, "messageId": id, "destination": []string{to}, "tags": tags}}
	name := "Email Delivered"
	switch kind {
	case "Delivery":
		detail["delivery"] = map[string]any{"timestamp": at, "recipients": []string{to}}
	case "Bounce":
		name = "Email Bounced"
		detail["bounce"] = map[string]any{"bounceType": "Permanent", "bounceSubType": "General", "timestamp": at, "feedbackId": "f-" + id,
			"bouncedRecipients": []map[string]string{{"emailAddress": to}}}
	case "Complaint":
		name = "Email Complaint Received"
		detail["complaint"] = map[string]any{"timestamp": at, "feedbackId": "f-" + id, "complaintFeedbackType": "abuse",
			"complainedRecipients": []map[string]string{{"emailAddress": to}}}
	}
	raw, err := json.Marshal(detail)
	if err != nil {
		panic(fmt.Sprint("a report is not JSON: ", err))
	}
	return events.Record{ID: events.ID("ses", strings.ToLower(kind), id, to), Source: "aws.ses", DetailType: name, Account: emulator.Account, Region: emulator.Region,
		Time: time.Now().UTC(), Resources: []string{}, Detail: raw}
}
