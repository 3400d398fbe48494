package ses

import (
	"slices"
	"strings"
	"testing"
)

func TestWhatBecomesOfAMailIsPublished(t *testing.T) {
	s, p := newState(t)
	if err := s.Suppress(t.Context(), "gone@example.org", KindComplaint); err != nil {
		t.Fatal(err)
	}
	for to, want := range map[string][]string{
		reader:                                    {"Email Sent", "Email Delivered"},
		"success@simulator.amazonses.com":         {"Email Sent", "Email Delivered"},
		"bounce+x@simulator.amazonses.com":        {"Email Sent", "Email Bounced"},
		"complaint@simulator.amazonses.com":       {"Email Sent", "Email Delivered", "Email Complaint Received"},
		"ooto@simulator.amazonses.com":            {"Email Sent", "Email Delivered", "Email Bounced"},
		"suppressionlist@simulator.amazonses.com": {"Email Sent", "Email Bounced"},
		"gone@example.org":                        {"Email Sent", "Email Bounced"},
	} {
		m := mustSend(t, s, simple(to))
		types, details := p.take(t)
		if !slices.Equal(types, want) {
			t.Errorf("%s: %v, want %v", to, types, want)
		}
		for _, d := range details {
			if d.Mail.MessageID != m.ID || d.Mail.Tags["ses:configuration-set"][0] != "all" || d.Mail.Destination[0] != to || d.Mail.CommonHeaders.Subject != "s" {
				t.Errorf("%s: mail %+v", to, d.Mail)
			}
		}
		switch last := details[len(details)-1]; {
		case strings.HasPrefix(to, "bounce"):
			if b := last.Bounce; b.BounceType != "Permanent" || b.BouncedRecipients[0].EmailAddress != to || b.BouncedRecipients[0].Status != "5.1.1" {
				t.Errorf("bounce %+v", b)
			}
		case strings.HasPrefix(to, "gone"):
			if b := last.Bounce; b.BounceSubType != "OnAccountSuppressionList" {
				t.Errorf("bounce %+v", b)
			}
		case strings.HasPrefix(to, "complaint"):
			if c := last.Complaint; c.ComplaintFeedbackType != "abuse" || c.ComplainedRecipients[0].EmailAddress != to {
				t.Errorf("complaint %+v", c)
			}
		}
	}
}

func TestOnlyWhatASetWantsIsPublished(t *testing.T) {
	s, p := newState(t)
	ctx := t.Context()
	if err := s.CreateSet(ctx, ConfigurationSet{Name: "few"}); err != nil {
		t.Fatal(err)
	}
	d := Destination{Enabled: true, Kinds: []string{KindBounce}, BusARN: s.defaultBus()}
	if err := s.PutDestination(ctx, "few", "bus", d, true); err != nil {
		t.Fatal(err)
	}
	r := simple("bounce@simulator.amazonses.com")
	r.ConfigurationSet = "few"
	mustSend(t, s, r)
	if types, _ := p.take(t); !slices.Equal(types, []string{"Email Bounced"}) {
		t.Errorf("published %v", types)
	}
	d.Enabled = false
	if err := s.PutDestination(ctx, "few", "bus", d, false); err != nil {
		t.Fatal(err)
	}
	mustSend(t, s, r)
	r.ConfigurationSet = ""
	mustSend(t, s, r)
	if types, _ := p.take(t); len(types) != 0 {
		t.Errorf("published %v", types)
	}
}

func TestAVirusIsRejected(t *testing.T) {
	s, p := newState(t)
	r := simple(reader)
	r.Simple.Attachments = []Attachment{{FileName: "x.com", Content: []byte(eicar + "-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*")}}
	m := mustSend(t, s, r)
	types, details := p.take(t)
	if !slices.Equal(types, []string{"Email Sent", "Email Rejected"}) || details[1].Reject.Reason != "Bad content" || m.Outcomes[""] != "Reject" {
		t.Errorf("published %v, outcomes %v", types, m.Outcomes)
	}
}

func TestFeedbackOnDemand(t *testing.T) {
	s, p := newState(t)
	m := mustSend(t, s, simple(reader))
	p.take(t)
	for kind, want := range map[string]string{KindDeliveryDelay: "Email Delivery Delayed", KindBounce: "Email Bounced", KindComplaint: "Email Complaint Received"} {
		if err := s.Feedback(t.Context(), m.ID, reader, kind); err != nil {
			t.Fatal(err)
		}
		if types, _ := p.take(t); !slices.Equal(types, []string{want}) {
			t.Errorf("%s: published %v", kind, types)
		}
		if got, err := s.Mail(m.ID); err != nil || got.Outcomes[reader] != label(kind) {
			t.Errorf("%s: outcomes %v, %v", kind, got.Outcomes, err)
		}
	}
	if _, err := s.Suppression(reader); err != nil {
		t.Errorf("not on the suppression list: %v", err)
	}
	if err := s.Feedback(t.Context(), m.ID, "other@example.org", KindBounce); code(err) != CodeBadRequest {
		t.Errorf("feedback of somebody else: %v", err)
	}
	if err := s.Feedback(t.Context(), "0100-x", reader, KindBounce); code(err) != CodeNotFound {
		t.Errorf("feedback for no mail: %v", err)
	}
}
