package suppression

import (
	"context"
	"errors"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Domains says which domains may be mailed: "*" all of them, else those of a
// comma list and no others, not even their subdomains.
type Domains struct {
	all    bool
	listed map[string]bool
}

// UnmarshalText reads "*" or "example.com,example.org".
func (d *Domains) UnmarshalText(text []byte) error {
	*d = Domains{listed: map[string]bool{}}
	for name := range strings.SplitSeq(string(text), ",") {
		name = strings.ToLower(strings.TrimSpace(name))
		switch {
		case name == "*":
			d.all = true
		case name != "":
			d.listed[name] = true
		}
	}
	if !d.all && len(d.listed) == 0 {
		return errors.New("no domain is listed; * allows all")
	}
	return nil
}

// Everywhere allows all domains.
func Everywhere() Domains { return Domains{all: true} }

// Allow tells whether addresses of the domain may be mailed.
func (d Domains) Allow(domain string) bool { return d.all || d.listed[strings.ToLower(domain)] }

// maxAddress is the longest address that mail knows (RFC 5321).
const maxAddress = 254

// Forbids says why an address is never mailed, whatever is known of it, "" if it
// may be. The reason does not quote it.
func (d Domains) Forbids(address string) string {
	if len(address) > maxAddress || !utf8.ValidString(address) || strings.IndexFunc(address, unicode.IsControl) >= 0 {
		return "this is not an address"
	}
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Address != address || parsed.Name != "" {
		return "this is not an address"
	}
	if !d.Allow(address[strings.LastIndexByte(address, '@')+1:]) {
		return "this domain may not be mailed"
	}
	return ""
}

// Permit decides who may be mailed: those of allowed domains who are not
// suppressed.
type Permit struct {
	List    *List
	Domains Domains
}

// Nobody says for each of the addresses, in their order, why it may not be mailed.
// It is nil if one of them may be, or if there are none. Cost and errors as for
// [List.Check]; addresses of other domains cost nothing.
func (p Permit) Nobody(ctx context.Context, addresses ...string) ([]string, error) {
	why, open := make([]string, len(addresses)), []string(nil)
	for i, address := range addresses {
		if why[i] = p.Domains.Forbids(address); why[i] == "" {
			open = append(open, address)
		}
	}
	found, err := p.List.Check(ctx, open...)
	if err != nil || len(addresses) == 0 {
		return nil, err
	}
	for i, address := range addresses {
		switch e, suppressed := found[address]; {
		case suppressed:
			why[i] = e.Reason.Words()
		case why[i] == "":
			return nil, nil
		}
	}
	return why, nil
}
