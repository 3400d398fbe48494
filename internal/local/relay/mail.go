package relay

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sluice/internal/local/ses"
)

// laterError: a mail is still to be relayed to some recipient.
type laterError struct{ error }

func (e *laterError) Unwrap() error { return e.error }

// relay hands a mail to everybody who did not get it yet. It answers laterError
// if that did not end with all of them; any other error is the store's.
func (r *Relay) relay(ctx context.Context, to *connection, id string) error {
	m, err := r.outbox.Mail(id)
	if err != nil {
		return fmt.Errorf("relay: read mail %s: %w", id, err)
	}
	k, err := r.marks.read(id)
	if err != nil {
		return err
	}
	var later error
	for _, recipient := range recipients(m) {
		if k.Recipients[recipient] != "" {
			continue
		}
		became, err := r.hand(ctx, to, m, recipient)
		if err == nil {
			k.Recipients[recipient] = became
			if err := r.marks.write(ctx, id, k); err != nil {
				return err
			}
			continue
		}
		var put *laterError
		if !errors.As(err, &put) {
			return err
		}
		if later = err; judge(put.error) == broken {
			return later
		}
	}
	if later != nil {
		return later
	}
	k.Done = time.Now().UTC()
	return r.marks.write(ctx, id, k)
}

// hand hands a mail to one recipient and tells what became of it. It answers
// laterError if that is not known yet.
func (r *Relay) hand(ctx context.Context, to *connection, m *ses.Mail, recipient string) (string, error) {
	if !deliverable(m, recipient) {
		return kept, nil
	}
	err := to.send(m.From.Email, recipient, m.Raw)
	if err == nil {
		return sent, nil
	}
	switch judge(err) {
	case broken:
		return "", &laterError{err}
	case forGood:
		r.options.Log.Warn("a mail was refused", "mail", m.ID, "error", reason(err))
		if err := r.outbox.Feedback(ctx, m.ID, recipient, ses.KindBounce); err != nil {
			return "", fmt.Errorf("relay: note the bounce of mail %s: %w", m.ID, err)
		}
		if broken := to.again(); broken != nil {
			r.options.Log.Info("the mail server hung up after a refusal", "error", reason(broken))
		}
		return refused, nil
	}
	if broken := to.again(); broken != nil {
		return "", &laterError{broken}
	}
	return "", &laterError{err}
}

// recipients are the addresses of a mail, each once.
func recipients(m *ses.Mail) []string {
	var all []string
	for _, a := range slices.Concat(m.To, m.Cc, m.Bcc) {
		if !slices.Contains(all, a.Email) {
			all = append(all, a.Email)
		}
	}
	return all
}

// simulator is the domain of SES's mailbox simulator.
const simulator = "@simulator.amazonses.com"

// deliverable tells whether SES itself would have delivered a mail to a recipient.
func deliverable(m *ses.Mail, recipient string) bool {
	_, givenUp := m.Outcomes[""]
	return !givenUp && m.Outcomes[recipient] != "Bounce" && !strings.HasSuffix(strings.ToLower(recipient), simulator)
}
