package feedback

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"sluice/events"
	"sluice/internal/consume"
	"sluice/internal/fault"
	"sluice/internal/objects/objectstest"
	"sluice/internal/suppression"
)

// oneList is an SES that suppressed addresses by itself, and counts who asks.
type oneList struct {
	addresses []string
	asked     int
	err       error
}

func (l *oneList) ListSuppressedDestinations(context.Context, *sesv2.ListSuppressedDestinationsInput, ...func(*sesv2.Options)) (*sesv2.ListSuppressedDestinationsOutput, error) {
	l.asked++
	out := &sesv2.ListSuppressedDestinationsOutput{}
	for _, address := range l.addresses {
		out.SuppressedDestinationSummaries = append(out.SuppressedDestinationSummaries, types.SuppressedDestinationSummary{
			EmailAddress: &address, Reason: types.SuppressionListReasonBounce, LastUpdateTime: aws.Time(now.Add(-time.Hour))})
	}
	return out, l.err
}

// tick is what the clock of the function's rule says.
func tick(t testing.TB) consume.Message {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", "clock", "scheduled-event.json"))
	if err != nil {
		t.Fatal(err)
	}
	record, err := events.ParseRecord(body)
	if err != nil {
		t.Fatal(err)
	}
	return consume.Message{ID: "tick", Record: record, Receives: 1}
}

func TestTheClockSetsTheSweepGoing(t *testing.T) {
	w := newWorld(t)
	list := &oneList{addresses: []string{"asleep@example.com"}}
	w.handler.ses = list
	w.handle(sample(t, "delivery"))
	if list.asked != 0 {
		t.Error("a report sets it going")
	}
	for hour := range 48 {
		w.clock = now.Add(time.Duration(hour) * time.Hour)
		w.handle(tick(t), tick(t))
		if w.reason("asleep@example.com") != suppression.Bounce || list.asked != 1+hour/24 {
			t.Fatalf("hour %d: asked %d times, %q", hour, list.asked, w.reason("asleep@example.com"))
		}
	}
	list.addresses = nil
	w.clock = now.Add(48 * time.Hour)
	if w.handle(tick(t)); w.reason("asleep@example.com") != "" {
		t.Error("who is gone from the list is suppressed")
	}
	if logged := w.logged.String(); len(w.said()) != 1 || strings.Contains(logged, "@") || !strings.Contains(logged, `"gone":1`) || strings.Contains(logged, "WARN") {
		t.Errorf("%d events, logged %s", len(w.said()), logged)
	}
}

// The reports of the same batch are taken in, whatever becomes of the sweep.
func TestASweepThatFailsDisturbsNobody(t *testing.T) {
	for name, err := range map[string]error{"SES": objectstest.Error(500, "InternalFailure"), "no permission": objectstest.Error(403, "AccessDeniedException")} {
		w := newWorld(t)
		list := &oneList{err: err}
		w.handler.ses = list
		w.handle(sample(t, "bounce"), tick(t))
		if logged := w.logged.String(); w.reason(address) != suppression.Bounce || len(w.said()) != 1 || !strings.Contains(logged, "WARN") || strings.Contains(logged, "@") {
			t.Errorf("%s: %q, %d events, logged %s", name, w.reason(address), len(w.said()), logged)
		}
		list.err, list.addresses = nil, []string{"asleep@example.com"}
		w.clock = now.Add(time.Hour)
		if w.handle(tick(t)); w.reason("asleep@example.com") != suppression.Bounce {
			t.Errorf("%s: the next hour is in vain", name)
		}
	}
	w := newWorld(t)
	w.memory.Fault = func(_, key string) error {
		if strings.HasSuffix(key, "sweep.json") {
			return objectstest.Error(500, "InternalError")
		}
		return nil
	}
	if w.handle(sample(t, "bounce"), tick(t)); w.reason(address) != suppression.Bounce || len(w.said()) != 1 {
		t.Errorf("%q, %d events", w.reason(address), len(w.said()))
	}
}

// Where the invocation's time is too short, the clock's message comes back, and the
// reports do not.
func TestASweepWithoutTime(t *testing.T) {
	w := newWorld(t)
	w.handler.ses = &oneList{addresses: []string{"asleep@example.com"}}
	short, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	messages := []consume.Message{tick(t), sample(t, "bounce")}
	errs := w.handler.Handle(short, messages)
	if class, after := fault.Of(errs[0]); !errors.Is(errs[0], suppression.ErrUnfinished) || class != fault.Defer || after <= 0 || errs[1] != nil {
		t.Fatalf("%v", errs)
	}
	if w.handle(messages[0]); w.reason("asleep@example.com") != suppression.Bounce {
		t.Error("it did not go on")
	}
}

// Whoever says something else than the clock is not taken for it.
func TestWhatIsNotTheClock(t *testing.T) {
	for _, change := range []func(r *events.Record){
		func(r *events.Record) { r.Source = "aws.ses" },
		func(r *events.Record) { r.DetailType = "Email Sent" },
	} {
		w := newWorld(t)
		list := &oneList{}
		w.handler.ses = list
		m := tick(t)
		change(&m.Record)
		err := w.handler.Handle(t.Context(), []consume.Message{m})[0]
		if class, _ := fault.Of(err); err == nil || class != fault.Park || list.asked != 0 {
			t.Errorf("%v, asked %d times", err, list.asked)
		}
	}
}
