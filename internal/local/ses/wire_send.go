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

type wireMailTag struct{ Name, Value string }

func mailTags(given []wireMailTag) map[string]string {
	if len(given) == 0 {
		return nil
	}
	tags := make(map[string]string, len(given))
	for _, t := range given {
		tags[t.Name] = t.Value
	}
	return tags
}

type wireDestination struct{ ToAddresses, CcAddresses, BccAddresses []string }

type wireTemplateUse struct {
	TemplateName    string
	TemplateArn     string
	TemplateContent *templateContent
	TemplateData    string
	Headers         []Header
	Attachments     []wireAttachment
}

// use is the template with its data, as the state knows it.
func (c *wireTemplateUse) use() *TemplateUse {
	use := &TemplateUse{Name: c.TemplateName, Data: c.TemplateData, Headers: c.Headers, Attachments: attachments(c.Attachments)}
	if use.Name == "" {
		use.Name = c.TemplateArn
	}
	if t := c.TemplateContent; t != nil {
		use.Content = &Template{Name: use.Name, Subject: t.Subject, Text: t.Text, HTML: t.HTML}
	}
	return use
}

type sendInput struct {
	FromEmailAddress     string
	ReplyToAddresses     []string
	ConfigurationSetName string
	EmailTags            []wireMailTag
	Destination          wireDestination
	// ListManagementOptions name a contact list; there is none here.
	ListManagementOptions *struct{ ContactListName string }
	Content               struct {
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
		Template *wireTemplateUse
	}
}

type sendOutput struct {
	MessageID string `json:"MessageId"`
}

func (s *State) sendRoutes(mux *http.ServeMux) {
	mux.HandleFunc("POST /v2/email/outbound-emails", handle(s.wireSend))
	mux.HandleFunc("POST /v2/email/outbound-bulk-emails", handle(s.wireSendBulk))
	mux.HandleFunc("GET /v2/email/account", handle(s.wireAccount))
	mux.HandleFunc("PUT /v2/email/account/suppression", handle(func(ctx context.Context, _ call, in struct{ SuppressedReasons []string }) (none, error) {
		return none{}, s.SetSuppressedReasons(ctx, in.SuppressedReasons)
	}))
	mux.HandleFunc("PUT /v2/email/account/sending", handle(func(ctx context.Context, _ call, in struct{ SendingEnabled bool }) (none, error) {
		return none{}, s.SetSending(ctx, in.SendingEnabled)
	}))
}

func (s *State) wireSend(ctx context.Context, _ call, in sendInput) (sendOutput, error) {
	r := Request{
		From: in.FromEmailAddress, ReplyTo: in.ReplyToAddresses, ConfigurationSet: in.ConfigurationSetName,
		To: in.Destination.ToAddresses, Cc: in.Destination.CcAddresses, Bcc: in.Destination.BccAddresses, Tags: mailTags(in.EmailTags),
	}
	if l := in.ListManagementOptions; l != nil {
		return sendOutput{}, notFound("List with name %s doesn't exist. The local SES keeps no contact lists.", l.ContactListName)
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
		r.Template = c.use()
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
	account := s.Account()
	out := accountOutput{EnforcementStatus: "HEALTHY", ProductionAccessEnabled: true, SendingEnabled: !account.SendingOff,
		SendQuota: sendQuota{Max24HourSend: unlimited, MaxSendRate: unboundedRate, SentLast24Hours: float64(sent)}}
	out.SuppressionAttributes.SuppressedReasons = append([]string{}, account.Suppressed...)
	return out, nil
}
