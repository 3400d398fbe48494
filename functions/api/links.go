package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html/template"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"sluice/internal/fault"
	"sluice/internal/links"
	"sluice/internal/objects"
	"sluice/internal/requests"
	"sluice/internal/suppression"
)

// reportFor is how long the URL of a report opens: as long as a browser needs.
const reportFor = 5 * time.Minute

// claim is what the token in the path allows.
func (h *Handler) claim(c *call, kind links.Kind) (links.Claim, error) {
	if h.Config.Links == nil {
		return links.Claim{}, refuse(notFound, links.ErrToken.Error())
	}
	claim, err := h.Config.Links.Open(c.PathParameters["token"], h.Now())
	switch {
	case errors.Is(err, links.ErrExpired):
		return links.Claim{}, refuse(gone, err.Error())
	case err != nil, claim.Kind != kind:
		return links.Claim{}, refuse(notFound, links.ErrToken.Error())
	}
	return claim, nil
}

// report answers GET /reports/{token}: it leads to the report of an upload.
func (h *Handler) report(ctx context.Context, c *call) (response, error) {
	claim, err := h.claim(c, links.KindReport)
	if err != nil {
		return response{}, err
	}
	p, err := requests.LoadProgress(ctx, h.Store, claim.Subject)
	switch {
	case errors.Is(err, objects.ErrNotFound), err == nil && (p.Tenant != claim.Tenant || p.Done == nil):
		return response{}, refuse(notFound, "there is no such report any more")
	case err != nil:
		return response{}, fmt.Errorf("progress: %w", err)
	}
	signed, err := h.Signer.PresignGetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(h.Store.Bucket()), Key: &p.Done.Report},
		s3.WithPresignExpires(reportFor))
	if err != nil {
		return response{}, fault.Errorf(fault.Park, "sign the report: %w", err)
	}
	return response{status: http.StatusFound, headers: map[string]string{"location": signed.URL, "referrer-policy": "no-referrer"}}, nil
}

// pages are what the owner of an address sees. The button sends what a mail program
// sends, so that both ways are one.
var pages = template.Must(template.New("").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">
<title>{{.Title}}</title><style>body{font:1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem}button{font:inherit;padding:.5rem 1rem}</style>
<h1>{{.Title}}</h1><p>{{.Text}}</p>
{{if .Button}}<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click"><button>{{.Button}}</button></form>{{end}}
</html>
`))

type page struct{ Title, Text, Button string }

func (p page) response() (response, error) {
	var b bytes.Buffer
	if err := pages.Execute(&b, p); err != nil {
		return response{}, fault.Errorf(fault.Park, "write the page: %w", err)
	}
	return response{status: http.StatusOK, media: mediaPage + "; charset=utf-8", body: b.Bytes(), headers: map[string]string{
		"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'", "referrer-policy": "no-referrer",
	}}, nil
}

// unsubscribePage answers GET /unsubscribe/{token}. It changes nothing: programs
// follow links in mails too.
func (h *Handler) unsubscribePage(_ context.Context, c *call) (response, error) {
	if _, err := h.claim(c, links.KindUnsubscribe); err != nil {
		return response{}, err
	}
	return page{"No more mails?", "You will get no more mails of this system at the address that the link was sent to.", "Send me no more mails"}.response()
}

// unsubscribe answers POST /unsubscribe/{token}, the one click of RFC 8058.
func (h *Handler) unsubscribe(ctx context.Context, c *call) (response, error) {
	claim, err := h.claim(c, links.KindUnsubscribe)
	if err != nil {
		return response{}, err
	}
	if err := c.oneClick(); err != nil {
		return response{}, err
	}
	if err := h.Suppressions.Suppress(ctx, claim.Subject, suppression.Entry{Reason: suppression.Unsubscribed}); err != nil {
		return response{}, fmt.Errorf("unsubscribe: %w", err)
	}
	return page{Title: "Done", Text: "You will get no more mails of this system at this address."}.response()
}

// oneClick checks that the body is List-Unsubscribe=One-Click, in either of the two
// media types that RFC 8058 names.
func (c *call) oneClick() error {
	body, err := c.content()
	if err != nil {
		return err
	}
	media, parameters, err := mime.ParseMediaType(c.header("content-type"))
	value := ""
	switch {
	case err == nil && media == mediaForm:
		form, _ := url.ParseQuery(string(body))
		value = form.Get("List-Unsubscribe")
	case err == nil && media == "multipart/form-data":
		form, err := multipart.NewReader(bytes.NewReader(body), parameters["boundary"]).ReadForm(maxBody)
		if err == nil {
			value = first(form.Value["List-Unsubscribe"])
			_ = form.RemoveAll()
		}
	default:
		return refuse(unsupported, "Content-Type must be "+mediaForm+" or multipart/form-data")
	}
	if value != "One-Click" {
		return invalidBody([]fieldError{{Pointer: "#", Code: "const", Detail: "the body must be List-Unsubscribe=One-Click"}})
	}
	return nil
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}
