package relay

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"sluice/internal/local/disk"
	"sluice/internal/local/ses"
)

// Outbox is where the mails are. Their ids sort in the order in which they were
// accepted.
type Outbox interface {
	// Outbox reads mails, the newest first.
	Outbox(ctx context.Context, f ses.Filter) ([]*ses.Mail, error)
	// Mail reads one mail.
	Mail(id string) (*ses.Mail, error)
	// Feedback notes what became of a mail for one recipient and tells the bus.
	Feedback(ctx context.Context, id, recipient, kind string) error
}

// Options say where to relay to.
type Options struct {
	// Server is host:port. On port 465 TLS is spoken from the start, elsewhere
	// when the server offers STARTTLS.
	Server string
	// Username and Password log in, if they are there.
	Username, Password string
	// TLS is what the server's certificate is checked with; nil for the usual.
	TLS *tls.Config
	// Log never gets an address or the text of a mail.
	Log *slog.Logger
	// Poll is how often the outbox is looked at, and the first pause after a
	// failure. Default 500 ms.
	Poll time.Duration
}

const (
	usualPoll = 500 * time.Millisecond
	// mostHold is the longest pause before the server is tried again, mostDelay
	// the longest before a mail is that it put off.
	mostHold  = time.Minute
	mostDelay = 10 * time.Minute
	// grace is how long a mail may be behind a newer one into the outbox: it took
	// its place there, but was not written yet.
	grace = 10 * time.Second
	// firstPage is how many of the newest mails are looked at first.
	firstPage = 64
)

// Relay relays. One goroutine uses it at a time.
type Relay struct {
	outbox  Outbox
	marks   marks
	server  server
	options Options

	// after: this mail and all older ones are done with.
	after string
	// seen is the newest mail at the time at; behind it no older one comes any
	// more once the grace is over.
	seen string
	at   time.Time
	// putOff has the mails that wait for themselves. They are on disk too, so that
	// the line can move past them.
	putOff map[string]delay
	// quiet: the last look at the outbox, with this mail as the newest, left only
	// what is in putOff.
	quiet string
}

// delay is how long a mail waits.
type delay struct {
	pause time.Duration
	until time.Time
}

// New is a relay of the outbox with its marks in the store. With the first one
// of a store, what is in the outbox already is not relayed. The error tells what
// is wrong with the options, or is the store's.
func New(ctx context.Context, outbox Outbox, store disk.Store, o Options) (*Relay, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Poll <= 0 {
		o.Poll = usualPoll
	}
	r := &Relay{outbox: outbox, marks: marks{store}, options: o, putOff: map[string]delay{}}
	var err error
	if r.server, err = newServer(o); err != nil {
		return nil, err
	}
	after, found, err := r.marks.after()
	if err != nil {
		return nil, err
	}
	if err := r.marks.waiting(func(id string) { r.putOff[id] = delay{} }); err != nil {
		return nil, err
	}
	if r.after = after; found {
		return r, nil
	}
	if r.after, err = r.newest(ctx); err != nil {
		return nil, err
	}
	return r, r.marks.setAfter(ctx, r.after)
}

