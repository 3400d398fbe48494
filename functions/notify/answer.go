package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"sluice/events"
	"sluice/internal/fault"
	"sluice/internal/objects"
	"sluice/internal/results"
)

// maxResult bounds what is read of a result or a segment.
const maxResult = 64 << 20

// answer finds what the mail is about in the result, or in the segment that
// holds its line.
func (h *Handler) answer(ctx context.Context, about *subject, stored events.Stored) (json.RawMessage, error) {
	object, err := h.store.Get(ctx, stored.Key, maxResult)
	if errors.Is(err, objects.ErrNotFound) {
		return nil, fault.Errorf(fault.Park, "the result is gone: %w", err)
	}
	if err != nil {
		return nil, fmt.Errorf("read the result: %w", err)
	}
	for line := range bytes.Lines(object.Body) {
		if about.Request.Upload != nil && !bytes.Contains(line, []byte(about.RequestID)) {
			continue
		}
		var r results.Result
		if json.Unmarshal(line, &r) == nil && r.RequestID == about.RequestID && r.Tenant == about.Tenant {
			return r.Answer, nil
		}
	}
	return nil, fault.Errorf(fault.Park, "%s does not hold the request's result", stored.Key)
}
