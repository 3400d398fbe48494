package feedback

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"sluice/events"
	"sluice/internal/consume"
	"sluice/internal/fault"
	"sluice/internal/mailtag"
	"sluice/internal/objects"
	"sluice/internal/reputation"
	"sluice/internal/suppression"
	"sluice/internal/telemetry"
)

// Name is the function's name.
const Name = "feedback"

// InFlight is how many reports are taken in at the same time.
const InFlight = 10

// Publisher says events; see internal/bus.
type Publisher interface {
	Publish(context.Context, events.Envelope) error
}

// Handler takes in what became of mails.
type Handler struct {
	config Config
	list   *suppression.List
	book   *reputation.Book
	ses    suppression.Source
	bus    Publisher
	log    *slog.Logger
	now    func() time.Time
}

// New makes the handler.
func New(config Config, store *objects.Store, ses suppression.Source, bus Publisher, log *slog.Logger, now func() time.Time) *Handler {
	return &Handler{config, suppression.New(store, config.SuppressionSecret, now), reputation.New(store, now), ses, bus, log, now}
}

// Handle takes in a batch of reports, and what the clock says; it returns one error
// per message. Errors: Park for what is not a report of SES, Defer for the clock
// while SES's list is not gone through, else what S3 or the bus answered.
func (h *Handler) Handle(ctx context.Context, messages []consume.Message) []error {
	var mu sync.Mutex
	counted := make([][]reputation.Report, len(messages))
	place := map[string]int{}
	for i, m := range messages {
		place[m.ID] = i
	}
	errs := consume.Many(ctx, messages, InFlight, func(ctx context.Context, m consume.Message) error {
		if scheduled(m) {
			return nil // all of them together, at the end
		}
		reports, err := h.one(ctx, m.Record)
		mu.Lock()
		defer mu.Unlock()
		counted[place[m.ID]] = reports
		return err
	})
	h.count(ctx, counted, errs)
	h.sweep(ctx, messages, errs)
	return errs
}

// scheduled tells whether the clock of the function's rule says something: that a
// sweep may be due.
func scheduled(m consume.Message) bool {
	return m.Record.Source == "aws.events" && m.Record.DetailType == "Scheduled Event"
}

// one takes in one report, and returns what of it counts for our reputation.
func (h *Handler) one(ctx context.Context, r events.Record) ([]reputation.Report, error) {
	began := h.now()
	p, err := decode(r)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(p.tags["ses:configuration-set"], h.config.ConfigurationSet) {
		return nil, nil
	}
	if about, _, ours := mailtag.About(p.tags); ours {
		// The report names nobody, and its mail's tags do.
		ctx = telemetry.With(ctx, telemetry.IDs{RequestID: about.RequestID, CorrelationID: about.CorrelationID, Event: r.DetailType})
	}
	suppressed, err := h.suppress(ctx, p)
	if err != nil {
		return nil, err
	}
	if err := h.say(ctx, began, p, suppressed); err != nil {
		return nil, err
	}
	return p.counts(), nil
}

// suppress notes what the report tells of its addresses, and tells whether they
// are mailed no more.
func (h *Handler) suppress(ctx context.Context, p report) (bool, error) {
	note := func(context.Context, string) (bool, error) { return false, nil }
	fact := func(reason suppression.Reason) func(context.Context, string) (bool, error) {
		return func(ctx context.Context, key string) (bool, error) {
			return true, h.list.Suppress(ctx, key, suppression.Entry{Reason: reason, Detail: p.word, Time: p.at, FeedbackID: p.feedbackID, MessageID: p.messageID})
		}
	}
	switch {
	case p.kind == kindDelivery:
		note = func(ctx context.Context, key string) (bool, error) { return false, h.list.Delivered(ctx, key, p.at) }
	case p.kind == kindComplaint && p.word != notSpam:
		note = fact(suppression.Complaint)
	case p.kind == kindBounce && p.kindOfBounce == events.BouncePermanent && p.word == "UnsubscribedRecipient":
		note = fact(suppression.Unsubscribed)
	case p.kind == kindBounce && p.kindOfBounce == events.BouncePermanent:
		note = fact(suppression.Bounce)
	case p.kind == kindBounce && !slices.Contains(aboutTheMail, p.word):
		note = func(ctx context.Context, key string) (bool, error) { return h.list.Transient(ctx, key, p.at) }
	}
	suppressed, done := false, map[string]bool{}
	for _, address := range p.blamed() {
		key := h.list.Key(address)
		if done[key] {
			continue
		}
		done[key] = true
		now, err := note(ctx, key)
		if err != nil {
			return false, fmt.Errorf("suppress: %w", err)
		}
		suppressed = suppressed || now
	}
	return suppressed, nil
}

