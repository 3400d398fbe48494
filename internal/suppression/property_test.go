package suppression

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sluice/internal/objects/objectstest"
)

// Whatever is reported: in any order and any number of times it gives the same
// object, and so the same answer.
func TestReportsConverge(t *testing.T) {
	news := rapid.Custom(func(t *rapid.T) known {
		when := at.Add(time.Duration(rapid.IntRange(-40*24, 40*24).Draw(t, "hour")) * time.Hour)
		switch rapid.IntRange(0, 8).Draw(t, "kind") {
		case 0:
			return known{Transient: []string{day(when)}}
		case 1:
			return known{Delivered: day(when)}
		case 2:
			return known{Lifted: when}
		case 3:
			return known{Unlisted: when}
		}
		e := Entry{Reason: rapid.SampledFrom(strongest).Draw(t, "reason"), Time: when, FeedbackID: rapid.StringMatching(`[ab]{0,2}`).Draw(t, "feedback")}
		if rapid.Bool().Draw(t, "listed") {
			return known{Listed: map[Reason]Entry{e.Reason: e}}
		}
		return known{Facts: map[Reason]Entry{e.Reason: e}}
	})
	rapid.Check(t, func(t *rapid.T) {
		reports := rapid.SliceOfN(news, 1, 60).Draw(t, "reports")
		again := rapid.SliceOf(rapid.IntRange(0, len(reports)-1)).Draw(t, "again")
		twice := append([]known(nil), reports...)
		for _, i := range again {
			twice = append(twice, reports[i])
		}
		twice = rapid.Permutation(twice).Draw(t, "order")
		want, got := known{}, known{}
		for _, r := range reports {
			want = want.merge(r)
		}
		for _, r := range twice {
			got = got.merge(r)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-once +twice, shuffled)\n%s", diff)
		}
		complained := later(want.Facts[Complaint].Time, want.Listed[Complaint].Time)
		if e, _ := got.entry(); complained.After(want.Lifted) && e.Reason != Complaint {
			t.Fatalf("a complaint does not win: %+v", e)
		}
	})
}

// Whatever came to SES's list, left it and was reported in between, and wherever
// sweeps broke off: after a whole one from the first page those on the list are suppressed, and of the
// others those of whom a report tells, or SES told a complaint.
func TestAfterASweepTheListsAgree(t *testing.T) {
	reasons := map[bool]types.SuppressionListReason{false: types.SuppressionListReasonBounce, true: types.SuppressionListReasonComplaint}
	rapid.Check(t, func(rt *rapid.T) {
		w, s := newWorld(t), &source{}
		people := []string{"a@example.com", "b@example.com", "c@example.com", "d@example.com", "e@example.com", "f@example.com"}
		listed, told, complained := map[string]types.SuppressionListReason{}, map[string]bool{}, map[string]bool{}
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			w.clock = w.clock.Add(time.Duration(rapid.IntRange(1, 26*60).Draw(rt, "minutes")) * time.Minute)
			who := rapid.SampledFrom(people).Draw(rt, "who")
			switch rapid.IntRange(0, 5).Draw(rt, "what") {
			case 0, 1:
				s.remove(who)
				listed[who] = reasons[rapid.Bool().Draw(rt, "complaint")]
				s.add(who, listed[who], w.clock)
			case 2:
				s.remove(who)
				delete(listed, who)
			case 3:
				told[who] = true
				if err := w.Suppress(t.Context(), w.Key(who), Entry{Reason: Bounce, Time: w.clock}); err != nil {
					rt.Fatal(err)
				}
			default:
				fails := len(s.asked) + rapid.IntRange(1, 8).Draw(rt, "fails")
				s.fail = func(n int) error {
					if n == fails {
						return objectstest.Error(500, "InternalFailure")
					}
					return nil
				}
				_, _ = w.SweepIfDue(t.Context(), s) // that it may fail is meant
				for one, reason := range listed {
					e, found, err := w.Get(t.Context(), w.Key(one))
					complained[one] = complained[one] || reason == types.SuppressionListReasonComplaint && found && e.Reason == Complaint && err == nil
				}
			}
		}
		s.fail = nil
		for range 2 { // the first one may go on with pages of before
			w.clock = w.clock.Add(SweepEvery)
			if found, err := w.SweepIfDue(t.Context(), s); err != nil || !found.Whole {
				rt.Fatalf("%+v, %v", found, err)
			}
		}
		for _, who := range people {
			_, isListed := listed[who]
			if got, want := w.reason(who) != "", isListed || told[who]; got != want && !complained[who] && !(got && w.reason(who) == Complaint) {
				rt.Fatalf("%s: suppressed %t, want %t", who, got, want)
			}
		}
	})
}
