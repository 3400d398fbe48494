package requests

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"sluice/events"
	"sluice/internal/fault"
	"sluice/internal/objects"
	"sluice/internal/objects/objectstest"
)

func TestEndsRanksOutcomes(t *testing.T) {
	spend := &events.Spend{Usage: events.Usage{Input: 10, Output: 1}, CostUSD: 0.5}
	cases := []struct {
		name string
		said []events.Outcome
		want events.Outcome
		cost float64
	}{
		{"completed", []events.Outcome{events.Completed}, events.Completed, 0.5},
		{"completed twice", []events.Outcome{events.Completed, events.Completed}, events.Completed, 0.5},
		{"parked, then redriven", []events.Outcome{events.Parked, events.Completed}, events.Completed, 0.5},
		{"the same heard the other way round", []events.Outcome{events.Completed, events.Parked}, events.Completed, 0.5},
		{"parked, then rejected", []events.Outcome{events.Parked, events.Rejected, events.Parked}, events.Rejected, 0},
		{"failed", []events.Outcome{events.Failed, events.Failed}, events.Failed, 0.5},
	}
	for _, c := range cases {
		p := Progress{Received: &events.UploadReceived{Records: 3}}
		for _, outcome := range c.said {
			var spent *events.Spend
			if outcome == events.Completed || outcome == events.Failed {
				spent = spend
			}
			p.Ends(2, outcome, spent, "why")
		}
		if got := p.OutcomeOf(2); got != c.want || p.CostUSD != c.cost {
			t.Errorf("%s: %s, $%v", c.name, got, p.CostUSD)
		}
		if counts := p.Counts(); counts.Ended() != 1 || counts.Missing != 2 {
			t.Errorf("%s: %+v", c.name, counts)
		}
		if got := p.Missing(10); !slices.Equal(got, []int{1, 3}) {
			t.Errorf("%s: missing %v", c.name, got)
		}
	}
}

func TestReasonsFollowTheCurrentOutcome(t *testing.T) {
	p := Progress{Received: &events.UploadReceived{Records: 4}}
	p.Ends(1, events.Parked, nil, "crash")
	p.Ends(2, events.Parked, nil, "crash")
	p.Ends(3, events.Rejected, nil, "tooLarge", "encoding")
	p.Ends(3, events.Rejected, nil, "tooLarge")
	p.Ends(1, events.Completed, nil)
	counts := p.ReasonCounts()
	if counts["crash"] != 1 || counts["tooLarge"] != 1 || counts["encoding"] != 1 || len(counts) != 3 {
		t.Errorf("%v", counts)
	}
	if top := p.TopReasons(); top[0].Code != "crash" || len(top) != 3 {
		t.Errorf("%v", top)
	}
}

func TestReasonsAreBounded(t *testing.T) {
	p := Progress{Received: &events.UploadReceived{Records: 1000}}
	for i := range 1000 {
		p.Ends(i+1, events.Rejected, nil, events.ID(string(rune(i))))
	}
	if counts := p.ReasonCounts(); len(counts) != maxCodes+1 || counts[OtherCode] != 1000-maxCodes {
		t.Errorf("%d codes, %d others", len(counts), counts[OtherCode])
	}
}

// Whatever the order and however often events are heard, the state is the same.
func TestOrderAndRepetitionDoNotMatter(t *testing.T) {
	type said struct {
		record  int
		outcome events.Outcome
	}
	var all []said
	for record := 1; record <= 200; record++ {
		all = append(all, said{record, ranked[record%4]})
		if record%4 == 3 && record%8 == 3 { // parked, then redriven
			all = append(all, said{record, ranked[record%3]})
		}
	}
	var want Counts
	for round := range 20 {
		p := Progress{Received: &events.UploadReceived{Records: 200}}
		heard := append(slices.Clone(all), all[:len(all)/2]...)
		rand.Shuffle(len(heard), func(i, j int) { heard[i], heard[j] = heard[j], heard[i] })
		for _, s := range heard {
			p.Ends(s.record, s.outcome, nil, string(s.outcome))
		}
		if round == 0 {
			want = p.Counts()
		}
		if got := p.Counts(); got != want || got.Ended() != 200 || !p.Complete() {
			t.Fatalf("round %d: %+v, first %+v", round, got, want)
		}
	}
}

