package ses

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
)

func must(t testing.TB, _ any, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestSendingOverTheWire(t *testing.T) {
	s, p := newState(t)
	c, ctx := client(t, s), t.Context()
	utf8 := aws.String("UTF-8")
	sent, err := c.SendEmail(ctx, &sdk.SendEmailInput{
		FromEmailAddress: aws.String("Sluice <" + sender + ">"), Destination: &types.Destination{ToAddresses: []string{reader}},
		ReplyToAddresses: []string{"r@example.org"}, ConfigurationSetName: aws.String("all"),
		EmailTags: []types.MessageTag{{Name: aws.String("request"), Value: aws.String("r-1")}},
		Content: &types.EmailContent{Simple: &types.Message{
			Subject: &types.Content{Data: aws.String(subject), Charset: utf8},
			Body:    &types.Body{Text: &types.Content{Data: aws.String(body), Charset: utf8}, Html: &types.Content{Data: aws.String("<b>" + body), Charset: utf8}},
			Headers: []types.MessageHeader{{Name: aws.String("List-Unsubscribe"), Value: aws.String("<https://example.org/u>")}},
		}},
	})
	must(t, sent, err)
	m, err := s.Mail(*sent.MessageId)
	must(t, m, err)
	if m.Subject != subject || m.Text != body || m.HTML != "<b>"+body || m.ReplyTo[0].Email != "r@example.org" || m.Tags["request"] != "r-1" || len(m.Headers) != 1 {
		t.Errorf("outbox has %+v", m)
	}
	if types, details := p.take(t); len(types) != 2 || details[0].Mail.Tags["request"][0] != "r-1" {
		t.Errorf("published %v", types)
	}
	sent, err = c.SendEmail(ctx, &sdk.SendEmailInput{Content: &types.EmailContent{Raw: &types.RawMessage{
		Data: []byte("From: " + sender + "\r\nTo: " + reader + "\r\nSubject: =?UTF-8?B?xJDGoW4gaMOgbmc=?=\r\n\r\nxin chào\r\n")}}})
	must(t, sent, err)
	if m, err = s.Mail(*sent.MessageId); err != nil || m.Subject != "Đơn hàng" || m.Text != "xin chào\n" {
		t.Errorf("raw: %+v, %v", m, err)
	}
	must(t, nil, second(c.CreateEmailTemplate(ctx, &sdk.CreateEmailTemplateInput{TemplateName: aws.String("t"),
		TemplateContent: &types.EmailTemplateContent{Subject: aws.String("Chào {{name}}"), Text: aws.String("{{name}}!"), Html: aws.String("<b>{{name}}</b>")}})))
	sent, err = c.SendEmail(ctx, &sdk.SendEmailInput{FromEmailAddress: aws.String(sender), Destination: &types.Destination{ToAddresses: []string{reader}},
		Content: &types.EmailContent{Template: &types.Template{TemplateName: aws.String("t"), TemplateData: aws.String(`{"name":"Đức"}`)}}})
	must(t, sent, err)
	if m, err = s.Mail(*sent.MessageId); err != nil || m.Subject != "Chào Đức" || m.HTML != "<b>Đức</b>" {
		t.Errorf("template: %+v, %v", m, err)
	}
	account, err := c.GetAccount(ctx, &sdk.GetAccountInput{})
	must(t, account, err)
	if account.SendQuota.SentLast24Hours != 3 || !account.SendingEnabled || !account.ProductionAccessEnabled {
		t.Errorf("account %+v", account.SendQuota)
	}
	_, err = c.SendEmail(ctx, &sdk.SendEmailInput{FromEmailAddress: aws.String("x@other.example"), Destination: &types.Destination{ToAddresses: []string{reader}},
		Content: &types.EmailContent{Simple: &types.Message{Subject: &types.Content{Data: aws.String("s")}, Body: &types.Body{Text: &types.Content{Data: aws.String("t")}}}}})
	var rejected *types.MessageRejected
	if !errors.As(err, &rejected) {
		t.Errorf("an unverified sender: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestIdentitiesOverTheWire(t *testing.T) {
	s, _ := newState(t)
	c, ctx := client(t, s), t.Context()
	made, err := c.CreateEmailIdentity(ctx, &sdk.CreateEmailIdentityInput{EmailIdentity: aws.String("a+b@example.net"), Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}})
	must(t, made, err)
	if made.IdentityType != types.IdentityTypeEmailAddress || !made.VerifiedForSendingStatus {
		t.Errorf("%+v", made)
	}
	_, err = c.CreateEmailIdentity(ctx, &sdk.CreateEmailIdentityInput{EmailIdentity: aws.String("a+b@example.net")})
	var exists *types.AlreadyExistsException
	if !errors.As(err, &exists) {
		t.Errorf("twice: %v", err)
	}
	must(t, nil, second(c.CreateEmailIdentity(ctx, &sdk.CreateEmailIdentityInput{EmailIdentity: aws.String("example.net"), ConfigurationSetName: aws.String("all")})))
	got, err := c.GetEmailIdentity(ctx, &sdk.GetEmailIdentityInput{EmailIdentity: aws.String("a+b@example.net")})
	must(t, got, err)
	if got.VerificationStatus != types.VerificationStatusSuccess || len(got.Tags) != 1 {
		t.Errorf("%+v", got)
	}
	var names []string
	pages := sdk.NewListEmailIdentitiesPaginator(c, &sdk.ListEmailIdentitiesInput{PageSize: aws.Int32(2)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		must(t, page, err)
		for _, i := range page.EmailIdentities {
			names = append(names, *i.IdentityName)
		}
	}
	if got := strings.Join(names, " "); got != "a+b@example.net example.net "+sender {
		t.Errorf("identities %s", got)
	}
	arn := aws.String(s.arn("identity", "example.net"))
	must(t, nil, second(c.TagResource(ctx, &sdk.TagResourceInput{ResourceArn: arn, Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}})))
	tags, err := c.ListTagsForResource(ctx, &sdk.ListTagsForResourceInput{ResourceArn: arn})
	if err != nil || len(tags.Tags) != 1 {
		t.Errorf("tags %+v, %v", tags, err)
	}
	if policies, err := c.GetEmailIdentityPolicies(ctx, &sdk.GetEmailIdentityPoliciesInput{EmailIdentity: aws.String("example.net")}); err != nil || len(policies.Policies) != 0 {
		t.Errorf("policies %+v, %v", policies, err)
	}
	must(t, nil, second(c.UntagResource(ctx, &sdk.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"a"}})))
	must(t, nil, second(c.DeleteEmailIdentity(ctx, &sdk.DeleteEmailIdentityInput{EmailIdentity: aws.String("a+b@example.net")})))
	_, err = c.GetEmailIdentity(ctx, &sdk.GetEmailIdentityInput{EmailIdentity: aws.String("a+b@example.net")})
	var notFound *types.NotFoundException
	if !errors.As(err, &notFound) {
		t.Errorf("deleted: %v", err)
	}
	_, err = c.SendEmail(ctx, &sdk.SendEmailInput{FromEmailAddress: aws.String(sender), Destination: &types.Destination{ToAddresses: []string{"a@example.org"}},
		Content: &types.EmailContent{Raw: &types.RawMessage{Data: []byte("x")}}, ListManagementOptions: &types.ListManagementOptions{ContactListName: aws.String("news")}})
	if !errors.As(err, &notFound) {
		t.Errorf("a contact list that is not there: %v", err)
	}
	_, err = c.CreateEmailIdentity(ctx, &sdk.CreateEmailIdentityInput{EmailIdentity: aws.String("no domain")})
	var bad *types.BadRequestException
	if !errors.As(err, &bad) {
		t.Errorf("nonsense: %v", err)
	}
}

