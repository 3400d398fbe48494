package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"sluice/events"
	"sluice/internal/fault"
	"sluice/internal/objects"
	"sluice/internal/requests"
	"sluice/internal/upload"
)

// uploadFor is how long a file may be put by a URL. The credentials that sign it
// live longer.
const uploadFor = 15 * time.Minute

// maxName is the longest name of a file, in bytes.
const maxName = 200

// ticket is where a file may be put, and how.
type ticket struct {
	// ID is that of the upload to be: GET /uploads/{id} tells of it.
	ID     string `json:"id"`
	Method string `json:"method"`
	URL    string `json:"url"`
	// Headers must be sent with it.
	Headers map[string]string `json:"headers"`
	Expires time.Time         `json:"expires"`
	Bucket  string            `json:"bucket"`
	Key     string            `json:"key"`
	// Location is where the upload is looked after.
	Location string `json:"location"`
}

// wanted is an upload that somebody asks for.
type wanted struct {
	task, name string
	definition upload.Definition
	// described: there is something to put beside the file.
	described bool
}

// newUpload answers POST /uploads. The definition is put beside the file before
// anybody can put the file there.
func (h *Handler) newUpload(ctx context.Context, c *call) (response, error) {
	body, err := c.document()
	if err != nil {
		return response{}, err
	}
	n, err := c.namesOf()
	if err != nil {
		return response{}, err
	}
	w, errs, err := h.readUpload(ctx, body)
	if err == nil {
		err = invalidBody(errs)
	}
	if err != nil {
		return response{}, err
	}
	p := place{w.task, n.of(-1)}
	key := p.prefix(c.tenant) + w.name
	if _, err := upload.ParseKey(key); err != nil {
		return response{}, invalidBody([]fieldError{{Pointer: "#/name", Code: events.CodeUnsupported, Detail: err.Error()}})
	}
	if err := h.once(ctx, c, body); err != nil {
		return response{}, err
	}
	if w.described {
		if err := h.describe(ctx, key, w.definition); err != nil {
			return response{}, err
		}
	}
	return h.ticket(ctx, p, key)
}

// describe puts the definition beside the file to be.
func (h *Handler) describe(ctx context.Context, key string, d upload.Definition) error {
	document, err := json.Marshal(d)
	if err != nil {
		return fault.As(fault.Park, err)
	}
	_, err = h.Store.Create(ctx, upload.DefinitionKey(key), objects.JSON, document)
	if err != nil && !errors.Is(err, objects.ErrExists) { // the same, of an earlier try
		return err
	}
	return nil
}

func (h *Handler) ticket(ctx context.Context, p place, key string) (response, error) {
	expires := h.Now().Add(uploadFor).UTC().Truncate(time.Second)
	signed, err := h.Signer.PresignPutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(h.Store.Bucket()), Key: &key}, s3.WithPresignExpires(uploadFor))
	if err != nil {
		return response{}, fault.Errorf(fault.Park, "sign the upload: %w", err)
	}
	t := ticket{ID: p.id(), Method: signed.Method, URL: signed.URL, Headers: map[string]string{}, Expires: expires, Bucket: h.Store.Bucket(), Key: key,
		Location: "/uploads/" + p.id()}
	for name, values := range signed.SignedHeader {
		if name != "Host" {
			t.Headers[name] = strings.Join(values, ",")
		}
	}
	r, err := reply(http.StatusCreated, t)
	return r.with("location", t.Location), err
}

// readUpload reads what is asked for: task and name, and whatever a definition
// beside the file may say; all that is wrong is listed.
func (h *Handler) readUpload(ctx context.Context, body []byte) (wanted, []fieldError, error) {
	fields := members(body)
	if fields == nil {
		return wanted{}, []fieldError{{Pointer: "#", Code: "type", Detail: "must be an object"}}, nil
	}
	var w wanted
	var errs []fieldError
	for field, to := range map[string]*string{"task": &w.task, "name": &w.name} {
		if *to = text(fields[field]); *to == "" {
			errs = append(errs, fieldError{Pointer: "#/" + field, Code: "required", Detail: "must be a string that is not empty"})
		}
		delete(fields, field)
	}
	if w.name != "" {
		if problem := nameProblem(w.name); problem != "" {
			errs = append(errs, fieldError{Pointer: "#/name", Code: events.CodeUnsupported, Detail: problem})
		}
	}
	if _, has := fields["submitted"]; has {
		delete(fields, "submitted")
		errs = append(errs, fieldError{Pointer: "#/submitted", Code: "additionalProperties", Detail: "is not allowed here"})
	}
	w.described = len(fields) > 0
	rest, err := json.Marshal(fields)
	if err != nil {
		return w, nil, fault.As(fault.Park, err)
	}
	var problems []events.Problem
	w.definition, problems = upload.ParseDefinition(rest)
	if len(problems) == 0 && !w.definition.Deadline.IsZero() && !w.definition.Deadline.After(h.Now()) {
		problems = append(problems, events.Problem{Field: "/deadline", Code: "deadline", Message: "is past"})
	}
	errs = append(errs, errorsOf("", problems)...)
	if w.task == "" {
		return w, errs, nil
	}
	t, problems, err := h.Tasks.Get(ctx, w.task)
	if err == nil && t != nil && len(errs) == 0 {
		problems = t.CheckParams(w.definition.Params)
	}
	return w, append(errs, errorsOf("", problems)...), err
}

