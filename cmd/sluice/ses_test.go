package main

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/google/go-cmp/cmp"
)

// sesAccount is SES with at most one identity.
type sesAccount struct {
	known   *sesv2.GetEmailIdentityOutput
	sandbox bool
	made    []string
	fail    error
}

func (a *sesAccount) GetEmailIdentity(context.Context, *sesv2.GetEmailIdentityInput, ...func(*sesv2.Options)) (*sesv2.GetEmailIdentityOutput, error) {
	if a.known == nil {
		return nil, &types.NotFoundException{}
	}
	return a.known, a.fail
}

func (a *sesAccount) CreateEmailIdentity(_ context.Context, in *sesv2.CreateEmailIdentityInput, _ ...func(*sesv2.Options)) (*sesv2.CreateEmailIdentityOutput, error) {
	a.made = append(a.made, *in.EmailIdentity)
	a.known = pending()
	return &sesv2.CreateEmailIdentityOutput{}, nil
}

func (a *sesAccount) PutEmailIdentityMailFromAttributes(_ context.Context, in *sesv2.PutEmailIdentityMailFromAttributesInput, _ ...func(*sesv2.Options)) (*sesv2.PutEmailIdentityMailFromAttributesOutput, error) {
	a.made = append(a.made, *in.MailFromDomain)
	a.known.MailFromAttributes = &types.MailFromAttributes{MailFromDomain: in.MailFromDomain, MailFromDomainStatus: types.MailFromDomainStatusPending}
	return &sesv2.PutEmailIdentityMailFromAttributesOutput{}, nil
}

func (a *sesAccount) GetAccount(context.Context, *sesv2.GetAccountInput, ...func(*sesv2.Options)) (*sesv2.GetAccountOutput, error) {
	return &sesv2.GetAccountOutput{ProductionAccessEnabled: !a.sandbox, SendingEnabled: true, SendQuota: &types.SendQuota{Max24HourSend: 200, MaxSendRate: 1}}, nil
}

// pending is a domain that was just made.
func pending() *sesv2.GetEmailIdentityOutput {
	return &sesv2.GetEmailIdentityOutput{DkimAttributes: &types.DkimAttributes{SigningEnabled: true, Status: types.DkimStatusPending, Tokens: []string{"t1", "t2"}}}
}

// zone is DNS: TXT records by name, and MX as "MX name".
type zone map[string]string

func (z zone) LookupTXT(_ context.Context, name string) ([]string, error) {
	if text, found := z[name]; found {
		return []string{text}, nil
	}
	return nil, errors.New("no such host")
}

func (z zone) LookupMX(_ context.Context, name string) ([]*net.MX, error) {
	if host, found := z["MX "+name]; found {
		return []*net.MX{{Host: host, Pref: 10}}, nil
	}
	return nil, errors.New("no such host")
}

