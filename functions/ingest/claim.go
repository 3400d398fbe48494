package ingest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"sluice/events"
	"sluice/internal/consume"
	"sluice/internal/fault"
	"sluice/internal/objects"
	"sluice/internal/upload"
)

// claim is an upload that this invocation works on.
type claim struct {
	upload.Intake
	etag string
	// start is the position of the last record that was said before this receive.
	start int
	// body is the object from the intake's position on; nil where it is not
	// needed, or where it is gone.
	body *objects.Reader
	gone bool
	// cancel ends the reading of the body.
	cancel context.CancelFunc
}

func (c *claim) release() {
	if c.body != nil {
		_ = c.body.Close()
	}
	c.cancel()
}

// moveTo sets the position and tells whether this receive got further.
func (c *claim) moveTo(m mark) bool {
	c.Position, c.Records, c.Rejected = m.position, m.position.Record, m.rejected
	return m.position.Record > c.start
}

// advanced forgets what went wrong before the file got further.
func (c *claim) advanced() { c.Tries, c.Failures = 0, 0 }

// claim finds or makes the upload's intake and opens the object. Nil without an
// error means that there is nothing to do: the object is no longer the one that
// the event is about, and nobody has begun to read it.
func (h *Handler) claim(ctx context.Context, m consume.Message, file events.UploadFile) (*claim, error) {
	id := upload.ID(file.Bucket, file.Key, file.ETag)
	c := &claim{cancel: func() {}}
	var err error
	c.Intake, c.etag, err = upload.LoadIntake(ctx, h.store, id)
	switch {
	case errors.Is(err, objects.ErrNotFound):
		c.Intake, err = h.begin(ctx, m, file, id)
	case err == nil && !c.Done:
		err = h.takeOver(m, c.Intake)
	}
	if err != nil || c.Done {
		return c, err
	}
	if err := h.open(ctx, c); err != nil || c.gone && c.etag == "" {
		return nil, err
	}
	c.Writer, c.Tries, c.start = writerOf(m), c.Tries+1, c.Position.Record
	if err := h.save(ctx, c); err != nil {
		c.release()
		return nil, err
	}
	return c, nil
}

// writerOf names this receive of the message.
func writerOf(m consume.Message) string { return fmt.Sprintf("%s.%d", m.ID, m.Receives) }

// others is how long another message's work on the same upload is respected
// after its last sign of life. Two may read the same file without harm; it only
// costs twice.
const others = 30 * time.Second

// takeOver tells whether an upload that was begun may be gone on with.
func (h *Handler) takeOver(m consume.Message, i upload.Intake) error {
	own := strings.HasPrefix(i.Writer, m.ID+".")
	if !own && h.now().Sub(i.Updated) < others {
		return fault.DeferFor(others, errors.New("another delivery of the event is being worked on"))
	}
	if i.Tries >= maxTries {
		return fault.Errorf(fault.Park, "%d receives in a row got no further than record %d", i.Tries, i.Position.Record)
	}
	return nil
}

// begin is the intake of an upload that nobody has begun.
func (h *Handler) begin(ctx context.Context, m consume.Message, file events.UploadFile, id string) (upload.Intake, error) {
	i := upload.Intake{ID: id, File: file, Cause: m.Record.ID, Submitted: m.Record.Time.UTC()}
	place, err := upload.ParseKey(file.Key)
	if err != nil {
		i.Problems = append(i.Problems, events.Problem{Code: events.CodeUnsupported, Message: err.Error()})
	}
	i.Tenant = orString(place.Tenant, events.NoTenant)
	definition, problems, err := h.definition(ctx, file.Key)
	if err != nil {
		return i, err
	}
	i.Definition, i.Problems = definition, append(i.Problems, problems...)
	i.Definition.Task = orString(definition.Task, orString(place.Task, "unknown"))
	if !definition.Submitted.IsZero() {
		i.Submitted = definition.Submitted
	}
	if !definition.Deadline.IsZero() && !definition.Deadline.After(i.Submitted) {
		i.Problems = append(i.Problems, upload.BadDefinition("has a deadline before the upload itself"))
		i.Definition.Deadline = time.Time{}
	}
	return i, nil
}

// definition reads what lies beside the file, if anything does.
func (h *Handler) definition(ctx context.Context, key string) (upload.Definition, []events.Problem, error) {
	key = upload.DefinitionKey(key)
	if len(key) > upload.MaxKey || !utf8.ValidString(key) {
		return upload.Definition{}, nil, nil
	}
	object, err := h.store.Get(ctx, key, upload.MaxDefinitionBytes)
	switch {
	case errors.Is(err, objects.ErrNotFound):
		return upload.Definition{}, nil, nil
	case errors.Is(err, objects.ErrTooLarge):
		return upload.Definition{}, []events.Problem{upload.BadDefinition(fmt.Sprintf("has more than %d bytes", upload.MaxDefinitionBytes))}, nil
	case err != nil:
		return upload.Definition{}, nil, fmt.Errorf("read the definition: %w", err)
	}
	definition, problems := upload.ParseDefinition(object.Body)
	return definition, problems, nil
}

// open begins to stream the object from the intake's position, unless the
// upload is to be rejected unread.
func (h *Handler) open(ctx context.Context, c *claim) error {
	if len(c.Problems) > 0 {
		return nil
	}
	reading, cancel := clockOf(ctx).reading(ctx)
	body, err := h.store.Open(reading, c.File.Key, c.Position.Offset, `"`+c.File.ETag+`"`)
	if err != nil {
		cancel()
		if errors.Is(err, objects.ErrNotFound) || errors.Is(err, objects.ErrChanged) {
			c.gone = true
			return nil
		}
		return fmt.Errorf("open the upload: %w", err)
	}
	c.body, c.cancel = body, cancel
	return nil
}

// save stores the intake if nobody else did since it was loaded. A lost answer
// to our own write is told by its writer and generation.
func (h *Handler) save(ctx context.Context, c *claim) error {
	c.Updated = h.now().UTC()
	want := c.Generation + 1
	etag, err := upload.SaveIntake(ctx, h.store, &c.Intake, c.etag)
	if errors.Is(err, objects.ErrChanged) || errors.Is(err, objects.ErrExists) {
		var stored upload.Intake
		stored, etag, err = upload.LoadIntake(ctx, h.store, c.ID)
		if err == nil && (stored.Writer != c.Writer || stored.Generation != want) {
			return fault.DeferFor(others, errors.New("another delivery of the event has taken the upload over"))
		}
		c.Generation = want
	}
	if err != nil {
		return err
	}
	c.etag = etag
	return nil
}

func orString(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
