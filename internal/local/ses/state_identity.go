package ses

import (
	"context"
	"errors"
	"net/mail"
	"regexp"
	"strings"
	"time"

	"sluice/internal/local/disk"
)

// Identity is an address or a domain that may send. Here it is verified from
// the start.
type Identity struct {
	Name             string            `json:"name"`
	ConfigurationSet string            `json:"configurationSet,omitempty"`
	Created          time.Time         `json:"created"`
	Tags             map[string]string `json:"tags,omitempty"`
	// ForwardingOff, SigningOff and MailFrom are kept and told; nothing here
	// forwards, signs or has a domain.
	ForwardingOff bool      `json:"forwardingOff,omitempty"`
	SigningOff    bool      `json:"signingOff,omitempty"`
	MailFrom      *MailFrom `json:"mailFrom,omitempty"`
}

// MailFrom is the domain of an identity's bounces.
type MailFrom struct {
	Domain      string `json:"domain"`
	OnMXFailure string `json:"onMxFailure"` // USE_DEFAULT_VALUE or REJECT_MESSAGE
}

// Types of an identity.
const (
	TypeAddress = "EMAIL_ADDRESS"
	TypeDomain  = "DOMAIN"
)

var domains = regexp.MustCompile(`^([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]$`)

// Type is EMAIL_ADDRESS or DOMAIN.
func (i *Identity) Type() string {
	if strings.Contains(i.Name, "@") {
		return TypeAddress
	}
	return TypeDomain
}

// CreateIdentity makes a verified identity. Errors: AlreadyExistsException,
// BadRequestException, NotFoundException for its configuration set.
func (s *State) CreateIdentity(ctx context.Context, i Identity) (*Identity, error) {
	if strings.Contains(i.Name, "@") {
		if a, err := mail.ParseAddress(i.Name); err != nil || a.Name != "" || a.Address != i.Name {
			return nil, badRequest("Invalid email address <%s>.", i.Name)
		}
	} else if !domains.MatchString(i.Name) {
		return nil, badRequest("Invalid identity <%s>: neither an email address nor a domain.", i.Name)
	}
	i.Created = s.cfg.Now().UTC()
	return &i, s.change(ctx, func() (disk.Ticket, error) {
		if s.identities.rows[i.Name] != nil {
			return disk.Ticket{}, exists("Email identity %s already exist.", i.Name)
		}
		if i.ConfigurationSet != "" && s.sets.rows[i.ConfigurationSet] == nil {
			return disk.Ticket{}, noSet(i.ConfigurationSet)
		}
		return s.identities.put(i.Name, &i)
	})
}

// EnsureIdentity makes an identity unless it is there.
func (s *State) EnsureIdentity(ctx context.Context, name string) error {
	_, err := s.CreateIdentity(ctx, Identity{Name: name})
	var told *Error
	if errors.As(err, &told) && told.Code == CodeExists {
		return nil
	}
	return err
}

// Identity describes an identity. Error: NotFoundException.
func (s *State) Identity(name string) (*Identity, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.identities.rows[name]; i != nil {
		return i, nil
	}
	return nil, notFound("Email identity %s does not exist.", name)
}

// DeleteIdentity removes an identity. Error: NotFoundException.
func (s *State) DeleteIdentity(ctx context.Context, name string) error {
	return s.change(ctx, func() (disk.Ticket, error) {
		if s.identities.rows[name] == nil {
			return disk.Ticket{}, notFound("Email identity %s does not exist.", name)
		}
		return s.identities.remove(name), nil
	})
}

// Identities lists identities by name.
func (s *State) Identities(token string, size int) ([]*Identity, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	names, next, err := page(s.identities, nil, token, size)
	list := make([]*Identity, len(names))
	for i, name := range names {
		list[i] = s.identities.rows[name]
	}
	return list, next, err
}

// sender finds the identity that lets an address send: the address itself, its
// domain, or a domain above.
func (s *State) sender(address string) (*Identity, bool) {
	at := strings.LastIndexByte(address, '@')
	local, domain := address[:at+1], strings.ToLower(address[at+1:])
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range []string{address, local + domain} {
		if i := s.identities.rows[name]; i != nil {
			return i, true
		}
	}
	for domain != "" {
		if i := s.identities.rows[domain]; i != nil {
			return i, true
		}
		_, domain, _ = strings.Cut(domain, ".")
	}
	return nil, false
}
