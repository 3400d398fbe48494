package notify

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"sluice/events"
	"sluice/internal/objects"
	"sluice/internal/upload"
)

// recipients are the addresses to mail, each once; none if nobody knows them.
// Those of a request lie in its status. An upload record has a status only if it
// named recipients of its own; else they are those of the upload, if they asked
// for a mail per record.
func (h *Handler) recipients(ctx context.Context, about *subject) ([]string, error) {
	_, report := about.data.(events.UploadCompleted)
	if !report {
		status, err := h.requests.Get(ctx, about.Tenant, about.RequestID)
		if err != nil && !errors.Is(err, objects.ErrNotFound) {
			return nil, fmt.Errorf("recipients: %w", err)
		}
		if len(status.Notify) > 0 || about.Request.Upload == nil {
			return distinct(status.Notify), nil
		}
	}
	intake, _, err := upload.LoadIntake(ctx, h.store, about.upload())
	switch {
	case errors.Is(err, objects.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("recipients: %w", err)
	case intake.Tenant != about.Tenant, !report && !intake.Definition.MailEach:
		return nil, nil
	}
	return distinct(intake.Definition.Notify), nil
}

// upload is the id of the upload that the event belongs to.
func (s *subject) upload() string {
	if s.Request.Upload != nil {
		return s.Request.Upload.ID
	}
	return s.Subject
}

func distinct(addresses []string) []string {
	var once []string
	seen := map[string]bool{}
	for _, address := range addresses {
		if hash := events.AddressHash(address); !seen[hash] {
			seen[hash] = true
			once = append(once, strings.TrimSpace(address))
		}
	}
	return once
}
