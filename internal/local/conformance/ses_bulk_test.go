package conformance

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	sestypes "github.com/aws/aws-sdk-go-v2/service/sesv2/types"
)

var sesBulkCases = []Case{
	{"many mails of one template", sesReference + "API_SendBulkEmail.html", func(t testing.TB, target Target) {
		r := newSESRoom(t, target)
		content := &sestypes.BulkEmailContent{Template: &sestypes.Template{TemplateName: r.template("Hi {{name}}", "{{name}}", ""), TemplateData: aws.String(`{"name":"friend"}`)}}
		entry := func(data string) sestypes.BulkEmailEntry {
			e := sestypes.BulkEmailEntry{Destination: sesTo(someone)}
			if data != "" {
				e.ReplacementEmailContent = &sestypes.ReplacementEmailContent{ReplacementTemplate: &sestypes.ReplacementTemplate{ReplacementTemplateData: &data}}
			}
			return e
		}
		out, err := r.SendBulkEmail(r.ctx, &sesv2.SendBulkEmailInput{FromEmailAddress: &r.sender, DefaultContent: content, BulkEmailEntries: []sestypes.BulkEmailEntry{entry(`{"name":"Ann"}`), entry("")}})
		wantTold(t, "send", err, "200")
		if err == nil {
			ids := map[string]bool{}
			for _, one := range out.BulkEmailEntryResults {
				if one.Status != sestypes.BulkEmailStatusSuccess || one.Error != nil {
					t.Errorf("an entry: %s %s", one.Status, aws.ToString(one.Error))
				}
				ids[aws.ToString(one.MessageId)] = true
			}
			if len(ids) != 2 || ids[""] {
				t.Errorf("message ids %v", ids)
			}
		}
		_, err = r.SendBulkEmail(r.ctx, &sesv2.SendBulkEmailInput{FromEmailAddress: aws.String("x@unverified.example"), DefaultContent: content, BulkEmailEntries: []sestypes.BulkEmailEntry{entry("")}})
		wantTold(t, "an unverified sender", err, "400 MessageRejected")
	}},
}

// TestSESAccountSuppression switches the suppression of a machine of its own: the
// attributes are the account's.
func TestSESAccountSuppression(t *testing.T) {
	t.Parallel()
	target, _ := ownMachine(t)
	client := sesv2.NewFromConfig(target.Config)
	reasons := func() []sestypes.SuppressionListReason {
		out, err := client.GetAccount(t.Context(), &sesv2.GetAccountInput{})
		if err != nil || out.SendQuota == nil || out.SendQuota.MaxSendRate <= 0 || !out.SendingEnabled {
			t.Fatalf("account: %+v, %v", out, err)
		}
		return out.SuppressionAttributes.SuppressedReasons
	}
	if got := reasons(); len(got) != 2 {
		t.Errorf("before: %v", got)
	}
	for _, want := range [][]sestypes.SuppressionListReason{{sestypes.SuppressionListReasonComplaint}, {}} {
		if _, err := client.PutAccountSuppressionAttributes(t.Context(), &sesv2.PutAccountSuppressionAttributesInput{SuppressedReasons: want}); err != nil {
			t.Fatal(err)
		}
		if got := reasons(); len(got) != len(want) {
			t.Errorf("%v, want %v", got, want)
		}
	}
	if _, err := client.PutAccountSendingAttributes(t.Context(), &sesv2.PutAccountSendingAttributesInput{SendingEnabled: false}); err != nil {
		t.Fatal(err)
	}
	r := newSESRoom(t, target)
	_, err := r.SendEmail(r.ctx, &sesv2.SendEmailInput{FromEmailAddress: &r.sender, Destination: sesTo(someone), Content: sesSimple("s", "t")})
	wantTold(t, "sending is off", err, "400 SendingPausedException")
}
