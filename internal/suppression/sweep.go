package suppression

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	// SweepEvery is how often SES's list is taken over.
	SweepEvery = 24 * time.Hour
	// overlap is how much of what the last sweep saw is looked at again: for clocks
	// that differ, and for what SES's list shows late.
	overlap = time.Hour
	// abandoned is when a sweep that has not ended is taken for dead.
	abandoned = 15 * time.Minute
	markKey   = Prefix + "sweep.json"
	pageSize  = 1000
)

// mark says how far the sweeps have come.
type mark struct {
	// Through is up to when SES's list was taken over.
	Through time.Time `json:"through,omitzero"`
	// Began is when the last sweep began; Token is its next page, "" when it ended.
	Began time.Time `json:"began"`
	Token string    `json:"token,omitempty"`
	Open  bool      `json:"open,omitempty"` // it has not ended
}

func (m mark) due(now time.Time) bool {
	if m.Open {
		return now.Sub(m.Began) >= abandoned
	}
	return now.Sub(m.Through) >= SweepEvery
}

// SweepIfDue sweeps if nobody has within [SweepEvery]; of several that ask at the
// same time one does. It returns how many addresses it looked at. Asking costs a
// read at most once in a while per process. Errors as for [List.Sweep].
func (l *List) SweepIfDue(ctx context.Context, ses Source) (int, error) {
	now := l.now()
	l.mu.Lock()
	waiting := now.Before(l.nextLook)
	if !waiting {
		l.nextLook = now.Add(abandoned)
	}
	l.mu.Unlock()
	if waiting {
		return 0, nil
	}
	m, etag, err := l.readMark(ctx)
	if err != nil || !m.due(now) {
		return 0, err
	}
	return l.sweep(ctx, ses, m, etag)
}

// Sweep takes over what SES suppressed by itself, or an operator in SES's
// console, since the last sweep; the first one takes all. What SES's list no
// longer holds stays suppressed here until it is lifted here. It returns how many
// addresses it looked at. Errors: what SES or S3 answered; the next sweep goes on
// from the page that it came to.
func (l *List) Sweep(ctx context.Context, ses Source) (int, error) {
	m, etag, err := l.readMark(ctx)
	if err != nil {
		return 0, err
	}
	return l.sweep(ctx, ses, m, etag)
}

func (l *List) sweep(ctx context.Context, ses Source, m mark, etag string) (int, error) {
	if l.secret == "" {
		return 0, fault.As(fault.Park, errSecret)
	}
	began := l.now().UTC()
	m.Began, m.Open = began, true
	etag, err := l.writeMark(ctx, m, etag)
	if errors.Is(err, objects.ErrExists) || errors.Is(err, objects.ErrChanged) {
		return 0, nil // somebody else is at it
	}
	if err != nil {
		return 0, err
	}
	count := 0
	for {
		page, err := ses.ListSuppressedDestinations(ctx, l.pageOf(m))
		if err != nil && m.Token != "" && fault.Status(err) == 400 {
			m.Token = "" // SES forgets its tokens; then from the beginning
			continue
		}
		if err != nil {
			return count, fmt.Errorf("SES's suppression list: %w", withoutText(err))
		}
		if err := l.take(ctx, page.SuppressedDestinationSummaries); err != nil {
			return count, err
		}
		count += len(page.SuppressedDestinationSummaries)
		m.Token = aws.ToString(page.NextToken)
		if m.Token == "" {
			m.Open, m.Through = false, began
		}
		if etag, err = l.writeMark(ctx, m, etag); err != nil || !m.Open {
			return count, err
		}
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

func (l *List) pageOf(m mark) *sesv2.ListSuppressedDestinationsInput {
	in := &sesv2.ListSuppressedDestinationsInput{PageSize: aws.Int32(pageSize)}
	if m.Token != "" {
		in.NextToken = &m.Token
	}
	if !m.Through.IsZero() {
		in.StartDate = aws.Time(m.Through.Add(-overlap))
	}
	return in
}

// take suppresses what a page lists.
func (l *List) take(ctx context.Context, page []types.SuppressedDestinationSummary) error {
	errs := make([]error, len(page))
	slots := make(chan struct{}, atOnce)
	var taking sync.WaitGroup
	for i, one := range page {
		e := Entry{Reason: Bounce, Detail: "SES's list", Time: aws.ToTime(one.LastUpdateTime)}
		if one.Reason == types.SuppressionListReasonComplaint {
			e.Reason = Complaint
		}
		slots <- struct{}{}
		taking.Go(func() {
			defer func() { <-slots }()
			errs[i] = l.Suppress(ctx, l.Key(aws.ToString(one.EmailAddress)), e)
		})
	}
	taking.Wait()
	return errors.Join(errs...)
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

func (l *List) writeMark(ctx context.Context, m mark, etag string) (string, error) {
	body, err := json.Marshal(m)
	if err != nil {
		return "", fmt.Errorf("sweep: %w", err)
	}
	if etag == "" {
		return l.store.Create(ctx, markKey, objects.JSON, body)
	}
	return l.store.Replace(ctx, markKey, objects.JSON, body, etag)
}
