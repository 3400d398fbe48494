package notify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sluice/events"
	"sluice/internal/claim"
	"sluice/internal/consume"
	"sluice/internal/fault"
	"sluice/internal/links"
	"sluice/internal/objects"
	"sluice/internal/reputation"
	"sluice/internal/requests"
	"sluice/internal/suppression"
)

// Name is the function's name.
const Name = "notify"

// Publisher says events; see internal/bus.
type Publisher interface {
	Publish(context.Context, events.Envelope) error
}

// Handler mails.
type Handler struct {
	config   Config
	store    *objects.Store
	requests *requests.Book
	claims   *claim.Keeper
	list     *suppression.List
	book     *reputation.Book
	links    *links.Links // nil: mails hold none
	ses      API
	bus      Publisher
	now      func() time.Time
	texts    texts
}

// New makes the handler. Ses must try each call once; see [OneAttempt].
func New(config Config, store *objects.Store, ses API, bus Publisher, now func() time.Time) (*Handler, error) {
	texts, err := parseTexts()
	if err != nil {
		return nil, err
	}
	links, err := config.links()
	if err != nil {
		return nil, err
	}
	if links != nil {
		links = links.At(now)
	}
	return &Handler{
		config: config, store: store, requests: requests.New(store), claims: claim.New(store, now),
		list: suppression.New(store, config.SuppressionSecret, now), book: reputation.New(store, now), links: links,
		ses: ses, bus: bus, now: now, texts: texts,
	}, nil
}

// subject is an event that somebody is to be mailed about.
type subject struct {
	events.Envelope
	data any
	// generation tells apart mails about the same thing with different news;
	// fingerprint is what the mail says.
	generation, fingerprint string
}

// Handle mails about one event. Errors: Park for an event that is not one of
// ours or a mail that needs a person, Defer for a throttle, a mail that another
// invocation is at, or while all sending is stopped, else what S3, SES or the bus
// answered.
func (h *Handler) Handle(ctx context.Context, m consume.Message) error {
	began := h.now()
	about, err := decode(m.Record)
	if err != nil {
		return fault.As(fault.Park, err)
	}
	if !about.wanted() {
		return nil
	}
	addresses, err := h.recipients(ctx, about)
	if err != nil {
		return err
	}
	if len(addresses) == 0 {
		return h.say(ctx, m, began, about, nil, "who is to be mailed is not known")
	}
	outcomes, err := h.mailAll(ctx, about, addresses)
	if errors.Is(err, errStopped) {
		return fault.DeferFor(stoppedPause(m.Receives), err)
	}
	if err != nil {
		return err
	}
	return h.say(ctx, m, began, about, outcomes, events.SkippedBecause("none of the recipients may be mailed", outcomes))
}

func decode(r events.Record) (*subject, error) {
	e, err := events.Decode(r)
	if err != nil {
		return nil, err
	}
	s := &subject{Envelope: e, generation: fmt.Sprint(e.Attempt), fingerprint: e.Type()}
	switch e.Type() {
	case events.Stored{}.Type():
		d, err := events.DataOf[events.Stored](e)
		s.data, s.generation, s.fingerprint = d, "", d.Answer
		return s, err
	case events.AiFailed{}.Type():
		s.data, err = events.DataOf[events.AiFailed](e)
	case events.RequestRejected{}.Type():
		s.data, err = events.DataOf[events.RequestRejected](e)
	case events.RequestParked{}.Type():
		s.data, err = events.DataOf[events.RequestParked](e)
	case events.UploadCompleted{}.Type():
		s.data, err = events.DataOf[events.UploadCompleted](e)
		s.generation = e.ID
	default:
		err = errors.New("nobody is mailed about this event")
	}
	return s, err
}

func (s *subject) wanted() bool {
	switch d := s.data.(type) {
	case events.UploadCompleted:
		return d.WantsReport
	case events.RequestParked:
		// Else the request goes on, or has ended and was told; and a mail about a mail
		// that could not be sent would not be sent either.
		return s.Request.WantsMail && s.Terminal && d.Event != (events.Stored{}).Type()
	}
	return s.Request.WantsMail
}

// mailAll mails each address and returns every outcome. The first error stops
// it if nobody can be mailed for the moment; any other lets the rest be mailed
// first.
func (h *Handler) mailAll(ctx context.Context, about *subject, addresses []string) ([]events.Recipient, error) {
	var outcomes []events.Recipient
	var failure error
	write := once(func() (*letter, error) { return h.write(ctx, about) })
	for _, address := range addresses {
		one := events.Recipient{Hash: events.AddressHash(address)}
		if why := h.config.Domains.Forbids(address); why != "" {
			one.Outcome, one.Reason = events.MailSkipped, why
			outcomes = append(outcomes, one)
			continue
		}
		if err := h.mayMail(ctx); err != nil {
			return nil, errors.Join(failure, err)
		}
		sent, _, err := claim.Once(ctx, h.claims, about.claim(one.Hash), func(ctx context.Context) (outcome, error) {
			return h.mail(ctx, about, write, address)
		})
		var suppressed errSuppressed
		switch {
		case errors.As(err, &suppressed):
			one.Outcome, one.Reason = events.MailSkipped, suppressed.why
		case err != nil:
			failure = errors.Join(failure, err)
			if errors.Is(err, errThrottled) || errors.Is(err, errUnwritten) {
				return nil, failure
			}
			continue
		default:
			one.Outcome, one.MessageID, one.Reason = sent.Outcome, sent.MessageID, sent.Reason
		}
		outcomes = append(outcomes, one)
	}
	return outcomes, failure
}

// once calls f at most once, when it is first needed.
func once(f func() (*letter, error)) func() (*letter, error) {
	var written *letter
	var err error
	return func() (*letter, error) {
		if written == nil && err == nil {
			written, err = f()
		}
		return written, err
	}
}

// errUnwritten: there is no mail to send to anybody.
var errUnwritten = errors.New("the mail cannot be written")

// mail sends the mail to one address, if that may be mailed.
func (h *Handler) mail(ctx context.Context, about *subject, write func() (*letter, error), address string) (outcome, error) {
	letter, err := write()
	if err != nil {
		return outcome{}, claim.NotDone(fmt.Errorf("%w: %w", errUnwritten, err))
	}
	if err := h.free(ctx, address); err != nil {
		return outcome{}, err
	}
	return h.send(ctx, about, letter, address)
}

func (s *subject) claim(hash string) claim.Claim {
	return claim.Claim{Kind: "mail", Fingerprint: events.ID(s.fingerprint),
		ID: events.ID(s.Type(), s.Tenant, s.RequestID, s.generation, hash)}
}

// say reports what became of the mail.
func (h *Handler) say(ctx context.Context, m consume.Message, began time.Time, about *subject, outcomes []events.Recipient, why string) error {
	var data events.Event = events.NotificationSkipped{About: about.Type(), Reason: why, Recipients: outcomes}
	for _, one := range outcomes {
		if one.Outcome != events.MailSkipped {
			data = events.Notified{About: about.Type(), Recipients: outcomes}
		}
	}
	e, err := about.Next(Name, began, h.now(), data)
	if err != nil {
		return fault.As(fault.Park, err)
	}
	if about.Type() == (events.Stored{}).Type() {
		e = e.Ends(events.Completed)
	}
	if err := h.bus.Publish(ctx, e); err != nil {
		return err
	}
	m.Said(e)
	return nil
}
