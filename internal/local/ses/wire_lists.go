package ses

import (
	"context"
	"net/http"
	"slices"

	"sluice/internal/local/awsjson"
)

type suppressedDocument struct {
	EmailAddress   string
	Reason         string
	LastUpdateTime awsjson.Time
}

func suppressedOf(x *Suppressed) suppressedDocument {
	return suppressedDocument{x.Address, x.Reason, awsjson.Time{Time: x.Updated}}
}

type suppressedList struct {
	SuppressedDestinationSummaries []suppressedDocument
	NextToken                      string `json:",omitempty"`
}

func (s *State) suppressionRoutes(mux *http.ServeMux) {
	const addresses = "/v2/email/suppression/addresses"
	mux.HandleFunc("PUT "+addresses, handle(func(ctx context.Context, _ call, in struct{ EmailAddress, Reason string }) (none, error) {
		return none{}, s.Suppress(ctx, in.EmailAddress, in.Reason)
	}))
	mux.HandleFunc("GET "+addresses+"/{address}", handle(func(_ context.Context, c call, _ none) (map[string]suppressedDocument, error) {
		x, err := s.Suppression(c.path("address"))
		if err != nil {
			return nil, err
		}
		return map[string]suppressedDocument{"SuppressedDestination": suppressedOf(x)}, nil
	}))
	mux.HandleFunc("DELETE "+addresses+"/{address}", handle(func(ctx context.Context, c call, _ none) (none, error) {
		return none{}, s.Unsuppress(ctx, c.path("address"))
	}))
	mux.HandleFunc("GET "+addresses, handle(s.wireSuppressions))
}

func (s *State) wireSuppressions(_ context.Context, c call, _ none) (suppressedList, error) {
	token, size, err := c.pageOf()
	if err != nil {
		return suppressedList{}, err
	}
	from, err := c.queryTime("StartDate")
	if err != nil {
		return suppressedList{}, err
	}
	to, err := c.queryTime("EndDate")
	if err != nil {
		return suppressedList{}, err
	}
	reasons := c.query["Reason"]
	list, next, err := s.Suppressions(func(x *Suppressed) bool {
		return (len(reasons) == 0 || slices.Contains(reasons, x.Reason)) && !x.Updated.Before(from) && (to.IsZero() || x.Updated.Before(to))
	}, token, size)
	out := suppressedList{SuppressedDestinationSummaries: make([]suppressedDocument, len(list)), NextToken: next}
	for i, x := range list {
		out.SuppressedDestinationSummaries[i] = suppressedOf(x)
	}
	return out, err
}

type templateDocument struct {
	TemplateName    string
	TemplateContent templateContent
}

func (d templateDocument) template(name string) Template {
	c := d.TemplateContent
	return Template{Name: name, Subject: c.Subject, Text: c.Text, HTML: c.HTML}
}

type templateMetadata struct {
	TemplateName     string
	CreatedTimestamp awsjson.Time
}

type templateList struct {
	TemplatesMetadata []templateMetadata
	NextToken         string `json:",omitempty"`
}

func (s *State) templateRoutes(mux *http.ServeMux) {
	const templates = "/v2/email/templates"
	mux.HandleFunc("POST "+templates, handle(func(ctx context.Context, _ call, in templateDocument) (none, error) {
		return none{}, s.PutTemplate(ctx, in.template(in.TemplateName), true)
	}))
	mux.HandleFunc("PUT "+templates+"/{name}", handle(func(ctx context.Context, c call, in templateDocument) (none, error) {
		return none{}, s.PutTemplate(ctx, in.template(c.path("name")), false)
	}))
	mux.HandleFunc("GET "+templates+"/{name}", handle(func(_ context.Context, c call, _ none) (templateDocument, error) {
		t, err := s.Template(c.path("name"))
		if err != nil {
			return templateDocument{}, err
		}
		return templateDocument{t.Name, templateContent{t.Subject, t.Text, t.HTML}}, nil
	}))
	mux.HandleFunc("DELETE "+templates+"/{name}", handle(func(ctx context.Context, c call, _ none) (none, error) {
		return none{}, s.DeleteTemplate(ctx, c.path("name"))
	}))
	mux.HandleFunc("GET "+templates, handle(s.wireTemplates))
	mux.HandleFunc("POST "+templates+"/{name}/render", handle(s.wireRender))
}

func (s *State) wireTemplates(_ context.Context, c call, _ none) (templateList, error) {
	token, size, err := c.pageOf()
	if err != nil {
		return templateList{}, err
	}
	list, next, err := s.Templates(token, size)
	out := templateList{TemplatesMetadata: make([]templateMetadata, len(list)), NextToken: next}
	for i, t := range list {
		out.TemplatesMetadata[i] = templateMetadata{t.Name, awsjson.Time{Time: t.Created}}
	}
	return out, err
}

func (s *State) wireRender(_ context.Context, c call, in struct{ TemplateData string }) (map[string]string, error) {
	t, err := s.Template(c.path("name"))
	if err != nil {
		return nil, err
	}
	filled, err := t.Render(in.TemplateData)
	if err != nil {
		return nil, badRequest("%s", sentence(err))
	}
	m := &Mail{ID: newID(0), Time: s.cfg.Now(), Subject: filled.Subject, Text: filled.Text, HTML: filled.HTML}
	raw, err := m.message()
	if err != nil {
		return nil, badRequest("The message cannot be written: %s", err)
	}
	return map[string]string{"RenderedTemplate": string(rewriteHeader(raw, []string{"From"}, nil))}, nil
}
