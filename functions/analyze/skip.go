package analyze

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"sluice/events"
	"sluice/internal/objects"
)

// skip ends a request before tokens are bought for it, if nobody would get the
// answer: it asks for nothing but a mail, and every recipient is suppressed. It
// tells whether that is so.
//
// An answer that is there already costs nothing, and may have been said by an
// earlier delivery of the same request: then it goes on, and notify skips the mail.
func (h *Handler) skip(ctx context.Context, r *request) (bool, error) {
	n, err := h.notify(ctx, r)
	if err != nil {
		return false, err
	}
	if r.Request.Upload != nil || n == nil || n.AnswerAnyway || len(n.Email) == 0 {
		return false, nil
	}
	found, everyone, err := h.Suppressions.Everyone(ctx, n.Email...)
	if err != nil {
		return false, fmt.Errorf("suppressed: %w", err)
	}
	if !everyone {
		return false, nil
	}
	if _, known, err := h.Answers.Find(ctx, r.ask()); known || err != nil {
		return false, err
	}
	skipped := events.NotificationSkipped{About: r.Type()}
	var reasons []string
	hashes := map[string]bool{}
	for _, address := range n.Email {
		why, hash := found[address].Reason.Words(), events.AddressHash(address)
		if hashes[hash] {
			continue
		}
		hashes[hash] = true
		skipped.Recipients = append(skipped.Recipients, events.Recipient{Hash: hash, Outcome: events.MailSkipped, Reason: why})
		if !slices.Contains(reasons, why) {
			reasons = append(reasons, why)
		}
	}
	skipped.Reason = "none of the recipients may be mailed, so the model was not asked: " + strings.Join(reasons, "; ")
	h.Log.InfoContext(ctx, "skipped before the model was asked", "recipients", len(skipped.Recipients))
	return true, h.say(ctx, r, skipped, events.Skipped)
}

// notify is who is to be mailed. What a workflow runs does not say so itself: its
// history has many readers.
func (h *Handler) notify(ctx context.Context, r *request) (*events.Notify, error) {
	if r.Execution == "" || !r.Request.WantsMail {
		return r.data.Notify, nil
	}
	status, err := h.Book.Get(ctx, r.Tenant, r.RequestID)
	if errors.Is(err, objects.ErrNotFound) {
		return nil, nil // nobody knows; notify will say so
	}
	if err != nil {
		return nil, fmt.Errorf("recipients: %w", err)
	}
	return &events.Notify{Email: status.Notify, AnswerAnyway: status.AnswerAnyway}, nil
}
