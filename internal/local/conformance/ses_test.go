package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	sestypes "github.com/aws/aws-sdk-go-v2/service/sesv2/types"
)

const (
	sesReference = "https://docs.aws.amazon.com/ses/latest/APIReference-V2/"
	sesSend      = sesReference + "API_SendEmail.html"
	sesTemplates = "https://docs.aws.amazon.com/ses/latest/dg/send-personalized-email-api.html"
)

// sesMoto is where moto does otherwise than SES's documentation says.
var sesMoto = map[string]Difference{
	"template mails":             {Reason: "there are no templates (404)"},
	"many mails of one template": {Reason: "there are no templates (404)", Page: sesReference + "API_CreateEmailTemplate.html"},
	"templates":                  {Reason: "there are no templates (404)", Page: sesReference + "API_CreateEmailTemplate.html"},
	"a mail that cannot be":      {Reason: "a mail to nobody is taken"},
	"identities":                 {Reason: "VerifiedForSendingStatus is missing, and one can be created twice"},
	"configuration sets":         {Reason: "the error's name is version 1's, and a set is answered in a shape that the SDK cannot read"},
	"the suppression list":       {Reason: "there is none (404)"},

	"a mail that arrives":                       {Reason: noDestinations},
	"a mail that bounces":                       {Reason: noDestinations},
	"a mail that is complained of":              {Reason: noDestinations},
	"a mail to the global suppression list":     {Reason: noDestinations},
	"a mail to the account's suppression list":  {Reason: noDestinations},
	"a mail with a virus":                       {Reason: noDestinations},
	"a template that lacks its data":            {Reason: noDestinations},
	"a destination hears of its own kinds only": {Reason: noDestinations},
}

const noDestinations = "there are no event destinations (404)"

func TestConformanceSES(t *testing.T) {
	Conform(t, "SES", slices.Concat(sesCases, sesBulkCases, sesEventCases), sesMoto)
}

// sesRoom is a client with a verified sender of its own.
type sesRoom struct {
	*sesv2.Client
	t      testing.TB
	ctx    context.Context
	sender string
}

func newSESRoom(t testing.TB, target Target) *sesRoom {
	t.Helper()
	r := &sesRoom{sesv2.NewFromConfig(target.Config), t, t.Context(), name("sender") + "@example.com"}
	if _, err := r.CreateEmailIdentity(r.ctx, &sesv2.CreateEmailIdentityInput{EmailIdentity: &r.sender}); err != nil {
		t.Fatalf("create the sender's identity: %v", err)
	}
	return r
}

func sesTo(addresses ...string) *sestypes.Destination {
	return &sestypes.Destination{ToAddresses: addresses}
}

func sesSimple(subject, text string) *sestypes.EmailContent {
	return &sestypes.EmailContent{Simple: &sestypes.Message{Subject: &sestypes.Content{Data: &subject}, Body: &sestypes.Body{Text: &sestypes.Content{Data: &text}}}}
}

// send sends a mail, with the room's sender unless it has one, and answers its id.
func (r *sesRoom) send(in *sesv2.SendEmailInput) string {
	r.t.Helper()
	if in.FromEmailAddress == nil && in.Content.Raw == nil {
		in.FromEmailAddress = &r.sender
	}
	out, err := r.SendEmail(r.ctx, in)
	if err != nil {
		r.t.Fatalf("send: %v", err)
	}
	if aws.ToString(out.MessageId) == "" {
		r.t.Error("a mail has no MessageId")
	}
	return *out.MessageId
}

func (r *sesRoom) template(subject, text, html string) *string {
	r.t.Helper()
	made := aws.String(name("template"))
	_, err := r.CreateEmailTemplate(r.ctx, &sesv2.CreateEmailTemplateInput{TemplateName: made,
		TemplateContent: &sestypes.EmailTemplateContent{Subject: &subject, Text: &text, Html: &html}})
	if err != nil {
		r.t.Fatalf("create a template: %v", err)
	}
	return made
}

const someone = "success@simulator.amazonses.com"

