package ses

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
)

// BulkRequest is what SendBulkEmail is asked: one template, filled for each of up
// to 50 destinations.
type BulkRequest struct {
	// Common is what all mails have in common, with the template and the data that
	// stand for what an entry leaves out.
	Common  Request
	Entries []BulkEntry
}

// BulkEntry is one mail of many.
type BulkEntry struct {
	To, Cc, Bcc []string
	// Tags and Headers replace the common ones of the same name.
	Tags    map[string]string
	Headers []Header
	// Data replaces names of the common data, "" for none.
	Data string
}

// BulkResult is what became of an entry: Status SUCCESS with the message's id, or
// a status of SES's with its reason.
type BulkResult struct {
	Status  string `json:",omitempty"`
	Error   string `json:",omitempty"`
	Message string `json:"MessageId,omitempty"`
}

const mostBulkEntries = 50

// SendBulkEmail sends a mail per entry, each as SendEmail does. Errors, for all of
// them: BadRequestException, MessageRejected for a sender who is not verified,
// NotFoundException for the configuration set or the template.
func (s *State) SendBulkEmail(ctx context.Context, b BulkRequest) ([]BulkResult, error) {
	switch {
	case b.Common.Template == nil:
		return nil, badRequest("DefaultContent must contain a Template.")
	case len(b.Entries) == 0 || len(b.Entries) > mostBulkEntries:
		return nil, badRequest("BulkEmailEntries must have 1 to %d entries.", mostBulkEntries)
	}
	if err := s.checkBulk(b.Common); err != nil {
		return nil, err
	}
	results := make([]BulkResult, len(b.Entries))
	for i, e := range b.Entries {
		id, err := s.sendEntry(ctx, b.Common, e)
		if err != nil {
			results[i] = failedEntry(err)
			continue
		}
		results[i] = BulkResult{Status: "SUCCESS", Message: id}
	}
	return results, nil
}

// checkBulk finds what would fail every entry.
func (s *State) checkBulk(r Request) error {
	m, err := s.draft(Request{From: r.From, ReplyTo: r.ReplyTo, ConfigurationSet: r.ConfigurationSet, To: []string{"success@simulator.amazonses.com"},
		Template: &TemplateUse{}})
	if err != nil {
		return err
	}
	if err := s.admit(m); err != nil {
		return err
	}
	_, err = s.templateOf(r.Template)
	return err
}

// sendEntry sends the mail of one entry.
func (s *State) sendEntry(ctx context.Context, common Request, e BulkEntry) (string, error) {
	data, err := mergeData(common.Template.Data, e.Data)
	if err != nil {
		return "", err
	}
	r, use := common, *common.Template
	r.To, r.Cc, r.Bcc = e.To, e.Cc, e.Bcc
	r.Tags = maps.Clone(common.Tags)
	if r.Tags == nil {
		r.Tags = map[string]string{}
	}
	maps.Copy(r.Tags, e.Tags)
	use.Data, use.Headers = data, mergeHeaders(use.Headers, e.Headers)
	r.Template = &use
	return s.SendEmail(ctx, r)
}

// mergeData puts an entry's data over the common ones, name by name.
func mergeData(common, own string) (string, error) {
	merged := map[string]json.RawMessage{}
	for _, data := range []string{common, own} {
		if data == "" {
			continue
		}
		if err := json.Unmarshal([]byte(data), &merged); err != nil || merged == nil {
			return "", badRequest("Template data must be a JSON object.")
		}
	}
	raw, err := json.Marshal(merged)
	return string(raw), err
}

// mergeHeaders puts an entry's headers in the place of those of the same name.
func mergeHeaders(common, own []Header) []Header {
	names := map[string]bool{}
	for _, h := range own {
		names[h.Name] = true
	}
	var all []Header
	for _, h := range common {
		if !names[h.Name] {
			all = append(all, h)
		}
	}
	return append(all, own...)
}

// failedEntry says an entry's error as a status.
func failedEntry(err error) BulkResult {
	var told *Error
	if !errors.As(err, &told) {
		return BulkResult{Status: "FAILED", Error: "The message could not be sent."}
	}
	status := map[string]string{
		CodeRejected: "MESSAGE_REJECTED", CodeNotFound: "TEMPLATE_NOT_FOUND", CodeInternal: "FAILED", codePaused: "ACCOUNT_SENDING_PAUSED",
	}[told.Code]
	if status == "" {
		status = "INVALID_PARAMETER"
	}
	return BulkResult{Status: status, Error: told.Message}
}
