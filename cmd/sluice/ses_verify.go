package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"regexp"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/spf13/cobra"
)

// sesAPI is what is asked of SES.
type sesAPI interface {
	GetEmailIdentity(context.Context, *sesv2.GetEmailIdentityInput, ...func(*sesv2.Options)) (*sesv2.GetEmailIdentityOutput, error)
	CreateEmailIdentity(context.Context, *sesv2.CreateEmailIdentityInput, ...func(*sesv2.Options)) (*sesv2.CreateEmailIdentityOutput, error)
	PutEmailIdentityMailFromAttributes(context.Context, *sesv2.PutEmailIdentityMailFromAttributesInput, ...func(*sesv2.Options)) (*sesv2.PutEmailIdentityMailFromAttributesOutput, error)
	GetAccount(context.Context, *sesv2.GetAccountInput, ...func(*sesv2.Options)) (*sesv2.GetAccountOutput, error)
}

// resolver is what is asked of DNS; *net.Resolver is one.
type resolver interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
	LookupMX(ctx context.Context, name string) ([]*net.MX, error)
}

// verifier checks a sender identity.
type verifier struct {
	ses sesAPI
	// dns is nil where names are not in DNS: on the local machine.
	dns    resolver
	region string
	// start: what is not begun is begun.
	start    bool
	mailFrom string
}

// identityReport is what is known of an identity.
type identityReport struct {
	Identity string          `json:"identity"`
	Verified bool            `json:"verified"`
	Started  bool            `json:"started"`
	Checks   []identityCheck `json:"checks"`
	Account  accountReport   `json:"account"`
	Complete bool            `json:"complete"`
}

// The states of a check.
const (
	checkOK        = "ok"
	checkMissing   = "missing"
	checkAdvised   = "advised" // better, and not needed
	checkUnchecked = "not checked"
)

// identityCheck is one thing that SES or DNS must know.
type identityCheck struct {
	What   string      `json:"what"`
	State  string      `json:"state"`
	Note   string      `json:"note,omitempty"`
	Record []dnsRecord `json:"records,omitempty"`
}

// dnsRecord is what to put into DNS.
type dnsRecord struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Value string `json:"value"`
}

// accountReport is what the account may do.
type accountReport struct {
	Sandbox        bool    `json:"sandbox"`
	SendingEnabled bool    `json:"sendingEnabled"`
	PerDay         float64 `json:"mailsPerDay"`
	PerSecond      float64 `json:"mailsPerSecond"`
	SentToday      float64 `json:"sentInLastDay"`
}

