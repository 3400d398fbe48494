package suppression

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// Whatever is reported: in any order and any number of times it gives the same
// object, and so the same answer.
func TestReportsConverge(t *testing.T) {
	news := rapid.Custom(func(t *rapid.T) known {
		when := at.Add(time.Duration(rapid.IntRange(-40*24, 40*24).Draw(t, "hour")) * time.Hour)
		switch rapid.IntRange(0, 5).Draw(t, "kind") {
		case 0:
			return known{Transient: []string{day(when)}}
		case 1:
			return known{Delivered: day(when)}
		case 2:
			return known{Lifted: when}
		}
		e := Entry{Reason: rapid.SampledFrom(strongest).Draw(t, "reason"), Time: when, FeedbackID: rapid.StringMatching(`[ab]{0,2}`).Draw(t, "feedback")}
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
		complained := want.Facts[Complaint]
		if e, _ := got.entry(); complained.Time.After(want.Lifted) && e.Reason != Complaint {
			t.Fatalf("a complaint does not win: %+v", e)
		}
	})
}
