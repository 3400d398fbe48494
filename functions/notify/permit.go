package notify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sluice/internal/claim"
)

// errStopped: our reputation does not allow a mail to anybody.
var errStopped = errors.New("all sending is stopped")

// mayMail is errStopped while the breaker is open.
func (h *Handler) mayMail(ctx context.Context) error {
	standing, err := h.book.Standing(ctx)
	switch {
	case err != nil:
		return err
	case standing.Stopped:
		return fmt.Errorf("%w: %s", errStopped, standing.Why)
	}
	return nil
}

// stoppedPause is how long a message waits while all sending is stopped: 5 minutes,
// and twice that each further time, up to 2 hours. So a breaker that stays open
// for as long as it can uses up neither the receives nor the days that the
// queue gives a message.
func stoppedPause(receives int) time.Duration {
	return min(5*time.Minute<<min(max(receives-1, 0), 10), 2*time.Hour)
}

// errSuppressed: the address may not be mailed, and why.
type errSuppressed struct{ why string }

func (e errSuppressed) Error() string { return "suppressed: " + e.why }

// free is nil if the address may be mailed. It is asked last before SendEmail,
// under the mail's claim: what is suppressed before the claim is taken is seen by
// everybody who may hold it.
func (h *Handler) free(ctx context.Context, address string) error {
	found, err := h.list.Check(ctx, address)
	if err != nil {
		return claim.NotDone(err)
	}
	if e, suppressed := found[address]; suppressed {
		return claim.NotDone(errSuppressed{e.Reason.Words()})
	}
	return nil
}