func newVerify(w *where) *cobra.Command {
	var check bool
	var mailFrom string
	cmd := &cobra.Command{
		Use:   "verify DOMAIN|ADDRESS",
		Short: "Start and check the verification of a sender, and print what to put into DNS",
		Long: `Start and check the verification of a sender: the identity itself, DKIM, the MAIL FROM domain with SPF, and DMARC.
Prints the DNS records that are missing, and whether the account is in SES's sandbox. Run it again until it exits 0.

An address is verified by a mail with a link; everything else belongs to its domain.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			identity, err := identityOf(args[0])
			if err != nil {
				return err
			}
			return w.at(cmd.Context(), func(ctx context.Context, at *site) error {
				v := verifier{ses: sesv2.NewFromConfig(at.config), region: at.config.Region, start: !check, mailFrom: mailFrom}
				if at.session == nil {
					v.dns = net.DefaultResolver
				}
				report, err := v.verify(ctx, identity)
				if err != nil {
					return err
				}
				return w.showIdentity(report)
			})
		},
	}
	cmd.Flags().BoolVar(&check, "check", false, "only look; start nothing")
	cmd.Flags().StringVar(&mailFrom, "mail-from", "", "make this subdomain the identity's MAIL FROM domain, which SPF and bounces go by")
	return cmd
}

var domainName = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$`)

// identityOf is the domain or the address, in small letters.
func identityOf(text string) (string, error) {
	text = strings.ToLower(strings.TrimSpace(text))
	if parsed, err := mail.ParseAddress(text); err == nil && parsed.Address == text && domainName.MatchString(domainOf(text)) {
		return text, nil
	}
	if !domainName.MatchString(text) || len(text) > 253 {
		return "", usagef("%q is neither a domain nor an address", text)
	}
	return text, nil
}

func domainOf(identity string) string { return identity[strings.LastIndexByte(identity, '@')+1:] }

// verify checks everything. The error is SES's.
func (v verifier) verify(ctx context.Context, identity string) (identityReport, error) {
	report := identityReport{Identity: identity}
	known, err := v.ses.GetEmailIdentity(ctx, &sesv2.GetEmailIdentityInput{EmailIdentity: &identity})
	var unknown *types.NotFoundException
	if errors.As(err, &unknown) {
		known, err = v.begin(ctx, identity, &report)
	}
	if err != nil {
		return report, fmt.Errorf("SES: %w", err)
	}
	if v.mailFrom != "" && v.start {
		if known, err = v.setMailFrom(ctx, identity, known); err != nil {
			return report, err
		}
	}
	if report.Account, err = v.account(ctx); err != nil {
		return report, err
	}
	if known == nil {
		report.Checks = []identityCheck{{What: "identity", State: checkMissing, Note: "SES does not know it; without --check it is made"}}
		return report, nil
	}
	report.Verified = known.VerifiedForSendingStatus
	report.Checks = append(report.Checks, v.identity(identity, known))
	if !strings.Contains(identity, "@") {
		report.Checks = append(report.Checks, v.dkim(ctx, identity, known), v.envelope(ctx, identity, known))
	}
	report.Checks = append(report.Checks, v.dmarc(ctx, domainOf(identity)))
	report.Complete = true
	for _, c := range report.Checks {
		report.Complete = report.Complete && c.State != checkMissing
	}
	return report, nil
}

// begin makes the identity, if it may: SES then mails a link, or looks for the
// DKIM records.
func (v verifier) begin(ctx context.Context, identity string, report *identityReport) (*sesv2.GetEmailIdentityOutput, error) {
	if !v.start {
		return nil, nil
	}
	if _, err := v.ses.CreateEmailIdentity(ctx, &sesv2.CreateEmailIdentityInput{EmailIdentity: &identity}); err != nil {
		return nil, err
	}
	report.Started = true
	return v.ses.GetEmailIdentity(ctx, &sesv2.GetEmailIdentityInput{EmailIdentity: &identity})
}

func (v verifier) setMailFrom(ctx context.Context, identity string, known *sesv2.GetEmailIdentityOutput) (*sesv2.GetEmailIdentityOutput, error) {
	domain := strings.ToLower(v.mailFrom)
	if !strings.HasSuffix(domain, "."+domainOf(identity)) || !domainName.MatchString(domain) {
		return nil, usagef("--mail-from %q is not a subdomain of %s", v.mailFrom, domainOf(identity))
	}
	if known.MailFromAttributes != nil && aws.ToString(known.MailFromAttributes.MailFromDomain) == domain {
		return known, nil
	}
	if _, err := v.ses.PutEmailIdentityMailFromAttributes(ctx, &sesv2.PutEmailIdentityMailFromAttributesInput{
		EmailIdentity: &identity, MailFromDomain: &domain, BehaviorOnMxFailure: types.BehaviorOnMxFailureUseDefaultValue}); err != nil {
		return nil, fmt.Errorf("SES: %w", err)
	}
	known, err := v.ses.GetEmailIdentity(ctx, &sesv2.GetEmailIdentityInput{EmailIdentity: &identity})
	if err != nil {
		return nil, fmt.Errorf("SES: %w", err)
	}
	return known, nil
}

func (v verifier) identity(identity string, known *sesv2.GetEmailIdentityOutput) identityCheck {
	c := identityCheck{What: "identity", State: checkOK, Note: "verified for sending"}
	switch {
	case known.VerifiedForSendingStatus:
	case strings.Contains(identity, "@"):
		c.State, c.Note = checkMissing, "SES has mailed a link to the address; follow it within 24 hours"
	default:
		c.State, c.Note = checkMissing, "SES waits for the DKIM records"
	}
	return c
}

// dkim checks that SES signs and has found its keys. An identity with keys of its
// own (BYODKIM) has no tokens: then only SES knows.
func (v verifier) dkim(ctx context.Context, domain string, known *sesv2.GetEmailIdentityOutput) identityCheck {
	c := identityCheck{What: "DKIM", State: checkOK, Note: "mails are signed"}
	d := known.DkimAttributes
	if d == nil || !d.SigningEnabled {
		return identityCheck{What: "DKIM", State: checkMissing, Note: "signing is switched off for the identity"}
	}
	zone := "dkim.amazonses.com"
	if z := aws.ToString(d.SigningHostedZone); z != "" {
		zone = z
	}
	found := true
	for _, token := range d.Tokens {
		r := dnsRecord{Name: token + "._domainkey." + domain, Type: "CNAME", Value: token + "." + zone}
		if v.dns == nil || !v.hasTXT(ctx, r.Name, "p=") {
			found = false
			c.Record = append(c.Record, r)
		}
	}
	switch {
	case d.Status == types.DkimStatusSuccess:
		c.Record = nil
	case v.dns != nil && found && len(d.Tokens) > 0:
		c.State, c.Note = checkMissing, "the records are in DNS; SES has yet to see them (up to 72 hours)"
	default:
		c.State, c.Note = checkMissing, "put these into DNS"
	}
	return c
}

// envelope checks the domain that bounces go to, which is the one that SPF is
// about (https://docs.aws.amazon.com/ses/latest/dg/mail-from.html). Without one of
// its own, it is amazonses.com, whose SPF is in order.
func (v verifier) envelope(ctx context.Context, domain string, known *sesv2.GetEmailIdentityOutput) identityCheck {
	from := ""
	if known.MailFromAttributes != nil {
		from = aws.ToString(known.MailFromAttributes.MailFromDomain)
	}
	if from == "" {
		return identityCheck{What: "MAIL FROM and SPF", State: checkAdvised,
			Note: "amazonses.com's; DMARC then rests on DKIM alone. --mail-from mail." + domain + " makes one of your own"}
	}
	c := identityCheck{What: "MAIL FROM and SPF", State: checkOK, Note: from}
	if v.dns == nil {
		c.State, c.Note = checkUnchecked, from+"; the local machine asks no DNS"
		return c
	}
	host := fmt.Sprintf("feedback-smtp.%s.amazonses.com", v.region)
	exchanges, err := v.dns.LookupMX(ctx, from)
	if err != nil || len(exchanges) != 1 || !strings.EqualFold(strings.TrimSuffix(exchanges[0].Host, "."), host) {
		c.Record = append(c.Record, dnsRecord{from, "MX", "10 " + host})
	}
	if !v.hasTXT(ctx, from, "include:amazonses.com") {
		c.Record = append(c.Record, dnsRecord{from, "TXT", "v=spf1 include:amazonses.com ~all"})
	}
	switch {
	case len(c.Record) > 0:
		c.State, c.Note = checkMissing, "put these into DNS"
	case known.MailFromAttributes.MailFromDomainStatus != types.MailFromDomainStatusSuccess:
		c.State, c.Note = checkMissing, "the records are in DNS; SES has yet to see them (up to 72 hours)"
	}
	return c
}

// dmarc checks that the domain has a policy; mailbox providers ask for one.
func (v verifier) dmarc(ctx context.Context, domain string) identityCheck {
	name := "_dmarc." + domain
	if v.dns == nil {
		return identityCheck{What: "DMARC", State: checkUnchecked, Note: "the local machine asks no DNS"}
	}
	if v.hasTXT(ctx, name, "v=DMARC1") {
		return identityCheck{What: "DMARC", State: checkOK, Note: "the domain has a policy"}
	}
	return identityCheck{What: "DMARC", State: checkMissing, Note: "put this into DNS; a stricter policy is yours to choose",
		Record: []dnsRecord{{name, "TXT", "v=DMARC1; p=none; rua=mailto:postmaster@" + domain}}}
}

// hasTXT tells whether a TXT record of the name, behind whatever CNAME, contains
// the text. A name that cannot be looked up has none.
func (v verifier) hasTXT(ctx context.Context, name, text string) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	found, err := v.dns.LookupTXT(ctx, name)
	if err != nil {
		return false
	}
	for _, record := range found {
		if strings.Contains(record, text) {
			return true
		}
	}
	return false
}

