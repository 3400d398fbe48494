package track

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"sluice/events"
	"sluice/internal/consume"
	"sluice/internal/fault"
	"sluice/internal/objects"
	"sluice/internal/requests"
)

// Name is the function's name.
const Name = "track"

// MaxFailures is how often a message may fail before it is given up. What track
// hears is what an upload waits for, so it is patient.
const MaxFailures = 8

// inFlight is how many requests, and how many uploads, are worked on at the
// same time.
const inFlight = 16

// Publisher says events; see internal/bus.
type Publisher interface {
	Publish(context.Context, events.Envelope) error
}

// Handler keeps track of requests and uploads.
type Handler struct {
	store   *objects.Store
	book    *requests.Book
	bus     Publisher
	log     *slog.Logger
	now     func() time.Time
	tempDir string
}

// New makes the handler. TempDir is where results are put together ("": the
// system's).
func New(store *objects.Store, bus Publisher, log *slog.Logger, now func() time.Time, tempDir string) *Handler {
	return &Handler{store, requests.New(store), bus, log, now, tempDir}
}

// heard is one event of the batch, and what becomes of its message.
type heard struct {
	events.Envelope
	err error
}

// Handle notes what the batch says, and returns one error per message: Park for
// what is not one of the events that are heard, Defer for an upload that goes
// on, or S3's and the bus's own.
func (h *Handler) Handle(ctx context.Context, messages []consume.Message) []error {
	all := make([]*heard, len(messages))
	singles, uploads := map[string][]*heard{}, map[string][]*heard{}
	for i, m := range messages {
		e, err := events.Decode(m.Record)
		all[i] = &heard{e, fault.As(fault.Park, err)}
		if err != nil {
			continue
		}
		if id := uploadOf(e); id != "" && !aboutAMail(e) {
			uploads[id] = append(uploads[id], all[i])
		} else {
			key := requests.Key(e.Tenant, e.RequestID)
			singles[key] = append(singles[key], all[i])
		}
	}
	groups(singles, func(group []*heard) error { return h.noteRequest(ctx, group) })
	groups(uploads, func(group []*heard) error { return h.noteUpload(ctx, group[0].uploadID(), group) })
	// What is put together takes long, so it comes last: the rest is noted by then.
	for id, group := range uploads {
		h.conclude(ctx, id, group)
	}
	errs := make([]error, len(all))
	for i, one := range all {
		errs[i] = one.err
	}
	return errs
}

// aboutAMail tells whether the event is what became of a mail. That is noted in the
// status of whoever named the recipients.
func aboutAMail(e events.Envelope) bool {
	switch e.Type() {
	case events.EmailDelivered{}.Type(), events.EmailBounced{}.Type(), events.EmailComplained{}.Type():
		return true
	}
	return false
}

// uploadOf is the upload that an event is about, as a whole or one of its
// records; "" for a single request.
func uploadOf(e events.Envelope) string {
	if e.Request.Upload != nil {
		return e.Request.Upload.ID
	}
	if e.Type() == (events.UploadReceived{}).Type() {
		return e.Subject
	}
	return ""
}

func (h *heard) uploadID() string { return uploadOf(h.Envelope) }

// record is the position that the event is about, 0 for the upload as a whole.
func (h *heard) record() int {
	if h.Request.Upload == nil {
		return 0
	}
	return h.Request.Upload.Record
}

// groups calls note with each group, some at a time. If it fails, that is what
// becomes of every message of the group that has no error of its own. If it
// panics, it is called with each message alone, to know whose fault it is.
func groups(all map[string][]*heard, note func([]*heard) error) {
	var running sync.WaitGroup
	slots := make(chan struct{}, inFlight)
	for _, group := range all {
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			guarded(group, note)
		})
	}
	running.Wait()
}

func guarded(group []*heard, note func([]*heard) error) {
	var err error
	panicked := fault.Guard(func() error { err = note(group); return nil })
	if panicked != nil && len(group) > 1 {
		for i := range group {
			guarded(group[i:i+1], note)
		}
		return
	}
	for _, one := range group {
		if one.err == nil {
			one.err = errors.Join(panicked, err)
		}
	}
}

var errUnheard = errors.New("this event is not one that is tracked")

// understand decodes the data of every event once, and calls f with it. An event
// that does not decode is its own message's error.
func understand(group []*heard, f func(*heard, any)) {
	for _, one := range group {
		if one.err != nil {
			continue
		}
		data, err := dataOf(one.Envelope)
		if err != nil {
			one.err = fault.As(fault.Park, err)
			continue
		}
		f(one, data)
	}
}

func dataOf(e events.Envelope) (any, error) {
	switch e.Type() {
	case events.UploadReceived{}.Type():
		return events.DataOf[events.UploadReceived](e)
	case events.RequestRejected{}.Type():
		return events.DataOf[events.RequestRejected](e)
	case events.AiFailed{}.Type():
		return events.DataOf[events.AiFailed](e)
	case events.Stored{}.Type():
		return events.DataOf[events.Stored](e)
	case events.Notified{}.Type():
		return events.DataOf[events.Notified](e)
	case events.NotificationSkipped{}.Type():
		return events.DataOf[events.NotificationSkipped](e)
	case events.RequestParked{}.Type():
		return events.DataOf[events.RequestParked](e)
	case events.EmailDelivered{}.Type():
		return events.DataOf[events.EmailDelivered](e)
	case events.EmailBounced{}.Type():
		return events.DataOf[events.EmailBounced](e)
	case events.EmailComplained{}.Type():
		return events.DataOf[events.EmailComplained](e)
	}
	return nil, errUnheard
}
