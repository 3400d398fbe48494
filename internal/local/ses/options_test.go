package ses

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
)

func TestOptionsAreKeptAndTold(t *testing.T) {
	s, _ := newState(t)
	c, ctx, set := client(t, s), t.Context(), aws.String("all")
	if _, err := c.PutConfigurationSetDeliveryOptions(ctx, &sdk.PutConfigurationSetDeliveryOptionsInput{ConfigurationSetName: set, TlsPolicy: types.TlsPolicyRequire}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.PutConfigurationSetReputationOptions(ctx, &sdk.PutConfigurationSetReputationOptionsInput{ConfigurationSetName: set, ReputationMetricsEnabled: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.PutConfigurationSetSuppressionOptions(ctx, &sdk.PutConfigurationSetSuppressionOptionsInput{ConfigurationSetName: set, SuppressedReasons: []types.SuppressionListReason{}}); err != nil {
		t.Fatal(err)
	}
	again, err := New(s.store, nil, Config{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := client(t, again).GetConfigurationSet(ctx, &sdk.GetConfigurationSetInput{ConfigurationSetName: set})
	if err != nil || got.DeliveryOptions == nil || got.DeliveryOptions.TlsPolicy != types.TlsPolicyRequire || !got.ReputationOptions.ReputationMetricsEnabled ||
		got.SuppressionOptions == nil || len(got.SuppressionOptions.SuppressedReasons) != 0 || got.TrackingOptions != nil {
		t.Errorf("after a restart: %+v, %v", got, err)
	}
	if err := s.Suppress(ctx, "gone@example.org", KindBounce); err != nil {
		t.Fatal(err)
	}
	for set, kind := range map[string]string{"all": KindDelivery, "": KindBounce} {
		if became := s.outcomesFor("gone@example.org", set); became[0].kind != kind {
			t.Errorf("set %q: %+v", set, became)
		}
	}
	_, err = c.PutConfigurationSetSuppressionOptions(ctx, &sdk.PutConfigurationSetSuppressionOptionsInput{ConfigurationSetName: aws.String("none")})
	if code(err) != CodeNotFound {
		t.Errorf("no such set: %v", err)
	}
}

func TestAttributesOfAnIdentityAreKeptAndTold(t *testing.T) {
	s, _ := newState(t)
	c, ctx, name := client(t, s), t.Context(), aws.String(sender)
	for what, err := range map[string]error{
		"dkim": func() error {
			_, err := c.PutEmailIdentityDkimAttributes(ctx, &sdk.PutEmailIdentityDkimAttributesInput{EmailIdentity: name})
			return err
		}(),
		"feedback": func() error {
			_, err := c.PutEmailIdentityFeedbackAttributes(ctx, &sdk.PutEmailIdentityFeedbackAttributesInput{EmailIdentity: name})
			return err
		}(),
		"set": func() error {
			_, err := c.PutEmailIdentityConfigurationSetAttributes(ctx, &sdk.PutEmailIdentityConfigurationSetAttributesInput{EmailIdentity: name, ConfigurationSetName: aws.String("all")})
			return err
		}(),
		"mail from": func() error {
			_, err := c.PutEmailIdentityMailFromAttributes(ctx, &sdk.PutEmailIdentityMailFromAttributesInput{EmailIdentity: name, MailFromDomain: aws.String("bounces.example.com")})
			return err
		}(),
	} {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	got, err := c.GetEmailIdentity(ctx, &sdk.GetEmailIdentityInput{EmailIdentity: name})
	if err != nil || got.DkimAttributes.SigningEnabled || got.FeedbackForwardingStatus || aws.ToString(got.ConfigurationSetName) != "all" ||
		got.MailFromAttributes == nil || *got.MailFromAttributes.MailFromDomain != "bounces.example.com" {
		t.Errorf("%+v, %v", got, err)
	}
	_, err = c.PutEmailIdentityConfigurationSetAttributes(ctx, &sdk.PutEmailIdentityConfigurationSetAttributesInput{EmailIdentity: name, ConfigurationSetName: aws.String("none")})
	if code(err) != CodeNotFound {
		t.Errorf("no such set: %v", err)
	}
}
