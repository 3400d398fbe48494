package ledger

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"sluice/events"
)

// By is what a sum is told apart by.
type By string

// What sums can be told apart by. A day is one of UTC.
const (
	ByTask   By = "task"
	ByTenant By = "tenant"
	ByModel  By = "model"
	ByLane   By = "lane"
	ByDay    By = "day"
)

// ParseBy reads what a person says.
func ParseBy(said string) (By, error) {
	all := []By{ByTask, ByTenant, ByModel, ByLane, ByDay}
	if by := By(said); slices.Contains(all, by) {
		return by, nil
	}
	return "", fmt.Errorf("%q is none of %v", said, all)
}

func (by By) of(l Line) string {
	switch by {
	case ByTask:
		return l.Task
	case ByTenant:
		return l.Tenant
	case ByModel:
		return l.Model
	case ByLane:
		return l.Lane
	}
	return l.Time.UTC().Format(time.DateOnly)
}

// Totals are sums of lines. Dollars are at list price.
type Totals struct {
	// Calls ended and were neither throttled nor refused for want of room;
	// Throttles and Overloads are those that were. They cost nothing.
	Calls     int `json:"calls"`
	Throttles int `json:"throttles"`
	Overloads int `json:"overloads"`
	// Records were in the calls that ended; Answered of them got their answer.
	Records  int `json:"records"`
	Answered int `json:"answered"`
	// Usage and USD are what all calls took that ended.
	Usage events.Usage `json:"usage"`
	USD   float64      `json:"usd"`
	// Unpriced calls took tokens of a model whose price is not known; they are not
	// in USD.
	Unpriced int `json:"unpriced"`
	// Reused answers cost nothing; ReusedUSD is what they had cost.
	Reused    int     `json:"reused"`
	ReusedUSD float64 `json:"reusedUSD"`
	// PackedUSD is what packing saved beside asking one by one.
	PackedUSD float64 `json:"packedUSD"`
	// LaneUSD is what lanes saved beside the standard one, CacheUSD what the models'
	// prompt caches did; either may be below 0.
	LaneUSD  float64 `json:"laneUSD"`
	CacheUSD float64 `json:"cacheUSD"`
	// ReclaimedTokens of quota were not reserved, thanks to tuned max_tokens.
	ReclaimedTokens int `json:"reclaimedTokens"`
	// Duplicates are answers that were paid twice, Orphans such as were paid and
	// lost. Their dollars are in USD.
	Duplicates   int     `json:"duplicates"`
	DuplicateUSD float64 `json:"duplicateUSD"`
	Orphans      int     `json:"orphans"`
	OrphanUSD    float64 `json:"orphanUSD"`
	// Unfinished calls began and nobody knows how they ended: their process was
	// killed, or no answer came. UnfinishedUSD is the most that they cost; it is
	// not in USD.
	Unfinished    int     `json:"unfinished"`
	UnfinishedUSD float64 `json:"unfinishedUSD"`
	// InFlight calls began a moment ago.
	InFlight int `json:"inFlight"`
}

// Group is the totals of one task, tenant, model, lane or day.
type Group struct {
	Name string `json:"name"`
	Totals
}

// Sum adds lines up.
type Sum struct {
	by     By
	since  time.Time
	total  Totals
	groups map[string]*Totals
	// open are calls that began and have not ended, by id, and closed those that
	// ended and have not begun: of several logs one may be read ahead of another.
	open   map[string]Line
	closed map[string]bool
}

// NewSum sums what is not before since; the zero time is everything.
func NewSum(by By, since time.Time) *Sum {
	return &Sum{by: by, since: since, groups: map[string]*Totals{}, open: map[string]Line{}, closed: map[string]bool{}}
}

// Add adds a line, in whatever order they come; it can be given to [Read].
func (s *Sum) Add(l Line) error {
	if _, begun := s.open[l.ID]; l.Kind == Over && begun {
		delete(s.open, l.ID)
	} else if l.Kind == Over && !l.Time.Before(s.since) {
		s.closed[l.ID] = true
	}
	if l.Kind == Begun && s.closed[l.ID] {
		delete(s.closed, l.ID)
		return nil
	}
	if l.Time.Before(s.since) {
		return nil
	}
	if l.Kind == Begun {
		s.open[l.ID] = l
		return nil
	}
	for _, t := range []*Totals{&s.total, s.group(l)} {
		t.add(l)
	}
	return nil
}

func (s *Sum) group(l Line) *Totals {
	name := s.by.of(l)
	if s.groups[name] == nil {
		s.groups[name] = &Totals{}
	}
	return s.groups[name]
}

func (t *Totals) add(l Line) {
	switch l.Kind {
	case Over:
		t.over(l)
	case Reuse:
		t.Reused += max(l.Answers, 1)
		t.ReusedUSD = plus(t.ReusedUSD, l.SavedUSD)
	case Double:
		t.Duplicates += max(l.Answers, 1)
		t.DuplicateUSD = plus(t.DuplicateUSD, l.DuplicateUSD)
	case Orphaned:
		t.Orphans += max(l.Answers, 1)
		t.OrphanUSD = plus(t.OrphanUSD, l.OrphanUSD)
	case Begun:
		t.Unfinished++
		t.UnfinishedUSD = plus(t.UnfinishedUSD, l.EstimateUSD)
	}
}

func (t *Totals) over(l Line) {
	switch l.Status {
	case Throttled:
		t.Throttles++
		return
	case Overloaded:
		t.Overloads++
		return
	case Lost:
		if l.Usage() == (events.Usage{}) {
			t.Unfinished++
			t.UnfinishedUSD = plus(t.UnfinishedUSD, l.EstimateUSD)
			return
		}
	}
	t.Calls++
	t.Records += l.Records
	t.Answered += l.Answered
	t.Usage = t.Usage.Add(l.Usage())
	t.USD = plus(t.USD, l.CostUSD)
	t.PackedUSD = plus(t.PackedUSD, l.PackingSavedUSD)
	t.LaneUSD = plus(t.LaneUSD, l.LaneSavedUSD)
	t.CacheUSD = plus(t.CacheUSD, l.CacheSavedUSD)
	t.ReclaimedTokens += l.ReclaimedTokens
	if !l.Priced && l.Usage() != (events.Usage{}) {
		t.Unpriced++
	}
}

// plus keeps sums readable: to the billionth of a dollar.
func plus(sum, usd float64) float64 { return math.Round((sum+usd)*1e9) / 1e9 }

// underWay is how long a call may take that is not lost.
const underWay = 2 * time.Minute

// Result is the sums as of now: the total, and the groups in the order of their
// names. Calls that began and have not ended are in flight for two minutes, and
// unfinished from then on.
func (s *Sum) Result(now time.Time) (Totals, []Group) {
	total, groups := s.total, map[string]*Totals{}
	for name, t := range s.groups {
		copied := *t
		groups[name] = &copied
	}
	for _, l := range s.open {
		name := s.by.of(l)
		if groups[name] == nil {
			groups[name] = &Totals{}
		}
		for _, t := range []*Totals{&total, groups[name]} {
			if now.Sub(l.Time) < underWay {
				t.InFlight++
			} else {
				t.add(l)
			}
		}
	}
	var list []Group
	for name, t := range groups {
		list = append(list, Group{name, *t})
	}
	slices.SortFunc(list, func(a, b Group) int { return strings.Compare(a.Name, b.Name) })
	return total, list
}
