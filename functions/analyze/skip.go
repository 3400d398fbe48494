package analyze

import (
	"context"
	"errors"
	"fmt"

	"sluice/events"
	"sluice/internal/objects"
)

// decided reads what was decided about a request that a workflow runs, when whoever
// started it admitted it.
func (h *Handler) decided(ctx context.Context, r *request) error {
	if !r.Request.WantsMail || r.Request.Upload != nil {
		return nil
	}
	status, err := h.Book.Get(ctx, r.Tenant, r.RequestID)
	if errors.Is(err, objects.ErrNotFound) {
		return nil // nobody knows whom to mail; notify will say so
	}
	if err != nil {
		return fmt.Errorf("status: %w", err)
	}
	r.skip = status.Skip
	return nil
}

// skip ends a request before tokens are bought for it.
func (h *Handler) skip(ctx context.Context, r *request) error {
	h.Log.InfoContext(ctx, "skipped before the model was asked", "recipients", len(r.skip.Recipients))
	return h.say(ctx, r, *r.skip, events.Skipped)
}
