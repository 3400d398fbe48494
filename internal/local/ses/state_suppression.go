package ses

import (
	"context"
	"strings"
	"time"

	"sluice/internal/local/disk"
)

// Suppressed is an address to which mails are not delivered any more.
type Suppressed struct {
	Address string    `json:"address"`
	Reason  string    `json:"reason"` // BOUNCE or COMPLAINT
	Updated time.Time `json:"updated"`
}

// suppressionKey is how an address is looked up: SES ignores case.
func suppressionKey(address string) string { return strings.ToLower(address) }

// Suppress puts an address on the suppression list. Error:
// BadRequestException.
func (s *State) Suppress(ctx context.Context, address, reason string) error {
	if _, err := parseAddress(address); err != nil {
		return err
	}
	if reason != KindBounce && reason != KindComplaint {
		return badRequest("Invalid suppression reason <%s>.", reason)
	}
	return s.change(ctx, func() (disk.Ticket, error) {
		return s.suppressed.put(suppressionKey(address), &Suppressed{Address: address, Reason: reason, Updated: s.cfg.Now().UTC()})
	})
}

func notSuppressed(address string) error {
	return notFound("Email address %s does not exist on your suppression list.", address)
}

// Suppression describes an address on the list. Error: NotFoundException.
func (s *State) Suppression(address string) (*Suppressed, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if x := s.suppressed.rows[suppressionKey(address)]; x != nil {
		return x, nil
	}
	return nil, notSuppressed(address)
}

// Unsuppress takes an address off the list. Error: NotFoundException.
func (s *State) Unsuppress(ctx context.Context, address string) error {
	return s.change(ctx, func() (disk.Ticket, error) {
		if s.suppressed.rows[suppressionKey(address)] == nil {
			return disk.Ticket{}, notSuppressed(address)
		}
		return s.suppressed.remove(suppressionKey(address)), nil
	})
}

// Suppressions lists the addresses that keep takes (all if nil).
func (s *State) Suppressions(keep func(*Suppressed) bool, token string, size int) ([]*Suppressed, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	names, next, err := page(s.suppressed, keep, token, size)
	list := make([]*Suppressed, len(names))
	for i, name := range names {
		list[i] = s.suppressed.rows[name]
	}
	return list, next, err
}