// nameProblem tells what is wrong with a file's name, "" if nothing.
func nameProblem(name string) string {
	switch {
	case len(name) > maxName:
		return fmt.Sprintf("has %d bytes, may have at most %d", len(name), maxName)
	case path.Base(name) != name || strings.Contains(name, `\`) || name == "." || name == "..":
		return "must be a name without folders"
	case upload.IsDefinition(name):
		return "is that of a definition; say here what it would say"
	}
	if err := upload.CheckName(name); err != nil {
		return err.Error()
	}
	return ""
}

// place is the folder of one upload: uploads/<tenant>/<task>/<folder>/. Its id says
// both, so that nothing need be kept to find it again.
type place struct{ task, folder string }

// folderLength is that of every folder's name.
const folderLength = 26

func (p place) id() string { return p.task + "-" + p.folder }

func (p place) prefix(tenant string) string {
	return upload.Prefix + tenant + "/" + p.task + "/" + p.folder + "/"
}

// placeOf reads a place's id.
func placeOf(id string) (place, bool) {
	at := len(id) - folderLength - 1
	if at < 1 || id[at] != '-' {
		return place{}, false
	}
	p := place{id[:at], id[at+1:]}
	return p, events.ValidRequestID(p.task) && events.ValidRequestID(p.folder)
}

// following is how far an upload is.
type following struct {
	ID string `json:"id"`
	// UploadID is what its events and records carry; "" while there is no file.
	UploadID string `json:"uploadId,omitempty"`
	// State is awaited, received, running or completed; a completed upload may change
	// once more if parked records are redriven.
	State     string             `json:"state"`
	Key       string             `json:"key,omitempty"`
	Submitted *time.Time         `json:"submitted,omitempty"`
	Deadline  *time.Time         `json:"deadline,omitempty"`
	Counts    *requests.Counts   `json:"counts,omitempty"`
	Reasons   map[string]int     `json:"reasons,omitempty"`
	Problems  []events.Problem   `json:"problems,omitempty"`
	Usage     *events.Usage      `json:"usage,omitempty"`
	CostUSD   float64            `json:"costUSD"`
	Reused    int                `json:"reused"`
	Parked    string             `json:"parked,omitempty"`
	Results   string             `json:"results,omitempty"`
	Report    string             `json:"report,omitempty"`
	ReportURL string             `json:"reportURL,omitempty"`
	Mail      []events.Recipient `json:"mail,omitempty"`
}

// upload answers GET /uploads/{id}, by the id of POST /uploads or by that which
// events carry.
func (h *Handler) upload(ctx context.Context, c *call) (response, error) {
	id := c.PathParameters["id"]
	f := following{ID: id, UploadID: id}
	p, placed := placeOf(id)
	switch {
	case placed:
		if err := h.look(ctx, c, p, &f); err != nil {
			return response{}, err
		}
	case !events.ValidRequestID(id):
		return response{}, refuse(notFound, "there is no upload with this id")
	}
	if f.UploadID != "" {
		if err := h.follow(ctx, c, &f); err != nil {
			return response{}, err
		}
	}
	if f.State == "" {
		return response{}, refuse(notFound, "there is no upload with this id")
	}
	r, err := reply(http.StatusOK, f)
	if f.State != "completed" {
		r = r.with("retry-after", pollAfter)
	}
	return r, err
}

// look looks what lies at a place: the file, which names the upload, or only its
// definition, or nothing yet.
func (h *Handler) look(ctx context.Context, c *call, p place, f *following) error {
	f.UploadID, f.State = "", "awaited"
	for info, err := range h.Store.List(ctx, p.prefix(c.tenant)) {
		if err != nil {
			return fmt.Errorf("look for the upload: %w", err)
		}
		if !upload.IsDefinition(info.Key) {
			f.Key, f.State = info.Key, "received"
			f.UploadID = upload.ID(h.Store.Bucket(), info.Key, info.ETag)
		}
	}
	return nil
}

// follow tells how far the upload is, if anything was heard of it.
func (h *Handler) follow(ctx context.Context, c *call, f *following) error {
	intake, _, err := upload.LoadIntake(ctx, h.Store, f.UploadID)
	switch {
	case errors.Is(err, objects.ErrNotFound):
		return nil
	case err != nil:
		return err
	case intake.Tenant != c.tenant:
		f.State = ""
		return nil
	}
	deadline := intake.Deadline()
	f.State, f.Key, f.Submitted, f.Deadline, f.Problems = "running", intake.File.Key, &intake.Submitted, &deadline, intake.Problems
	p, err := requests.LoadProgress(ctx, h.Store, f.UploadID)
	if errors.Is(err, objects.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("progress: %w", err)
	}
	counts := p.Counts()
	f.Counts, f.Reasons, f.Usage, f.CostUSD, f.Reused, f.Parked, f.Mail = &counts, p.ReasonCounts(), &p.Usage, p.CostUSD, p.Reused, p.Parked, p.Mail
	if p.Done != nil {
		f.State, f.Results, f.Report = "completed", p.Done.Results, p.Done.Report
		if h.Config.Links != nil {
			f.ReportURL = h.Config.Links.Report(c.tenant, f.UploadID)
		}
	}
	return nil
}
