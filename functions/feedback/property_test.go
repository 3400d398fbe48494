package feedback

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/events"
	"sluice/internal/consume"
	"sluice/internal/reputation"
	"sluice/internal/suppression"
)

// reports makes n different reports about a few hundred addresses over a month.
func reports(t testing.TB, r *rand.Rand, n int) []consume.Message {
	t.Helper()
	kinds := append(slices.Repeat([]string{"Delivery"}, 30), slices.Repeat([]string{"Transient"}, 60)...)
	kinds = append(kinds, "Permanent", "Complaint", "DeliveryDelay", "Reject")
	all := make([]consume.Message, n)
	for i := range all {
		to := fmt.Sprintf("person%d@example.com", r.IntN(400))
		at := now.Add(time.Duration(r.IntN(30*24)) * time.Hour).Format(time.RFC3339)
		part := map[string]any{"timestamp": at, "feedbackId": fmt.Sprintf("f%d", i)}
		detail := map[string]any{"mail": map[string]any{"timestamp": now.Format(time.RFC3339), "messageId": fmt.Sprintf("m%d", i), "destination": []string{to},
			"tags": map[string][]string{"ses:configuration-set": {"ConfigSet"}, "requestId": {fmt.Sprintf("r%d", i)}, "tenant": {"acme"}}}}
		switch kind := kinds[r.IntN(len(kinds))]; kind {
		case "Transient", "Permanent":
			part["bounceType"], part["bounceSubType"], part["bouncedRecipients"] = kind, "General", []recipient{{to}}
			detail["eventType"], detail["bounce"] = "Bounce", part
		case "Complaint":
			part["complainedRecipients"], part["complaintFeedbackType"] = []recipient{{to}}, "abuse"
			detail["eventType"], detail["complaint"] = "Complaint", part
		case "Delivery":
			part["recipients"] = []string{to}
			detail["eventType"], detail["delivery"] = kind, part
		default:
			detail["eventType"] = kind
		}
		raw, err := json.Marshal(detail)
		if err != nil {
			t.Fatal(err)
		}
		all[i] = consume.Message{ID: fmt.Sprint(i), Receives: 1, Record: events.Record{ID: fmt.Sprint(i), Source: "aws.ses", DetailType: "Email", Time: now, Detail: raw}}
	}
	return all
}

// outcome is what reports left behind, whatever else was said.
type outcome struct {
	Objects map[string]string
	List    map[string]suppression.Reason
	Counts  reputation.Count
	Said    map[string]bool
}

func outcomeOf(t testing.TB, all []consume.Message) outcome {
	t.Helper()
	w := newWorld(t)
	for len(all) > 0 {
		n := min(100, len(all))
		w.handle(all[:n]...)
		all = all[n:]
	}
	o := outcome{map[string]string{}, map[string]suppression.Reason{}, w.counts(), map[string]bool{}}
	for _, key := range w.memory.Keys(suppression.Prefix) {
		if key != suppression.Prefix+"sweep.json" {
			o.Objects[key] = string(w.memory.Body(key))
		}
	}
	if err := w.handler.list.Each(t.Context(), func(key string, e suppression.Entry) bool { o.List[key] = e.Reason; return true }); err != nil {
		t.Fatal(err)
	}
	for _, r := range w.bus.Records() {
		var e struct{ ID string }
		if err := json.Unmarshal(r.Detail, &e); err != nil {
			t.Fatal(err)
		}
		o.Said[r.DetailType+" "+e.ID] = true
	}
	return o
}

// 10,000 reports, a third of them twice or more, shuffled: the same suppression
// list, the same counts, and events with the same ids.
func TestReportsConvergeInAnyOrder(t *testing.T) {
	for seed := range uint64(2) {
		r := rand.New(rand.NewPCG(seed, 4711))
		all := reports(t, r, 10_000)
		want := outcomeOf(t, all)
		if n := len(want.List); n < 40 || n > 360 {
			t.Fatalf("seed %d: %d of 400 addresses are suppressed, which shows little", seed, n)
		}
		again := append([]consume.Message(nil), all...)
		for range len(all) / 2 {
			again = append(again, all[r.IntN(len(all))])
		}
		r.Shuffle(len(again), func(i, k int) { again[i], again[k] = again[k], again[i] })
		if diff := cmp.Diff(want, outcomeOf(t, again)); diff != "" {
			t.Errorf("seed %d (-once, in order +again, shuffled)\n%s", seed, diff[:min(len(diff), 4000)])
		}
	}
}
