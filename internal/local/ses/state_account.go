package ses

import (
	"context"
	"slices"

	"sluice/internal/local/disk"
)

// Account is what is set for the account as a whole.
type Account struct {
	// SendingOff: nothing may be sent.
	SendingOff bool `json:"sendingOff,omitempty"`
	// Suppressed are the reasons, BOUNCE and COMPLAINT, for which an address gets
	// onto the suppression list and is not delivered to.
	Suppressed []string `json:"suppressed"`
}

// accountName is the only row of its table.
const accountName = "account"

// Account is the account's attributes; of a new one, both reasons suppress.
func (s *State) Account() Account {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accountNow()
}

func (s *State) accountNow() Account {
	if a := s.account.rows[accountName]; a != nil {
		return *a
	}
	return Account{Suppressed: []string{KindBounce, KindComplaint}}
}

// SetSuppressedReasons says for which reasons addresses are suppressed; none
// switches the list off. Error: BadRequestException.
func (s *State) SetSuppressedReasons(ctx context.Context, reasons []string) error {
	if err := checkReasons(reasons); err != nil {
		return err
	}
	return s.changeAccount(ctx, func(a *Account) { a.Suppressed = slices.Clone(reasons) })
}

// SetSending switches sending on or off.
func (s *State) SetSending(ctx context.Context, on bool) error {
	return s.changeAccount(ctx, func(a *Account) { a.SendingOff = !on })
}

func (s *State) changeAccount(ctx context.Context, change func(*Account)) error {
	return s.change(ctx, func() (disk.Ticket, error) {
		a := s.accountNow()
		change(&a)
		return s.account.put(accountName, &a)
	})
}

// suppresses tells whether addresses are suppressed for a reason, for mails of a
// configuration set ("" for none).
func (s *State) suppresses(reason, set string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if own := s.sets.rows[set]; own != nil && own.Suppressed != nil {
		return slices.Contains(*own.Suppressed, reason)
	}
	return slices.Contains(s.accountNow().Suppressed, reason)
}

// checkReasons refuses reasons that are none, or named twice.
func checkReasons(reasons []string) error {
	for i, reason := range reasons {
		if reason != KindBounce && reason != KindComplaint || slices.Contains(reasons[:i], reason) {
			return badRequest("Invalid suppression reason <%s>.", reason)
		}
	}
	return nil
}