// Run relays until the context ends, whose error it returns, or until the store
// fails.
func (r *Relay) Run(ctx context.Context) error {
	hold := r.options.Poll
	for {
		err := r.pass(ctx)
		var down *downError
		pause := r.options.Poll
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.As(err, &down):
			r.options.Log.Warn("the mail server cannot be used; mails wait", "error", reason(down.error), "again", hold.String())
			pause, hold = hold, min(2*hold, mostHold)
		case err != nil:
			return err
		default:
			hold = r.options.Poll
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// Flush tries once more, after Run has ended, to relay what waits, and returns
// how many mails still do. They go out with the next relay.
func (r *Relay) Flush(ctx context.Context) (waiting int, err error) {
	for id := range r.putOff {
		r.putOff[id] = delay{}
	}
	r.quiet = ""
	err = r.pass(ctx)
	var down *downError
	if err != nil && !errors.As(err, &down) && ctx.Err() == nil {
		return 0, err
	}
	left, err := r.unsettled(context.WithoutCancel(ctx))
	return len(left), err
}

// downError: the server cannot be reached, or does not let us in.
type downError struct{ error }

// pass relays what waits and is due.
func (r *Relay) pass(ctx context.Context) error {
	began := time.Now()
	newest, err := r.newest(ctx)
	if err != nil {
		return err
	}
	done := newest == r.after || newest == r.quiet && began.Sub(r.at) < grace
	if done && !r.due(began) {
		return nil
	}
	r.quiet = ""
	ids, err := r.unsettled(ctx)
	if err != nil {
		return err
	}
	if err := r.relayAll(ctx, ids); err != nil {
		return err
	}
	r.quiet = newest
	return r.advance(ctx, newest, began)
}

// due tells whether a mail that was put off has its turn.
func (r *Relay) due(now time.Time) bool {
	for _, d := range r.putOff {
		if !now.Before(d.until) {
			return true
		}
	}
	return false
}

func (r *Relay) newest(ctx context.Context) (string, error) {
	mails, err := r.outbox.Outbox(ctx, ses.Filter{Limit: 1})
	if err != nil {
		return "", fmt.Errorf("relay: look at the outbox: %w", err)
	}
	if len(mails) == 0 {
		return "", nil
	}
	return mails[0].ID, nil
}

// unsettled lists the mails that are not done with, the oldest first.
func (r *Relay) unsettled(ctx context.Context) ([]string, error) {
	for limit := firstPage; ; limit *= 4 {
		mails, err := r.outbox.Outbox(ctx, ses.Filter{Limit: limit})
		if err != nil {
			return nil, fmt.Errorf("relay: look at the outbox: %w", err)
		}
		if len(mails) == limit && mails[limit-1].ID > r.after {
			continue // there are more
		}
		ids := slices.Collect(maps.Keys(r.putOff))
		for _, m := range mails {
			if _, listed := r.putOff[m.ID]; listed || m.ID <= r.after {
				continue
			}
			k, err := r.marks.read(m.ID)
			if err != nil {
				return nil, err
			}
			if k.Done.IsZero() {
				ids = append(ids, m.ID)
			}
		}
		slices.Sort(ids)
		return ids, nil
	}
}

// relayAll relays mails over one connection, which is made when there is a mail
// that is due.
func (r *Relay) relayAll(ctx context.Context, ids []string) error {
	var to *connection
	defer func() {
		if to != nil {
			to.close()
		}
	}()
	for _, id := range ids {
		if time.Now().Before(r.putOff[id].until) {
			continue
		}
		if to == nil {
			var err error
			if to, err = r.server.dial(ctx); err != nil {
				return &downError{err}
			}
		}
		err := r.relay(ctx, to, id)
		var later *laterError
		switch {
		case err == nil:
			delete(r.putOff, id)
		case errors.As(err, &later):
			if err := r.wait(ctx, id, later); err != nil {
				return err
			}
			if judge(later.error) == broken {
				return &downError{later.error}
			}
		default:
			return err
		}
	}
	return nil
}

// wait lets a mail wait for longer every time. A mail that breaks every
// connection waits too, so that the others have theirs.
func (r *Relay) wait(ctx context.Context, id string, why *laterError) error {
	d, waits := r.putOff[id]
	if !waits {
		if err := r.marks.wait(ctx, id); err != nil {
			return err
		}
	}
	d.pause = min(max(2*d.pause, 2*r.options.Poll), mostDelay)
	d.until = time.Now().Add(d.pause)
	r.putOff[id] = d
	r.options.Log.Info("a mail waits", "mail", id, "error", reason(why.error), "again", d.pause.String())
	return nil
}

// advance moves the line behind which everything is done with or put off. It
// only follows a mail that was the newest a while ago: until then an older one
// may appear.
func (r *Relay) advance(ctx context.Context, newest string, began time.Time) error {
	if r.seen != "" && began.Sub(r.at) < grace {
		return nil
	}
	seen := r.seen
	r.seen, r.at = newest, began
	if seen <= r.after {
		return nil
	}
	r.after = seen
	return r.marks.setAfter(ctx, seen)
}