var sesCases = []Case{
	{"simple mails", sesSend, func(t testing.TB, target Target) {
		r := newSESRoom(t, target)
		one := r.send(&sesv2.SendEmailInput{Destination: sesTo(someone), Content: sesSimple("Đơn hàng", "xin chào")})
		two := r.send(&sesv2.SendEmailInput{Destination: sesTo(someone), Content: sesSimple("Đơn hàng", "xin chào")})
		if one == two {
			t.Errorf("two mails have the id %s", one)
		}
	}},
	{"raw mails", sesSend, func(t testing.TB, target Target) {
		r := newSESRoom(t, target)
		raw := fmt.Sprintf("From: %s\r\nTo: %s\r\nSubject: =?UTF-8?B?xJDGoW4gaMOgbmc=?=\r\n\r\nbody\r\n", r.sender, someone)
		r.send(&sesv2.SendEmailInput{Content: &sestypes.EmailContent{Raw: &sestypes.RawMessage{Data: []byte(raw)}}})
	}},
	{"template mails", sesTemplates, func(t testing.TB, target Target) {
		r := newSESRoom(t, target)
		made := r.template("Hello {{name}}", "Dear {{name}}", "<b>{{name}}</b>")
		r.send(&sesv2.SendEmailInput{Destination: sesTo(someone), Content: &sestypes.EmailContent{Template: &sestypes.Template{TemplateName: made, TemplateData: aws.String(`{"name":"Ann"}`)}}})
		inline := &sestypes.EmailTemplateContent{Subject: aws.String("{{s}}"), Text: aws.String("{{s}}")}
		r.send(&sesv2.SendEmailInput{Destination: sesTo(someone), Content: &sestypes.EmailContent{Template: &sestypes.Template{TemplateContent: inline, TemplateData: aws.String(`{"s":"x"}`)}}})
		_, err := r.SendEmail(r.ctx, &sesv2.SendEmailInput{FromEmailAddress: &r.sender, Destination: sesTo(someone),
			Content: &sestypes.EmailContent{Template: &sestypes.Template{TemplateName: aws.String(name("none")), TemplateData: aws.String(`{}`)}}})
		if got := told(err); got != "404 NotFoundException" && got != "400 BadRequestException" {
			t.Errorf("a template that is not there: %s", got)
		}
	}},
	{"an unverified sender", sesSend, func(t testing.TB, target Target) {
		r := newSESRoom(t, target)
		_, err := r.SendEmail(r.ctx, &sesv2.SendEmailInput{FromEmailAddress: aws.String("x@" + name("nobody") + ".example"), Destination: sesTo(someone), Content: sesSimple("s", "t")})
		wantTold(t, "send", err, "400 MessageRejected")
	}},
	{"a verified domain sends for all its addresses", "https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html", func(t testing.TB, target Target) {
		r := newSESRoom(t, target)
		domain := name("domain") + ".example.com"
		_, err := r.CreateEmailIdentity(r.ctx, &sesv2.CreateEmailIdentityInput{EmailIdentity: &domain})
		wantTold(t, "create", err, "200")
		r.send(&sesv2.SendEmailInput{FromEmailAddress: aws.String("Any One <any.one@" + domain + ">"), Destination: sesTo(someone), Content: sesSimple("s", "t")})
	}},
	{"a mail that cannot be", sesSend, func(t testing.TB, target Target) {
		r := newSESRoom(t, target)
		many := make([]string, 51)
		for i := range many {
			many[i] = fmt.Sprintf("success+%d@simulator.amazonses.com", i)
		}
		for what, in := range map[string]*sesv2.SendEmailInput{
			"nobody to send to": {Destination: sesTo(), Content: sesSimple("s", "t")},
			"51 recipients":     {Destination: sesTo(many...), Content: sesSimple("s", "t")},
			"no address":        {Destination: sesTo("nobody"), Content: sesSimple("s", "t")},
		} {
			in.FromEmailAddress = &r.sender
			_, err := r.SendEmail(r.ctx, in)
			wantTold(t, what, err, "400")
		}
	}},
	{"identities", sesReference + "API_CreateEmailIdentity.html", func(t testing.TB, target Target) {
		r := newSESRoom(t, target)
		got, err := r.GetEmailIdentity(r.ctx, &sesv2.GetEmailIdentityInput{EmailIdentity: &r.sender})
		wantTold(t, "get", err, "200")
		if err == nil && (got.IdentityType != sestypes.IdentityTypeEmailAddress || !got.VerifiedForSendingStatus) {
			t.Errorf("identity %+v", got)
		}
		_, err = r.CreateEmailIdentity(r.ctx, &sesv2.CreateEmailIdentityInput{EmailIdentity: &r.sender})
		wantTold(t, "create again", err, "400 AlreadyExistsException")
		_, err = r.DeleteEmailIdentity(r.ctx, &sesv2.DeleteEmailIdentityInput{EmailIdentity: &r.sender})
		wantTold(t, "delete", err, "200")
		_, err = r.GetEmailIdentity(r.ctx, &sesv2.GetEmailIdentityInput{EmailIdentity: &r.sender})
		wantTold(t, "get what was deleted", err, "404 NotFoundException")
	}},
	{"configuration sets", sesReference + "API_CreateConfigurationSet.html", func(t testing.TB, target Target) {
		r := newSESRoom(t, target)
		set := aws.String(name("set"))
		_, err := r.CreateConfigurationSet(r.ctx, &sesv2.CreateConfigurationSetInput{ConfigurationSetName: set})
		wantTold(t, "create", err, "200")
		_, err = r.CreateConfigurationSet(r.ctx, &sesv2.CreateConfigurationSetInput{ConfigurationSetName: set})
		wantTold(t, "create again", err, "400 AlreadyExistsException")
		got, err := r.GetConfigurationSet(r.ctx, &sesv2.GetConfigurationSetInput{ConfigurationSetName: set})
		if err != nil || *got.ConfigurationSetName != *set {
			t.Errorf("get: %+v, %v", got, err)
		}
		_, err = r.DeleteConfigurationSet(r.ctx, &sesv2.DeleteConfigurationSetInput{ConfigurationSetName: set})
		wantTold(t, "delete", err, "200")
		_, err = r.GetConfigurationSet(r.ctx, &sesv2.GetConfigurationSetInput{ConfigurationSetName: set})
		wantTold(t, "get what was deleted", err, "404 NotFoundException")
	}},
	{"templates", sesTemplates, func(t testing.TB, target Target) {
		r := newSESRoom(t, target)
		made := r.template("Hello {{name}}", "Dear {{name}}{{#if vip}}!{{/if}}", "<b>{{name}}</b>")
		_, err := r.CreateEmailTemplate(r.ctx, &sesv2.CreateEmailTemplateInput{TemplateName: made, TemplateContent: &sestypes.EmailTemplateContent{Subject: aws.String("x")}})
		wantTold(t, "create again", err, "400 AlreadyExistsException")
		out, err := r.TestRenderEmailTemplate(r.ctx, &sesv2.TestRenderEmailTemplateInput{TemplateName: made, TemplateData: aws.String(`{"name":"A & B","vip":true}`)})
		wantTold(t, "render", err, "200")
		// SES does not escape what is put into the HTML: that is the caller's to do.
		if err == nil && (!strings.Contains(*out.RenderedTemplate, "Subject: Hello A & B") || !strings.Contains(*out.RenderedTemplate, "<b>A & B</b>")) {
			t.Errorf("rendered %s", *out.RenderedTemplate)
		}
		_, err = r.DeleteEmailTemplate(r.ctx, &sesv2.DeleteEmailTemplateInput{TemplateName: made})
		wantTold(t, "delete", err, "200")
		_, err = r.GetEmailTemplate(r.ctx, &sesv2.GetEmailTemplateInput{TemplateName: made})
		wantTold(t, "get what was deleted", err, "404 NotFoundException")
	}},
	{"the suppression list", sesReference + "API_PutSuppressedDestination.html", func(t testing.TB, target Target) {
		r := newSESRoom(t, target)
		address := aws.String(name("gone") + "@example.org")
		_, err := r.PutSuppressedDestination(r.ctx, &sesv2.PutSuppressedDestinationInput{EmailAddress: address, Reason: sestypes.SuppressionListReasonComplaint})
		wantTold(t, "put", err, "200")
		got, err := r.GetSuppressedDestination(r.ctx, &sesv2.GetSuppressedDestinationInput{EmailAddress: address})
		if err != nil || got.SuppressedDestination.Reason != sestypes.SuppressionListReasonComplaint || got.SuppressedDestination.LastUpdateTime == nil {
			t.Errorf("get: %+v, %v", got, err)
		}
		found := false
		pages := sesv2.NewListSuppressedDestinationsPaginator(r.Client, &sesv2.ListSuppressedDestinationsInput{})
		for pages.HasMorePages() {
			page, err := pages.NextPage(r.ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, one := range page.SuppressedDestinationSummaries {
				found = found || *one.EmailAddress == *address
			}
		}
		if !found {
			t.Error("the list has not what was put there")
		}
		_, err = r.DeleteSuppressedDestination(r.ctx, &sesv2.DeleteSuppressedDestinationInput{EmailAddress: address})
		wantTold(t, "delete", err, "200")
		_, err = r.GetSuppressedDestination(r.ctx, &sesv2.GetSuppressedDestinationInput{EmailAddress: address})
		wantTold(t, "get what was deleted", err, "404 NotFoundException")
	}},
}

// TestSESOutbox reads what would have reached people.
func TestSESOutbox(t *testing.T) {
	t.Parallel()
	target, services := ownMachine(t)
	r := newSESRoom(t, target)
	template := r.template("Chào {{name}}", "{{name}}!", "<b>{{name}}</b>")
	raw := fmt.Sprintf("From: %s\r\nTo: %s\r\nSubject: =?UTF-8?B?xJDGoW4gaMOgbmc=?=\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nxin chào\r\n", r.sender, someone)
	for _, c := range []struct {
		name    string
		content *sestypes.EmailContent
		want    [3]string // subject, text, HTML
	}{
		{"simple", sesSimple("Đơn hàng", "xin chào"), [3]string{"Đơn hàng", "xin chào", ""}},
		{"raw", &sestypes.EmailContent{Raw: &sestypes.RawMessage{Data: []byte(raw)}}, [3]string{"Đơn hàng", "xin chào", ""}},
		{"template", &sestypes.EmailContent{Template: &sestypes.Template{TemplateName: template, TemplateData: aws.String(`{"name":"Đức"}`)}}, [3]string{"Chào Đức", "Đức!", "<b>Đức</b>"}},
	} {
		id := r.send(&sesv2.SendEmailInput{Destination: sesTo(someone), Content: c.content, EmailTags: []sestypes.MessageTag{{Name: aws.String("request"), Value: aws.String("r-1")}}})
		m, err := services.SES.Mail(id)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := [3]string{m.Subject, strings.TrimSpace(m.Text), m.HTML}; got != c.want || m.From.Email != r.sender || len(m.To) != 1 || m.To[0].Email != someone || m.Tags["request"] != "r-1" {
			shown, _ := json.Marshal(m)
			t.Errorf("%s: the outbox has %.500s", c.name, shown)
		}
	}
}