func TestMailOfARecordKeepsTheUploadOpen(t *testing.T) {
	p := Progress{Received: &events.UploadReceived{Records: 2}}
	p.HasMail(1) // heard before Stored
	p.Ends(1, events.Completed, nil)
	p.AwaitsMail(1)
	p.Ends(2, events.Completed, nil)
	p.AwaitsMail(2)
	if p.Complete() || p.Counts().Mailing != 1 {
		t.Errorf("%+v", p.Counts())
	}
	p.HasMail(2)
	if !p.Complete() {
		t.Errorf("%+v", p.Counts())
	}
}

func TestPositionsOutsideTheFileDoNotCount(t *testing.T) {
	p := Progress{Received: &events.UploadReceived{Records: 2}}
	for _, record := range []int{-1, 0, 1, 3, 1 << 40} {
		p.Ends(record, events.Completed, nil)
	}
	if c := p.Counts(); c.Completed != 1 || c.Missing != 1 {
		t.Errorf("%+v", c)
	}
	empty := Progress{Received: &events.UploadReceived{}}
	if !empty.Complete() {
		t.Error("a file without records is complete")
	}
}

func TestProgressKeepsItsShape(t *testing.T) {
	ctx, memory := context.Background(), objectstest.NewMemory()
	store := objects.New(memory, "b")
	for round := range 2 {
		_, err := UpdateProgress(ctx, store, "u1", func(p *Progress) bool {
			p.Received = &events.UploadReceived{Records: 100_000}
			changed := false
			for record := 1; record <= 100_000; record++ {
				outcome := events.Completed
				if record%1000 == 0 {
					outcome = events.Rejected
				}
				changed = p.Ends(record, outcome, nil, "x") || changed
			}
			return changed
		})
		if err != nil {
			t.Fatal(err)
		}
		p, err := LoadProgress(ctx, store, "u1")
		if err != nil || p.Generation != 1 || p.Counts() != (Counts{Records: 100_000, Completed: 99_900, Rejected: 100}) {
			t.Errorf("round %d: generation %d, %+v, %v", round, p.Generation, p.Counts(), err)
		}
	}
	if size := len(memory.Body(ProgressKey("u1"))); size > 64<<10 {
		t.Errorf("%d bytes", size)
	}
}

func TestDamagedProgressIsParked(t *testing.T) {
	for _, body := range []string{"no JSON", `{"outcomes":{"completed":"AAAA"}}`, `{"outcomes":{"completed":"!"}}`} {
		memory := objectstest.NewMemory()
		memory.Set(ProgressKey("u1"), []byte(body))
		_, err := LoadProgress(context.Background(), objects.New(memory, "b"), "u1")
		if class, _ := fault.Of(err); err == nil || class != fault.Park {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func FuzzSet(f *testing.F) {
	for _, records := range [][]int{{}, {1, 2, 3}, {1, 70000}} {
		var s *Set
		for _, record := range records {
			s = s.With(record)
		}
		text, _ := (&Set{s.bits()}).MarshalText()
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		var s Set
		if json.Unmarshal([]byte(`"`+strings.Trim(text, `"\`)+`"`), &s) != nil {
			return
		}
		if n := s.or(&s).size(); n != s.size() {
			t.Errorf("%d positions became %d", s.size(), n)
		}
	})
}

func TestAnUploadIsOver(t *testing.T) {
	all := func(change func(*Progress)) *Progress {
		p := &Progress{Received: &events.UploadReceived{Records: 2}}
		p.Ends(1, events.Completed, nil)
		p.Ends(2, events.Parked, nil, "crash")
		p.Done = &Done{Said: Ended}
		p.Reported = true
		change(p)
		return p
	}
	for name, tt := range map[string]struct {
		p             *Progress
		mailed, alone bool // with a report that is wanted, and without
	}{
		"reported":                 {all(func(*Progress) {}), true, true},
		"not mailed yet":           {all(func(p *Progress) { p.Reported = false }), false, true},
		"a record is missing":      {all(func(p *Progress) { p.Received.Records = 3 }), false, false},
		"not assembled":            {all(func(p *Progress) { p.Done = nil }), false, false},
		"there is news":            {all(func(p *Progress) { p.Ends(2, events.Completed, nil) }), false, false},
		"still read":               {&Progress{}, false, false},
		"parked before it was":     {&Progress{Parked: "parked/acme/u/1.json"}, true, true},
		"overdue and said so only": {all(func(p *Progress) { p.Done.Said = Overdue }), false, false},
	} {
		if got := [2]bool{tt.p.Over(true), tt.p.Over(false)}; got != [2]bool{tt.mailed, tt.alone} {
			t.Errorf("%s: %v", name, got)
		}
	}
}
