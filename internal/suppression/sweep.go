package suppression

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"sluice/internal/fault"
	"sluice/internal/objects"
)

// Source is SES's own suppression list.
type Source interface {
	ListSuppressedDestinations(context.Context, *sesv2.ListSuppressedDestinationsInput, ...func(*sesv2.Options)) (*sesv2.ListSuppressedDestinationsOutput, error)
}

const (
	// SweepEvery is how often SES's list is gone through.
	SweepEvery = 24 * time.Hour
	// overlap is how much of what the last sweep saw is taken over again: for clocks
	// that differ, and for what SES's list shows late.
	overlap = time.Hour
	// abandoned is when a sweep that has not ended is taken for dead.
	abandoned = 15 * time.Minute
	// pageTime is what must be left of an invocation's time to begin a page.
	pageTime = 20 * time.Second
	// soon is when a sweep that ran out of time may go on, or that SES throttled: it
	// takes about one such call a second.
	soon = time.Second
	// mostThrottles is how often in a row SES may throttle a sweep.
	mostThrottles = 10

	markKey  = Prefix + "sweep.json"
	pageSize = 1000
)

// ErrUnfinished: the time of the context was over before SES's list was. It is of
// class Defer: the next sweep goes on from the page that this one came to, and may
// at once.
var ErrUnfinished = errors.New("SES's suppression list is longer than the time that was left")

// mark says how far the sweeps have come.
type mark struct {
	// Through is up to when SES's list was taken over.
	Through time.Time `json:"through,omitzero"`
	// Since is when the last sweep was at the first page; Token is its next page, ""
	// for the first.
	Since time.Time `json:"since,omitzero"`
	Token string    `json:"token,omitempty"`
	// Open: the sweep has not ended. Began is when somebody last went on with it, the
	// zero time if he ran out of time.
	Open  bool      `json:"open,omitempty"`
	Began time.Time `json:"began,omitzero"`
}

func (m mark) due(now time.Time) bool {
	if m.Open {
		return now.Sub(m.Began) >= abandoned
	}
	return now.Sub(m.Through) >= SweepEvery
}

// Swept is what a sweep found.
type Swept struct {
	// Taken is how many entries of SES's list were taken over, Gone how many
	// addresses are on it no longer.
	Taken, Gone int
	// Whole: the list was gone through to its end. TooLong: it has more than
	// [mostListed] addresses, so nobody looked for those that are gone.
	Whole, TooLong bool
}

// SweepIfDue goes through SES's list if nobody has within [SweepEvery]; of several
// that ask at the same time one does. Asking costs a read. What came to the list
// since the last sweep is taken over (the first one takes all), whether SES
// suppressed it by itself or an operator did; what is gone from the list counts no
// more, as far as the package's documentation says. Errors: [ErrUnfinished], or
// what SES or S3 answered; the next sweep goes on from the page that this one came
// to.
func (l *List) SweepIfDue(ctx context.Context, ses Source) (Swept, error) {
	m, etag, err := l.readMark(ctx)
	if err != nil || !m.due(l.now()) {
		return Swept{}, err
	}
	if l.secret == "" {
		return Swept{}, fault.As(fault.Park, errSecret)
	}
	s := sweep{List: l, ses: ses, mark: m, etag: etag}
	err = s.run(ctx)
	return s.swept, err
}

// sweep is one way through SES's list, or what one invocation does of it.
type sweep struct {
	*List
	ses  Source
	mark mark
	etag string
	// before is who was on the list at the end of the last sweep that was whole, seen
	// who is on the pages before the mark's token.
	before listing
	had    map[digest]struct{} // before, to look up
	seen   listing
	again  bool // it began anew already
	// throttles is how often SES throttled it in a row.
	throttles int
	swept     Swept
}

func (s *sweep) run(ctx context.Context) error {
	if err := s.begin(ctx); errors.Is(err, objects.ErrExists) || errors.Is(err, objects.ErrChanged) {
		return nil // somebody else is at it
	} else if err != nil {
		return err
	}
	for s.mark.Open {
		if deadline, set := ctx.Deadline(); set && time.Until(deadline) < pageTime {
			return s.stop(ctx, fault.DeferFor(soon, ErrUnfinished))
		}
		if err := s.page(ctx); err != nil {
			return s.stop(ctx, err)
		}
	}
	return nil
}

// begin goes on where the last sweep stopped, or from the first page, and keeps
// others away.
func (s *sweep) begin(ctx context.Context) (err error) {
	if s.before, err = s.readListing(ctx, listedKey); err != nil {
		return err
	}
	s.had = s.before.set()
	if s.mark.Token != "" {
		if s.seen, err = s.readListing(ctx, underWayKey); err != nil {
			return err
		}
	}
	if s.mark.Token == "" || s.seen.token != s.mark.Token {
		s.fromTheFirst()
	}
	s.mark.Began, s.mark.Open = s.now().UTC(), true
	return s.keepMark(ctx)
}

func (s *sweep) fromTheFirst() {
	s.mark.Token, s.mark.Since, s.seen = "", s.now().UTC().Truncate(time.Millisecond), listing{}
}

