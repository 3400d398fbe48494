package suppression

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"sluice/internal/objects/objectstest"
)

// source is SES's list, of which a page holds two addresses. Token n begins with
// entry n.
type source struct {
	list  []types.SuppressedDestinationSummary
	asked []*sesv2.ListSuppressedDestinationsInput
	fail  func(n int) error
}

func (s *source) add(address string, reason types.SuppressionListReason, when time.Time) {
	s.list = append(s.list, types.SuppressedDestinationSummary{EmailAddress: &address, Reason: reason, LastUpdateTime: &when})
}

func (s *source) ListSuppressedDestinations(_ context.Context, in *sesv2.ListSuppressedDestinationsInput, _ ...func(*sesv2.Options)) (*sesv2.ListSuppressedDestinationsOutput, error) {
	s.asked = append(s.asked, in)
	if s.fail != nil {
		if err := s.fail(len(s.asked)); err != nil {
			return nil, err
		}
	}
	from, _ := strconv.Atoi(aws.ToString(in.NextToken))
	out := &sesv2.ListSuppressedDestinationsOutput{}
	for i, one := range s.list[from:] {
		if len(out.SuppressedDestinationSummaries) == 2 {
			out.NextToken = aws.String(strconv.Itoa(from + i))
			break
		}
		if in.StartDate == nil || !one.LastUpdateTime.Before(*in.StartDate) {
			out.SuppressedDestinationSummaries = append(out.SuppressedDestinationSummaries, one)
		}
	}
	return out, nil
}

func full() *source {
	s := &source{}
	for i, name := range []string{"a", "b", "c", "d", "Canary.Person"} {
		reason := types.SuppressionListReasonBounce
		if i%2 == 1 {
			reason = types.SuppressionListReasonComplaint
		}
		s.add(name+"@example.com", reason, at.Add(-2*time.Hour))
	}
	return s
}

func (w *world) sweep(s Source) int {
	w.t.Helper()
	n, err := w.SweepIfDue(w.t.Context(), s)
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

func TestTheSweepTakesOverSESsList(t *testing.T) {
	w, s := newWorld(t), full()
	if n := w.sweep(s); n != 5 || len(s.asked) != 3 || s.asked[0].StartDate != nil {
		t.Errorf("%d addresses in %d pages", n, len(s.asked))
	}
	if w.reason("a@example.com") != Bounce || w.reason("b@example.com") != Complaint || w.reason(canary) != Bounce {
		t.Error("the list was not taken over")
	}
	for _, later := range []time.Duration{time.Minute, abandoned, SweepEvery - time.Minute} {
		w.clock = at.Add(later)
		if n := w.sweep(s); n != 0 || len(s.asked) != 3 {
			t.Errorf("swept again after %s", later)
		}
	}
	w.clock = at.Add(SweepEvery + abandoned)
	s.add("new@example.com", types.SuppressionListReasonBounce, w.clock)
	if n := w.sweep(s); n != 1 || w.reason("new@example.com") != Bounce {
		t.Errorf("%d addresses on the next day", n)
	}
	for _, key := range w.memory.Keys(Prefix) {
		if strings.Contains(string(w.memory.Body(key)), "@") {
			t.Errorf("%s tells an address", key)
		}
	}
}

func TestASweepThatBrokeOffGoesOn(t *testing.T) {
	w, s := newWorld(t), full()
	s.fail = func(n int) error {
		if n == 2 {
			return objectstest.Error(500, "InternalFailure")
		}
		return nil
	}
	if n, err := w.SweepIfDue(t.Context(), s); err == nil || n != 2 {
		t.Fatalf("%d, %v", n, err)
	}
	w.clock = at.Add(abandoned + time.Second)
	if n := w.sweep(s); n != 3 || aws.ToString(s.asked[2].NextToken) != "2" || w.reason(canary) != Bounce {
		t.Errorf("%d addresses, from page %q", n, aws.ToString(s.asked[2].NextToken))
	}
}

func TestATokenThatSESForgot(t *testing.T) {
	w, s := newWorld(t), full()
	s.fail = func(n int) error {
		switch n {
		case 2:
			return objectstest.Error(500, "InternalFailure")
		case 3:
			return objectstest.Error(400, "InvalidNextTokenException")
		}
		return nil
	}
	if _, err := w.SweepIfDue(t.Context(), s); err == nil {
		t.Fatal("no error")
	}
	w.clock = at.Add(abandoned + time.Second)
	if n := w.sweep(s); n != 5 {
		t.Errorf("%d addresses", n)
	}
}

func TestOneOfManySweeps(t *testing.T) {
	w, s := newWorld(t), full()
	other := New(w.store, secret, func() time.Time { return at })
	s.fail = func(int) error {
		if n, err := other.SweepIfDue(t.Context(), full()); n != 0 || err != nil {
			t.Errorf("another swept %d at the same time: %v", n, err)
		}
		return nil
	}
	if n := w.sweep(s); n != 5 {
		t.Errorf("%d", n)
	}
}

func TestAnErrorOfSESTellsNoAddress(t *testing.T) {
	w, s := newWorld(t), full()
	s.fail = func(int) error { return objectstest.Error(400, "BadRequestException") }
	if _, err := w.SweepIfDue(t.Context(), s); err == nil || strings.Contains(err.Error(), "@") || !strings.Contains(err.Error(), "BadRequestException") {
		t.Error(err)
	}
}