func (v verifier) account(ctx context.Context) (accountReport, error) {
	out, err := v.ses.GetAccount(ctx, &sesv2.GetAccountInput{})
	if err != nil {
		return accountReport{}, fmt.Errorf("SES: %w", err)
	}
	a := accountReport{Sandbox: !out.ProductionAccessEnabled, SendingEnabled: out.SendingEnabled}
	if q := out.SendQuota; q != nil {
		a.PerDay, a.PerSecond, a.SentToday = q.Max24HourSend, q.MaxSendRate, q.SentLast24Hours
	}
	return a, nil
}

// showIdentity prints the report; the command exits 1 while something is missing.
func (s *settings) showIdentity(r identityReport) error {
	var result error
	if !r.Complete {
		result = errUnfinished
	}
	if s.json {
		return errors.Join(s.document(r), result)
	}
	table := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	for _, c := range r.Checks {
		fmt.Fprintf(table, "%s\t%s\t%s\n", c.What, c.State, c.Note)
	}
	sandbox := "production: any address may be mailed"
	if r.Account.Sandbox {
		sandbox = "SANDBOX: only verified addresses can be mailed; ask for production access in the SES console"
	}
	fmt.Fprintf(table, "account\t%s\t%s\n", onOff(r.Account.SendingEnabled), sandbox)
	perDay := fmt.Sprintf("%.0f mails a day", r.Account.PerDay)
	if r.Account.PerDay < 0 { // https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendQuota.html
		perDay = "any number of mails a day"
	}
	fmt.Fprintf(table, "quota\t\t%s, %.0f a second; %.0f in the last day\n", perDay, r.Account.PerSecond, r.Account.SentToday)
	if err := table.Flush(); err != nil {
		return err
	}
	records := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	for _, c := range r.Checks {
		for _, d := range c.Record {
			fmt.Fprintf(records, "\n%s\t%s\t%s", d.Name, d.Type, d.Value)
		}
	}
	fmt.Fprintln(records)
	return errors.Join(records.Flush(), result)
}

func onOff(on bool) string {
	if on {
		return "sending is on"
	}
	return "sending is OFF"
}
