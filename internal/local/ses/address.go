package ses

import (
	"net/mail"
	"strings"
)

// mostRecipients is how many addresses a mail may go to, of all kinds.
const mostRecipients = 50

// Address is somebody's name, if given, and address.
type Address struct {
	Name  string `json:"name,omitempty"`
	Email string `json:"email"`
}

// String is the address for people: Name <email>, not encoded.
func (a Address) String() string {
	if a.Name == "" {
		return a.Email
	}
	return a.Name + " <" + a.Email + ">"
}

// header is the address for a header line, encoded.
func (a Address) header() string {
	if a.Name == "" {
		return a.Email
	}
	return phrase(a.Name) + " <" + a.Email + ">"
}

// parseAddress reads one address as a request has it: with or without a name,
// which may be an encoded word. Error: BadRequestException.
func parseAddress(given string) (Address, error) {
	if hasControl(given) {
		return Address{}, badRequest("Address contains control characters.")
	}
	a, err := mail.ParseAddress(given)
	if err != nil {
		if !strings.Contains(given, "@") {
			return Address{}, badRequest("Missing final '@domain'")
		}
		return Address{}, badRequest("Illegal address")
	}
	at := strings.LastIndexByte(a.Address, '@')
	local, domain := a.Address[:at], a.Address[at+1:]
	switch {
	case !ascii(local) || strings.ContainsAny(local, " \t\"\\"):
		return Address{}, badRequest("Local address contains control or whitespace")
	case !ascii(domain):
		return Address{}, badRequest("Domain contains illegal character")
	case strings.HasPrefix(domain, ".") || strings.HasSuffix(domain, ".") || strings.Contains(domain, ".."):
		return Address{}, badRequest("Domain contains dot-dot")
	case hasControl(a.Name):
		return Address{}, badRequest("Address contains control characters.")
	case len(a.Address) > 320:
		return Address{}, badRequest("Address is too long")
	}
	return Address{Name: a.Name, Email: a.Address}, nil
}

func parseAddresses(given []string) ([]Address, error) {
	list := make([]Address, 0, len(given))
	for _, g := range given {
		a, err := parseAddress(g)
		if err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	return list, nil
}

// hasControl tells whether a text could break out of a header line.
func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool {
		return r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == '\u2028' || r == '\u2029'
	})
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 })
}

func emails(list []Address) []string {
	out := make([]string, len(list))
	for i, a := range list {
		out[i] = a.Email
	}
	return out
}

func headers(list []Address) []string {
	out := make([]string, len(list))
	for i, a := range list {
		out[i] = a.header()
	}
	return out
}
