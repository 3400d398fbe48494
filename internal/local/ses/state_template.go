package ses

import (
	"context"
	"time"

	"sluice/internal/local/disk"
)

// Template is a mail with gaps: {{name}} and the blocks of render.
type Template struct {
	Name    string    `json:"name"`
	Subject string    `json:"subject,omitempty"`
	Text    string    `json:"text,omitempty"`
	HTML    string    `json:"html,omitempty"`
	Created time.Time `json:"created"`
}

const longestTemplate = 500 << 10

func noTemplate(name string) error { return notFound("Template %s does not exist.", name) }

// check tells whether a template can be kept.
func (t *Template) check() error {
	if !setNames.MatchString(t.Name) {
		return badRequest("Invalid template name <%s>.", t.Name)
	}
	if len(t.Subject)+len(t.Text)+len(t.HTML) > longestTemplate {
		return badRequest("The template is larger than 500 KB.")
	}
	for _, part := range []string{t.Subject, t.Text, t.HTML} {
		if _, err := parseTemplate(part); err != nil {
			return badRequest("Template %s is not valid: %s", t.Name, err)
		}
	}
	return nil
}

// PutTemplate makes (create) or replaces a template. Errors:
// AlreadyExistsException, NotFoundException, BadRequestException.
func (s *State) PutTemplate(ctx context.Context, t Template, create bool) error {
	if err := t.check(); err != nil {
		return err
	}
	return s.change(ctx, func() (disk.Ticket, error) {
		old := s.templates.rows[t.Name]
		switch {
		case create && old != nil:
			return disk.Ticket{}, exists("Template %s already exists.", t.Name)
		case !create && old == nil:
			return disk.Ticket{}, noTemplate(t.Name)
		}
		t.Created = s.cfg.Now().UTC()
		if old != nil {
			t.Created = old.Created
		}
		return s.templates.put(t.Name, &t)
	})
}

// Template describes a template. Error: NotFoundException.
func (s *State) Template(name string) (*Template, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.templates.rows[name]; t != nil {
		return t, nil
	}
	return nil, noTemplate(name)
}

// DeleteTemplate removes a template. Error: NotFoundException.
func (s *State) DeleteTemplate(ctx context.Context, name string) error {
	return s.change(ctx, func() (disk.Ticket, error) {
		if s.templates.rows[name] == nil {
			return disk.Ticket{}, noTemplate(name)
		}
		return s.templates.remove(name), nil
	})
}

// Templates lists templates by name.
func (s *State) Templates(token string, size int) ([]*Template, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	names, next, err := page(s.templates, nil, token, size)
	list := make([]*Template, len(names))
	for i, name := range names {
		list[i] = s.templates.rows[name]
	}
	return list, next, err
}