func TestSetsAndDestinationsOverTheWire(t *testing.T) {
	s, _ := newState(t)
	c, ctx := client(t, s), t.Context()
	set, name := aws.String("mine"), aws.String("bus")
	must(t, nil, second(c.CreateConfigurationSet(ctx, &sdk.CreateConfigurationSetInput{ConfigurationSetName: set})))
	definition := &types.EventDestinationDefinition{Enabled: true, MatchingEventTypes: []types.EventType{types.EventTypeBounce, types.EventTypeSend},
		EventBridgeDestination: &types.EventBridgeDestination{EventBusArn: aws.String(s.defaultBus())}}
	create := &sdk.CreateConfigurationSetEventDestinationInput{ConfigurationSetName: set, EventDestinationName: name, EventDestination: definition}
	must(t, nil, second(c.CreateConfigurationSetEventDestination(ctx, create)))
	_, err := c.CreateConfigurationSetEventDestination(ctx, create)
	var exists *types.AlreadyExistsException
	if !errors.As(err, &exists) {
		t.Errorf("twice: %v", err)
	}
	definition.Enabled = false
	must(t, nil, second(c.UpdateConfigurationSetEventDestination(ctx, &sdk.UpdateConfigurationSetEventDestinationInput{ConfigurationSetName: set, EventDestinationName: name, EventDestination: definition})))
	list, err := c.GetConfigurationSetEventDestinations(ctx, &sdk.GetConfigurationSetEventDestinationsInput{ConfigurationSetName: set})
	must(t, list, err)
	if len(list.EventDestinations) != 1 || list.EventDestinations[0].Enabled || len(list.EventDestinations[0].MatchingEventTypes) != 2 {
		t.Errorf("destinations %+v", list.EventDestinations)
	}
	definition.EventBridgeDestination.EventBusArn = aws.String("arn:aws:events:us-east-1:000000000000:event-bus/own")
	_, err = c.UpdateConfigurationSetEventDestination(ctx, &sdk.UpdateConfigurationSetEventDestinationInput{ConfigurationSetName: set, EventDestinationName: name, EventDestination: definition})
	var bad *types.BadRequestException
	if !errors.As(err, &bad) {
		t.Errorf("another bus: %v", err)
	}
	must(t, nil, second(c.PutConfigurationSetSendingOptions(ctx, &sdk.PutConfigurationSetSendingOptionsInput{ConfigurationSetName: set, SendingEnabled: false})))
	got, err := c.GetConfigurationSet(ctx, &sdk.GetConfigurationSetInput{ConfigurationSetName: set})
	if err != nil || got.SendingOptions.SendingEnabled {
		t.Errorf("%+v, %v", got, err)
	}
	r := simple(reader)
	r.ConfigurationSet = "mine"
	if _, err := s.SendEmail(ctx, r); code(err) != "SendingPausedException" {
		t.Errorf("a set that is off: %v", err)
	}
	sets, err := c.ListConfigurationSets(ctx, &sdk.ListConfigurationSetsInput{})
	if err != nil || strings.Join(sets.ConfigurationSets, " ") != "all mine" {
		t.Errorf("%v, %v", sets, err)
	}
	must(t, nil, second(c.DeleteConfigurationSetEventDestination(ctx, &sdk.DeleteConfigurationSetEventDestinationInput{ConfigurationSetName: set, EventDestinationName: name})))
	must(t, nil, second(c.DeleteConfigurationSet(ctx, &sdk.DeleteConfigurationSetInput{ConfigurationSetName: set})))
	_, err = c.GetConfigurationSet(ctx, &sdk.GetConfigurationSetInput{ConfigurationSetName: set})
	var notFound *types.NotFoundException
	if !errors.As(err, &notFound) {
		t.Errorf("deleted: %v", err)
	}
}

