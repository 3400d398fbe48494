package notify

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"sluice/events"
	"sluice/internal/claim"
	"sluice/internal/fault"
	"sluice/internal/mailtag"
)

// API is what is called of SES.
type API interface {
	SendEmail(context.Context, *sesv2.SendEmailInput, ...func(*sesv2.Options)) (*sesv2.SendEmailOutput, error)
}

// OneAttempt makes the client try a call once: a second try after a lost answer
// would be a second mail.
func OneAttempt(o *sesv2.Options) { o.Retryer = aws.NopRetryer{} }

// patience is how long SES may take for its answer.
const patience = 20 * time.Second

// outcome is what a claim keeps of a mail.
type outcome struct {
	Outcome   events.MailOutcome `json:"outcome"`
	MessageID string             `json:"messageId,omitempty"`
	Reason    string             `json:"reason,omitempty"`
}

// errThrottled: SES takes no more for the moment.
var errThrottled = errors.New("SES throttles")

// send gives one mail to SES. An error that is not claim.NotDone says that it is
// unknown whether SES took it.
func (h *Handler) send(ctx context.Context, about *subject, l *letter, address string) (outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	text := func(s string) *types.Content {
		return &types.Content{Data: aws.String(s), Charset: aws.String("UTF-8")}
	}
	out, err := h.ses.SendEmail(ctx, &sesv2.SendEmailInput{
		FromEmailAddress:     aws.String(h.config.Sender),
		Destination:          &types.Destination{ToAddresses: []string{address}},
		ConfigurationSetName: aws.String(h.config.ConfigurationSet),
		Content: &types.EmailContent{Simple: &types.Message{
			Subject: text(l.subject), Body: &types.Body{Text: text(l.text), Html: text(l.html)}, Headers: h.headers(about, address),
		}},
		EmailTags: h.tags(about),
	})
	if err == nil {
		return outcome{Outcome: events.MailSent, MessageID: aws.ToString(out.MessageId)}, nil
	}
	return judge(err)
}

// tags join what becomes of the mail to the request; see internal/mailtag.
func (h *Handler) tags(about *subject) []types.MessageTag {
	var tags []types.MessageTag
	for _, t := range mailtag.Of(about.Envelope, h.config.Environment) {
		tags = append(tags, types.MessageTag{Name: aws.String(t.Name), Value: aws.String(t.Value)})
	}
	return tags
}

// headers let the reader of a report say in one click that he wants no more (RFC
// 8058). A result was asked for by its reader, and has none.
func (h *Handler) headers(about *subject, address string) []types.MessageHeader {
	if _, report := about.data.(events.UploadCompleted); !report || h.links == nil {
		return nil
	}
	return []types.MessageHeader{
		{Name: aws.String("List-Unsubscribe"), Value: aws.String("<" + h.links.Unsubscribe(h.list.Key(address)) + ">")},
		{Name: aws.String("List-Unsubscribe-Post"), Value: aws.String("List-Unsubscribe=One-Click")},
	}
}

// judge says what an error of SES means. Its text is not passed on: it may quote
// the address.
func judge(err error) (outcome, error) {
	code, status := fault.Code(err), fault.Status(err)
	switch code {
	case "MessageRejected", "BadRequestException":
		return outcome{Outcome: events.MailRefused, Reason: "SES refused it: " + code}, nil
	case "SendingPausedException", "AccountSuspendedException":
		return outcome{}, claim.NotDone(fault.Errorf(fault.Park, "SES does not send for this account: %s", code))
	}
	switch {
	case fault.Throttled(err):
		return outcome{}, claim.NotDone(fault.As(fault.Defer, errThrottled))
	case status == 0:
		return outcome{}, fault.Errorf(fault.Retry, "SES did not answer")
	case status >= 400 && status < 500 && status != http.StatusRequestTimeout && status != http.StatusConflict:
		return outcome{}, claim.NotDone(fault.Errorf(fault.Park, "SES refused the call: %s, status %d", code, status))
	}
	return outcome{}, fault.Errorf(fault.Retry, "SES failed: %s, status %d", code, status)
}
