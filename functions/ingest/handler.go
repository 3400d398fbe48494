package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"sluice/events"
	"sluice/internal/consume"
	"sluice/internal/fault"
	"sluice/internal/objects"
	"sluice/internal/telemetry"
	"sluice/internal/upload"
)

// Name is the function's name.
const Name = "ingest"

// Publisher says events. It returns an error per event, nil for what is said.
type Publisher interface {
	PublishAll(context.Context, ...events.Envelope) []error
}

// Payloads takes inputs in that are too large for an event.
type Payloads interface {
	CheckIn(ctx context.Context, tenant string, in events.Input) (events.Input, error)
}

// Handler takes uploads in.
type Handler struct {
	store    *objects.Store
	payloads Payloads
	bus      Publisher
	log      *slog.Logger
	now      func() time.Time
}

// New makes a handler for the store's bucket.
func New(store *objects.Store, payloads Payloads, bus Publisher, log *slog.Logger, now func() time.Time) *Handler {
	return &Handler{store, payloads, bus, log, now}
}

// Handle takes one of S3's events. Nil means that the file was taken in, or is
// none of ours; Defer that the reading goes on with the next receive.
func (h *Handler) Handle(ctx context.Context, m consume.Message) error {
	created, err := decode(m.Record)
	if err != nil {
		return err
	}

	if created.Bucket.Name != h.store.Bucket() {
		return fault.Errorf(fault.Park, "the object lies in another bucket than %s", h.store.Bucket())
	}
	file := created.file()
	if upload.IsDefinition(file.Key) || strings.HasSuffix(file.Key, "/") && file.Bytes == 0 {
		return nil
	}

	id := upload.ID(file.Bucket, file.Key, file.ETag)
	ctx = telemetry.With(ctx, telemetry.IDs{CorrelationID: id, Event: m.Record.DetailType})
	c, err := h.claim(ctx, m, file)
	switch {
	case err != nil:
		return err
	case c == nil:
		h.log.InfoContext(ctx, "the object is gone or was replaced; nothing was read")
		return nil
	}

	if !c.Done {
		defer c.release()
		if err := h.takeIn(ctx, c); err != nil {
			return err
		}
		h.log.InfoContext(ctx, "upload taken in", "records", c.Records, "rejected", c.Rejected, "bytes", file.Bytes)
	}

	return h.sayUpload(ctx, c.Intake)
}

// created is the detail of S3's Object Created event. The key is plain here,
// not URL-encoded as in S3's own notifications
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html).
type created struct {
	Bucket struct {
		Name string `json:"name"`
	} `json:"bucket"`
	Object struct {
		Key  string `json:"key"`
		Size int64  `json:"size"`
		ETag string `json:"etag"`
	} `json:"object"`
}

func (c created) file() events.UploadFile {
	return events.UploadFile{Bucket: c.Bucket.Name, Key: c.Object.Key, ETag: upload.PlainETag(c.Object.ETag), Bytes: c.Object.Size}
}

func decode(r events.Record) (created, error) {
	var c created
	if r.Source != "aws.s3" || r.DetailType != "Object Created" {
		return c, fault.Errorf(fault.Park, "%s is not an event of S3 about a new object", r.DetailType)
	}
	if err := json.Unmarshal(r.Detail, &c); err != nil {
		return c, fault.Errorf(fault.Park, "the detail of S3's event does not decode")
	}
	if c.Object.Key == "" || c.Object.ETag == "" {
		return c, fault.Errorf(fault.Park, "S3's event lacks the object's key or ETag")
	}
	return c, nil
}

// takeIn says the file's records from the claim's position on, and stores that
// it is done. Whatever stops it before leaves the position stored.
func (h *Handler) takeIn(ctx context.Context, c *claim) error {
	f := newFeed(ctx, h, c)
	stopped := f.run(ctx)
	moved := c.moveTo(f.said())
	switch {
	case stopped == nil:
		c.Done = true
		c.advanced()
		return h.save(ctx, c)
	case errors.Is(stopped, errOutOfTime) && moved:
		c.advanced()
		return firstError(h.save(ctx, c), fault.DeferFor(atOnce, stopped))
	}
	class, after := fault.Of(stopped)
	switch {
	case class == fault.Park || class == fault.Reject:
		return firstError(h.save(ctx, c), stopped)
	case class == fault.Defer:
		c.advanced()
		return firstError(h.save(ctx, c), fault.DeferFor(after, stopped))
	case moved:
		c.advanced()
		return firstError(h.save(ctx, c), fault.DeferFor(pause, stopped))
	}
	c.Failures++
	if c.Failures >= maxFailures {
		return fault.Errorf(fault.Park, "%d failures in a row got no further: %w", c.Failures, stopped)
	}
	// The count is stored, so to the edge this is a deferral: a failure after
	// progress must not add up with those before it.
	return firstError(h.save(ctx, c), fault.DeferFor(pause<<c.Failures, stopped))
}

const (
	// maxFailures is how many failures in a row may get no further. Receives that
	// ended without a word count apart, and more of them are borne: it need not be
	// the file that ended them.
	maxFailures, maxTries = 3, 12
	// pause is how long a file waits after a failure.
	pause = 2 * time.Second
	// atOnce lets the message come back without delay: the visibility timeout is
	// rounded up to whole seconds, and 0 would leave it to the edge.
	atOnce = -time.Nanosecond
)

// sayUpload says that the file was split into its records.
func (h *Handler) sayUpload(ctx context.Context, i upload.Intake) error {
	e, err := events.New(events.Envelope{
		RequestID: i.ID, Tenant: i.Tenant, CorrelationID: i.ID, CausationID: i.Cause,
		Request: events.Request{Task: i.Definition.Task, Upload: &events.UploadRecord{ID: i.ID}, Submitted: i.Submitted},
	}, h.now(), events.UploadReceived{
		File: i.File, Records: i.Records, Rejected: i.Rejected, Deadline: i.Deadline(), WantsReport: i.WantsReport(),
	})
	if err != nil {
		return err
	}
	if err := h.bus.PublishAll(ctx, e)[0]; err != nil {
		return fmt.Errorf("say that the upload was received: %w", err)
	}
	return nil
}

// firstError is the first that is not nil.
func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