// page takes a page over, the last one with the end.
func (s *sweep) page(ctx context.Context) error {
	in := &sesv2.ListSuppressedDestinationsInput{PageSize: aws.Int32(pageSize)}
	if s.mark.Token != "" {
		in.NextToken = aws.String(s.mark.Token)
	}
	page, err := s.ses.ListSuppressedDestinations(ctx, in)
	if fault.Throttled(err) && s.throttles < mostThrottles {
		s.throttles++
		return pauseFor(ctx, soon)
	}
	if err != nil && s.mark.Token != "" && !s.again && fault.Status(err) == 400 {
		s.fromTheFirst() // SES forgets its tokens
		s.again = true
		return nil
	}
	if err != nil {
		return fmt.Errorf("SES's suppression list: %w", withoutText(err))
	}
	s.throttles = 0
	if err := s.take(ctx, page.SuppressedDestinationSummaries); err != nil {
		return err
	}
	if s.mark.Token = aws.ToString(page.NextToken); s.mark.Token != "" {
		return nil
	}
	return s.end(ctx)
}

func pauseFor(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// withoutText keeps the class of an error, and not its text, which may quote.
func withoutText(err error) error {
	class, after := fault.Of(err)
	if class == fault.Defer {
		return fault.DeferFor(after, errors.New(fault.Code(err)))
	}
	return fault.Errorf(class, "%s, status %d", fault.Code(err), fault.Status(err))
}

// take notes what a page lists, and takes over what is new of it.
func (s *sweep) take(ctx context.Context, page []types.SuppressedDestinationSummary) error {
	news := map[string]Entry{}
	for _, one := range page {
		key := s.Key(aws.ToString(one.EmailAddress))
		_, had := s.had[s.seen.add(key)]
		e := Entry{Reason: Bounce, Detail: "SES's list", Time: s.mark.Since}
		if one.LastUpdateTime != nil {
			e.Time = one.LastUpdateTime.UTC().Truncate(time.Millisecond)
		}
		if one.Reason == types.SuppressionListReasonComplaint {
			e.Reason = Complaint
		}
		fresh := e.Time.After(s.mark.Through.Add(-overlap))
		if !had && !fresh {
			e.Time = s.mark.Since // the last sweep was not shown it
		}
		if !had || fresh {
			news[key] = e
		}
	}
	err := addAll(ctx, s.List, news, func(e Entry) known { return known{Listed: map[Reason]Entry{e.Reason: e}} })
	if err == nil {
		s.swept.Taken += len(news)
	}
	return err
}

// end notes what is gone from the list since the last sweep, and that this one has
// ended. The new list takes the place of the old one last, so that whoever begins
// anew finds the same gone.
func (s *sweep) end(ctx context.Context) error {
	s.swept.TooLong = s.seen.full()
	if !s.swept.TooLong {
		gone := s.before.without(s.seen.set())
		if err := addAll(ctx, s.List, gone, func(struct{}) known { return known{Unlisted: s.mark.Since} }); err != nil {
			return err
		}
		s.swept.Gone = len(gone)
		if s.seen.tidy(); !slices.Equal(s.before.digests, s.seen.digests) {
			if err := s.writeListing(ctx, listedKey, s.seen); err != nil {
				return err
			}
		}
	}
	s.mark.Open, s.mark.Through = false, s.mark.Since
	s.swept.Whole = true
	return s.keepMark(ctx)
}

// stop keeps how far the sweep came, for the next one.
func (s *sweep) stop(ctx context.Context, why error) error {
	if s.seen.token = s.mark.Token; s.mark.Token != "" {
		if err := s.writeListing(ctx, underWayKey, s.seen); err != nil {
			return errors.Join(why, err)
		}
	}
	if errors.Is(why, ErrUnfinished) {
		s.mark.Began = time.Time{}
	}
	if err := s.keepMark(ctx); err != nil {
		return errors.Join(why, err)
	}
	return why
}

func (l *List) readMark(ctx context.Context) (mark, string, error) {
	found, err := l.store.Get(ctx, markKey, maxBytes)
	if errors.Is(err, objects.ErrNotFound) {
		return mark{}, "", nil
	}
	if err != nil {
		return mark{}, "", fmt.Errorf("sweep: %w", err)
	}
	var m mark
	if json.Unmarshal(found.Body, &m) != nil {
		return mark{}, "", fault.Errorf(fault.Park, "%s is not a mark", markKey)
	}
	return m, found.ETag, nil
}

func (s *sweep) keepMark(ctx context.Context) error {
	body, err := json.Marshal(s.mark)
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	if s.etag == "" {
		s.etag, err = s.store.Create(ctx, markKey, objects.JSON, body)
	} else {
		s.etag, err = s.store.Replace(ctx, markKey, objects.JSON, body, s.etag)
	}
	return err
}

// addAll adds what news is made of each value to what is known of its key.
func addAll[V any](ctx context.Context, l *List, values map[string]V, news func(V) known) error {
	var mu sync.Mutex
	var errs []error
	slots := make(chan struct{}, atOnce)
	var adding sync.WaitGroup
	for key, value := range values {
		slots <- struct{}{}
		adding.Go(func() {
			defer func() { <-slots }()
			if _, err := l.add(ctx, key, news(value)); err != nil {
				mu.Lock()
				defer mu.Unlock()
				errs = append(errs, err)
			}
		})
	}
	adding.Wait()
	return errors.Join(errs...)
}