func TestSuppressionOverTheWire(t *testing.T) {
	s, _ := newState(t)
	c, ctx := client(t, s), t.Context()
	for address, reason := range map[string]types.SuppressionListReason{"a+1@example.org": types.SuppressionListReasonBounce, "b@example.org": types.SuppressionListReasonComplaint} {
		must(t, nil, second(c.PutSuppressedDestination(ctx, &sdk.PutSuppressedDestinationInput{EmailAddress: &address, Reason: reason})))
	}
	got, err := c.GetSuppressedDestination(ctx, &sdk.GetSuppressedDestinationInput{EmailAddress: aws.String("A+1@example.org")})
	must(t, got, err)
	if d := got.SuppressedDestination; d.Reason != types.SuppressionListReasonBounce || time.Since(*d.LastUpdateTime).Abs() > time.Hour {
		t.Errorf("%+v", d)
	}
	list, err := c.ListSuppressedDestinations(ctx, &sdk.ListSuppressedDestinationsInput{Reasons: []types.SuppressionListReason{types.SuppressionListReasonComplaint},
		StartDate: aws.Time(time.Now().Add(-time.Hour)), EndDate: aws.Time(time.Now().Add(time.Hour))})
	if err != nil || len(list.SuppressedDestinationSummaries) != 1 || *list.SuppressedDestinationSummaries[0].EmailAddress != "b@example.org" {
		t.Errorf("%+v, %v", list, err)
	}
	must(t, nil, second(c.DeleteSuppressedDestination(ctx, &sdk.DeleteSuppressedDestinationInput{EmailAddress: aws.String("a+1@example.org")})))
	_, err = c.DeleteSuppressedDestination(ctx, &sdk.DeleteSuppressedDestinationInput{EmailAddress: aws.String("a+1@example.org")})
	var notFound *types.NotFoundException
	if !errors.As(err, &notFound) {
		t.Errorf("twice: %v", err)
	}
}