// notSpam is the type of a complaint whose owner took a mail out of the spam.
const notSpam = "not-spam"

// say says what became of the mail, once per recipient.
func (h *Handler) say(ctx context.Context, began time.Time, p report, suppressed bool) error {
	about, kind, ours := mailtag.About(p.tags)
	if !ours {
		h.log.InfoContext(ctx, "a mail of somebody else", "kind", p.kind, "suppressed", suppressed)
		return nil
	}
	for _, address := range p.recipients() {
		mailed := events.Mailed{About: kind, MessageID: p.messageID, Recipient: events.AddressHash(address), Key: h.list.Key(address), At: p.at}
		data := p.event(mailed, suppressed)
		if data == nil {
			h.log.InfoContext(ctx, "mail", "kind", p.kind, "word", p.word, "sesMessageId", p.messageID)
			return nil
		}
		about.ID = events.ID(data.Type(), about.Tenant, about.RequestID, p.messageID, mailed.Recipient, string(p.kindOfBounce), p.feedbackID)
		about.Timeline = []events.Step{{Name: Name, Began: began.UTC(), Ended: h.now().UTC()}}
		e, err := events.New(about, h.now(), data)
		if err != nil {
			return fault.As(fault.Park, err)
		}
		if err := h.bus.Publish(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// event is what is said, nil if that is nothing.
func (p report) event(mailed events.Mailed, suppressed bool) events.Event {
	switch p.kind {
	case kindDelivery:
		return events.EmailDelivered{Mailed: mailed}
	case kindBounce, kindReject, kindRendering:
		return events.EmailBounced{Mailed: mailed, Kind: p.kindOfBounce, SubType: p.word, FeedbackID: p.feedbackID, Suppressed: suppressed}
	case kindComplaint:
		if p.word != notSpam {
			return events.EmailComplained{Mailed: mailed, FeedbackType: p.word, FeedbackID: p.feedbackID}
		}
	}
	return nil
}

// counts is what of the report counts for our reputation.
func (p report) counts() []reputation.Report {
	var kind reputation.Kind
	switch {
	case p.kind == kindSend:
		kind = reputation.Send
	case p.kind == kindBounce && p.kindOfBounce == events.BouncePermanent && !p.unsent:
		kind = reputation.Bounce
	case p.kind == kindComplaint && p.word != notSpam && !p.unsent:
		kind = reputation.Complaint
	default:
		return nil
	}
	var all []reputation.Report
	for _, address := range p.recipients() {
		if !simulated(address) {
			all = append(all, reputation.Report{Kind: kind, Sent: p.sent, ID: events.ID(string(kind), p.messageID, events.AddressHash(address))[:13]})
		}
	}
	return all
}

// count adds what went well to the counts. If that fails, those messages come
// back: what they noted bears repetition.
func (h *Handler) count(ctx context.Context, counted [][]reputation.Report, errs []error) {
	var all []reputation.Report
	for i, reports := range counted {
		if errs[i] == nil {
			all = append(all, reports...)
		}
	}
	standing, err := h.book.Add(ctx, all)
	if err != nil {
		for i, reports := range counted {
			if errs[i] == nil && len(reports) > 0 {
				errs[i] = fmt.Errorf("count: %w", err)
			}
		}
		return
	}
	if standing.Stopped {
		h.log.ErrorContext(ctx, "all sending is stopped", "why", standing.Why,
			"sends", standing.Sends, "bounces", standing.Bounces, "complaints", standing.Complaints)
	}
}

// sweep goes through SES's own list, if the clock says so and it is time. What went
// wrong is only logged, for no report is to wait for it: the clock says the same
// within the hour, and then the list is gone on with. Only where the invocation's
// time was too short the clock's message comes back at once.
func (h *Handler) sweep(ctx context.Context, messages []consume.Message, errs []error) {
	if !slices.ContainsFunc(messages, scheduled) {
		return
	}
	found, err := h.list.SweepIfDue(ctx, h.ses)
	log := h.log.With("taken", found.Taken, "gone", found.Gone)
	switch {
	case errors.Is(err, suppression.ErrUnfinished):
		for i, m := range messages {
			if scheduled(m) {
				errs[i] = err
			}
		}
	case err != nil:
		log.WarnContext(ctx, "SES's suppression list could not be gone through", "error", err.Error())
	case found.TooLong:
		log.WarnContext(ctx, "SES's suppression list is too long to see what is gone from it")
	case found.Whole:
		log.InfoContext(ctx, "SES's suppression list was gone through")
	}
}