func TestWhatASenderLacksIsTold(t *testing.T) {
	verified := func() *sesv2.GetEmailIdentityOutput {
		k := pending()
		k.VerifiedForSendingStatus, k.DkimAttributes.Status = true, types.DkimStatusSuccess
		return k
	}
	own := func(status types.MailFromDomainStatus) *sesv2.GetEmailIdentityOutput {
		k := verified()
		k.MailFromAttributes = &types.MailFromAttributes{MailFromDomain: aws.String("mail.example.com"), MailFromDomainStatus: status}
		return k
	}
	full := zone{
		"_dmarc.example.com": "v=DMARC1; p=reject", "t1._domainkey.example.com": "p=MIGf", "t2._domainkey.example.com": "p=MIGf",
		"mail.example.com": "v=spf1 include:amazonses.com ~all", "MX mail.example.com": "feedback-smtp.eu-west-1.amazonses.com.",
	}
	dkim := []dnsRecord{{"t1._domainkey.example.com", "CNAME", "t1.dkim.amazonses.com"}, {"t2._domainkey.example.com", "CNAME", "t2.dkim.amazonses.com"}}
	dmarc := dnsRecord{"_dmarc.example.com", "TXT", "v=DMARC1; p=none; rua=mailto:postmaster@example.com"}
	for name, tt := range map[string]struct {
		identity string
		account  sesAccount
		v        verifier
		states   string
		records  []dnsRecord
		complete bool
		made     []string
	}{
		"made now": {"example.com", sesAccount{}, verifier{dns: zone{}, start: true}, "missing missing advised missing",
			append(append([]dnsRecord{}, dkim...), dmarc), false, []string{"example.com"}},
		"only looked for":                          {"example.com", sesAccount{}, verifier{dns: zone{}}, "missing", nil, false, nil},
		"records are there, SES has not seen them": {"example.com", sesAccount{known: pending()}, verifier{dns: full}, "missing missing advised ok", nil, false, nil},
		"all is well":                              {"example.com", sesAccount{known: own(types.MailFromDomainStatusSuccess)}, verifier{dns: full}, "ok ok ok ok", nil, true, nil},
		"no DMARC":                                 {"example.com", sesAccount{known: verified()}, verifier{dns: zone{}}, "ok ok advised missing", []dnsRecord{dmarc}, false, nil},
		"MAIL FROM is not known":                   {"example.com", sesAccount{known: own(types.MailFromDomainStatusPending)}, verifier{dns: full}, "ok ok missing ok", nil, false, nil},
		"MAIL FROM without records": {"example.com", sesAccount{known: own(types.MailFromDomainStatusPending)}, verifier{dns: zone{"_dmarc.example.com": "v=DMARC1; p=none"}},
			"ok ok missing ok", []dnsRecord{{"mail.example.com", "MX", "10 feedback-smtp.eu-west-1.amazonses.com"}, {"mail.example.com", "TXT", "v=spf1 include:amazonses.com ~all"}}, false, nil},
		"MAIL FROM is set": {"example.com", sesAccount{known: verified()}, verifier{dns: full, start: true, mailFrom: "mail.example.com"}, "ok ok missing ok", nil, false, []string{"mail.example.com"}},
		"an address":       {"ada@example.com", sesAccount{known: &sesv2.GetEmailIdentityOutput{VerifiedForSendingStatus: true}}, verifier{dns: full}, "ok ok", nil, true, nil},
		"no DNS here":      {"example.com", sesAccount{known: own(types.MailFromDomainStatusSuccess)}, verifier{}, "ok ok not checked not checked", nil, true, nil},
	} {
		t.Run(name, func(t *testing.T) {
			tt.v.ses, tt.v.region = &tt.account, "eu-west-1"
			report, err := tt.v.verify(t.Context(), tt.identity)
			if err != nil {
				t.Fatal(err)
			}
			var states []string
			var records []dnsRecord
			for _, c := range report.Checks {
				states = append(states, c.State)
				records = append(records, c.Record...)
			}
			if got := strings.Join(states, " "); got != tt.states || report.Complete != tt.complete {
				t.Errorf("%s, complete: %t; want %s", got, report.Complete, tt.states)
			}
			if diff := cmp.Diff(tt.records, records); diff != "" {
				t.Errorf("records (-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(tt.made, tt.account.made); diff != "" {
				t.Errorf("made (-want +got)\n%s", diff)
			}
		})
	}
}

func TestWhatIsNoSender(t *testing.T) {
	for text, want := range map[string]string{
		"Example.COM": "example.com", "Ada@Example.com": "ada@example.com", "mail.xn--bcher-kva.example": "mail.xn--bcher-kva.example",
		"": "", "com": "", "a b.com": "", "Ada <ada@example.com>": "", "-a.com": "", "a@b@c.com": "", "http://example.com": "", "ada@localhost": "",
	} {
		if got, err := identityOf(text); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

// On one machine the same commands work on the local SES.
func TestSESCommandsOnThisMachine(t *testing.T) {
	data := t.TempDir()
	dev(t, data)
	ok := func(args ...string) result {
		t.Helper()
		r := sluice(t, data, args...)
		if r.code != exitOK {
			t.Fatalf("%v: exit %d\n%s%s", args, r.code, r.out, r.err)
		}
		return r
	}
	if r := ok("ses", "verify", "example.com"); !strings.Contains(r.out, "verified for sending") || !strings.Contains(r.out, "asks no DNS") || !strings.Contains(r.out, "sending is on") ||
		!strings.Contains(r.out, "any number of mails a day") {
		t.Errorf("verify: %s", r.out)
	}
	if r := sluice(t, data, "ses", "verify", "no domain"); r.code != exitUsage {
		t.Errorf("exit %d: %s", r.code, r.err)
	}
	if r := ok("ses", "suppressed", "ada@example.com"); !strings.Contains(r.out, "not suppressed") {
		t.Errorf("%s", r.out)
	}
	ok("ses", "suppress", "ada@example.com")
	if r := ok("ses", "suppressed", "ADA@example.com"); !strings.Contains(r.out, "an operator suppressed the address") {
		t.Errorf("%s", r.out)
	}
	if r := ok("ses", "suppressed"); !strings.Contains(r.out, "manual") || strings.Contains(r.out, "@") {
		t.Errorf("the list: %s", r.out)
	}
	if r := ok("ses", "lift", "ada@example.com"); !strings.Contains(r.out, "not suppressed") {
		t.Errorf("%s", r.out)
	}
	for _, args := range [][]string{{"ses", "reputation"}, {"ses", "resume"}} {
		if r := ok(args...); !strings.Contains(r.out, "sending           on") {
			t.Errorf("%v: %s", args, r.out)
		}
	}
	if got := document(t, ok("ses", "reputation", "--json")); got["stopped"] != false || got["sends"] != 0.0 {
		t.Errorf("%v", got)
	}
	if r := sluice(t, data, "ses", "reputation", "--env", "No Name"); r.code != exitUsage {
		t.Errorf("exit %d: %s", r.code, r.err)
	}
}