func TestTemplatesOverTheWire(t *testing.T) {
	s, _ := newState(t)
	c, ctx := client(t, s), t.Context()
	name := aws.String("t")
	content := &types.EmailTemplateContent{Subject: aws.String("{{s}}"), Text: aws.String("{{t}}")}
	_, err := c.UpdateEmailTemplate(ctx, &sdk.UpdateEmailTemplateInput{TemplateName: name, TemplateContent: content})
	var notFound *types.NotFoundException
	if !errors.As(err, &notFound) {
		t.Errorf("not there: %v", err)
	}
	must(t, nil, second(c.CreateEmailTemplate(ctx, &sdk.CreateEmailTemplateInput{TemplateName: name, TemplateContent: content})))
	content.Text = aws.String("{{t}}?")
	must(t, nil, second(c.UpdateEmailTemplate(ctx, &sdk.UpdateEmailTemplateInput{TemplateName: name, TemplateContent: content})))
	got, err := c.GetEmailTemplate(ctx, &sdk.GetEmailTemplateInput{TemplateName: name})
	if err != nil || *got.TemplateContent.Text != "{{t}}?" {
		t.Errorf("%+v, %v", got, err)
	}
	list, err := c.ListEmailTemplates(ctx, &sdk.ListEmailTemplatesInput{})
	if err != nil || len(list.TemplatesMetadata) != 1 || list.TemplatesMetadata[0].CreatedTimestamp == nil {
		t.Errorf("%+v, %v", list, err)
	}
	filled, err := c.TestRenderEmailTemplate(ctx, &sdk.TestRenderEmailTemplateInput{TemplateName: name, TemplateData: aws.String(`{"s":"Subject","t":"Well"}`)})
	if err != nil || !strings.Contains(*filled.RenderedTemplate, "Subject: Subject\r\n") || !strings.Contains(*filled.RenderedTemplate, "Well?") {
		t.Errorf("%v, %v", filled, err)
	}
	must(t, nil, second(c.DeleteEmailTemplate(ctx, &sdk.DeleteEmailTemplateInput{TemplateName: name})))
}

func TestUnknownRoutes(t *testing.T) {
	s, _ := newState(t)
	w := httptest.NewRecorder()
	Handler(s).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v2/email/nothing", nil))
	if w.Code != http.StatusNotFound || w.Header().Get("X-Amzn-Errortype") != "UnknownOperationException" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

func FuzzWire(f *testing.F) {
	f.Add("POST", "outbound-emails", `{"Content":{"Raw":{"Data":"eA=="}}}`)
	f.Add("POST", "outbound-emails", `{"FromEmailAddress":"sluice@example.com","Destination":{"ToAddresses":["a@b.example"]},"Content":{"Simple":{"Subject":{"Data":"x"},"Body":{"Html":{"Data":"x"}}}}}`)
	f.Add("GET", "suppression/addresses?StartDate=1e300&Reason=X&PageSize=-1", ``)
	f.Add("PUT", "templates/%2F", `{"TemplateContent":{"Text":"{{#if}}"}}`)
	f.Add("POST", "configuration-sets/all/event-destinations", `{"EventDestinationName":"x","EventDestination":{"SnsDestination":{}}}`)
	s, _ := newState(f)
	h := Handler(s)
	f.Fuzz(func(t *testing.T, method, path, body string) {
		r, err := http.NewRequest(method, "http://127.0.0.1/v2/email/"+path, strings.NewReader(body))
		if err != nil {
			return
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code >= 500 {
			text, _ := io.ReadAll(w.Result().Body)
			t.Fatalf("%s %s %q: %d %s", method, path, body, w.Code, text)
		}
	})
}
