package eventbridge

import (
	"hash/maphash"
	"maps"
	"sync"
)

// The tap keeps the newest correlations, and no more ids in all than this.
const (
	mostCorrelations = 64
	mostTapped       = 2_000_000
)

// tap counts the events of each correlation for whoever watches a run. It is
// in memory only and forgets the oldest correlation first.
type tap struct {
	mu    sync.Mutex
	seed  maphash.Seed
	order []string // oldest first
	of    map[string]*correlation
	total int
}

// tapped is what the tap looks at of a detail.
var tapped = []string{"correlationId", "id"}

type correlation struct {
	counts map[string]int
	seen   map[uint64]struct{}
}

// count takes notice of an event with a detail.correlationId. Events with the
// same detail-type and detail.id count once.
func (t *tap) count(e *event) {
	id, _ := e.looked["correlationId"].(string)
	if id == "" {
		return
	}
	kind := e.DetailType
	eventID, _ := e.looked["id"].(string)
	if eventID == "" {
		eventID = e.ID
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.of == nil {
		t.seed, t.of = maphash.MakeSeed(), map[string]*correlation{}
	}
	c := t.of[id]
	if c == nil {
		c = &correlation{counts: map[string]int{}, seen: map[uint64]struct{}{}}
		t.of[id] = c
		t.order = append(t.order, id)
	}
	var h maphash.Hash
	h.SetSeed(t.seed)
	h.WriteString(kind)
	h.WriteByte(0)
	h.WriteString(eventID)
	hash := h.Sum64()
	if _, again := c.seen[hash]; again {
		return
	}
	c.seen[hash] = struct{}{}
	c.counts[kind]++
	t.total++
	for len(t.order) > 1 && (len(t.order) > mostCorrelations || t.total > mostTapped) {
		oldest := t.order[0]
		t.order = t.order[1:]
		t.total -= len(t.of[oldest].seen)
		delete(t.of, oldest)
	}
}

// Counts tells how many distinct events of each detail-type were put with a
// correlation id since the machine started; nil if none is remembered.
func (s *State) Counts(correlationID string) map[string]int {
	s.tap.mu.Lock()
	defer s.tap.mu.Unlock()
	c := s.tap.of[correlationID]
	if c == nil {
		return nil
	}
	return maps.Clone(c.counts)
}
