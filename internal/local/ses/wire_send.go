package ses

import (
	"context"
	"net/http"
	"time"
)

type content struct{ Data, Charset string }

type wireAttachment struct {
	RawContent         []byte
	FileName           string
	ContentType        string
	ContentDisposition string
	ContentDescription string
	ContentID          string `json:"ContentId"`
}

type templateContent struct {
	Subject string `json:",omitempty"`
	Text    string `json:",omitempty"`
	HTML    string `json:"Html,omitempty"`
}

type sendInput struct {
	FromEmailAddress     string
	ReplyToAddresses     []string
	ConfigurationSetName string
	EmailTags            []struct{ Name, Value string }
	Destination          struct{ ToAddresses, CcAddresses, BccAddresses []string }
	Content              struct {
		Simple *struct {
			Subject content
			Body    struct {
				Text *content
				HTML *content `json:"Html"`
			}
			Headers     []Header
			Attachments []wireAttachment
		}
		Raw      *struct{ Data []byte }
		Template *struct {
			TemplateName    string
			TemplateArn     string
			TemplateContent *templateContent
			TemplateData    string
			Headers         []Header
			Attachments     []wireAttachment
		}
	}
}

type sendOutput struct {
	MessageID string `json:"MessageId"`
}

func (s *State) sendRoutes(mux *http.ServeMux) {
	mux.HandleFunc("POST /v2/email/outbound-emails", handle(s.wireSend))
	mux.HandleFunc("GET /v2/email/account", handle(s.wireAccount))
}

func (s *State) wireSend(ctx context.Context, _ call, in sendInput) (sendOutput, error) {
	r := Request{
		From: in.FromEmailAddress, ReplyTo: in.ReplyToAddresses, ConfigurationSet: in.ConfigurationSetName,
		To: in.Destination.ToAddresses, Cc: in.Destination.CcAddresses, Bcc: in.Destination.BccAddresses,
	}
	if len(in.EmailTags) > 0 {
		r.Tags = make(map[string]string, len(in.EmailTags))
		for _, t := range in.EmailTags {
			r.Tags[t.Name] = t.Value
		}
	}
	if c := in.Content.Simple; c != nil {
		r.Simple = &Simple{Subject: c.Subject.Data, Headers: c.Headers, Attachments: attachments(c.Attachments)}
		if c.Body.Text != nil {
			r.Simple.Text = c.Body.Text.Data
		}
		if c.Body.HTML != nil {
			r.Simple.HTML = c.Body.HTML.Data
		}
	}
	if c := in.Content.Raw; c != nil {
		if len(c.Data) == 0 {
			return sendOutput{}, badRequest("Raw message data must not be empty.")
		}
		r.Raw = c.Data
	}
	if c := in.Content.Template; c != nil {
		r.Template = &TemplateUse{Name: c.TemplateName, Data: c.TemplateData, Headers: c.Headers, Attachments: attachments(c.Attachments)}
		if r.Template.Name == "" {
			r.Template.Name = c.TemplateArn
		}
		if t := c.TemplateContent; t != nil {
			r.Template.Content = &Template{Name: r.Template.Name, Subject: t.Subject, Text: t.Text, HTML: t.HTML}
		}
	}
	id, err := s.SendEmail(ctx, r)
	return sendOutput{id}, err
}

func attachments(given []wireAttachment) []Attachment {
	var list []Attachment
	for _, a := range given {
		list = append(list, Attachment{FileName: a.FileName, ContentType: a.ContentType, Inline: a.ContentDisposition == "INLINE",
			ContentID: a.ContentID, Description: a.ContentDescription, Content: a.RawContent})
	}
	return list
}

type accountOutput struct {
	DedicatedIPAutoWarmupEnabled bool `json:"DedicatedIpAutoWarmupEnabled"`
	EnforcementStatus            string
	ProductionAccessEnabled      bool
	SendingEnabled               bool
	SendQuota                    sendQuota
	SuppressionAttributes        struct{ SuppressedReasons []string }
}

type sendQuota struct{ Max24HourSend, MaxSendRate, SentLast24Hours float64 }

// unlimited is how SES says that there is no daily quota; its rate has no such
// value, so that is a number beyond this machine.
const unlimited, unboundedRate = -1, 10_000

func (s *State) wireAccount(_ context.Context, _ call, _ none) (accountOutput, error) {
	sent, err := s.sentSince(s.cfg.Now().Add(-24 * time.Hour))
	if err != nil {
		return accountOutput{}, err
	}
	out := accountOutput{EnforcementStatus: "HEALTHY", ProductionAccessEnabled: true, SendingEnabled: true,
		SendQuota: sendQuota{Max24HourSend: unlimited, MaxSendRate: unboundedRate, SentLast24Hours: float64(sent)}}
	out.SuppressionAttributes.SuppressedReasons = []string{KindBounce, KindComplaint}
	return out, nil
}
