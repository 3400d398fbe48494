package answers

import (
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"sluice/internal/bedrock"
	"sluice/internal/pacing"
)

// counters are what the process knows of the models that it asks, by name.
type counters struct {
	mu     sync.Mutex
	models map[string]*counter
}

// counter is what the process knows of one model for as long as it lives.
type counter struct {
	name     string
	model    bedrock.Model
	known    bool // the model is in the table
	governor *pacing.Governor
	health   health
	slowest  slowest

	mu       sync.Mutex
	measures map[string]*measure
}

// of gives the counter of a model.
func (s *counters) of(a *Answers, name string) *counter {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.models[name]
	if c == nil {
		c = &counter{name: name, governor: pacing.New(a.Pace(name), a.Now()), measures: map[string]*measure{}}
		if c.model, c.known = a.Models.Find(name); !c.known {
			c.model.Burn = mostBurn
		}
		if s.models == nil {
			s.models = map[string]*counter{}
		}
		s.models[name] = c
	}
	return c
}

// mostBurn is that of the models which burn most: an unknown one is counted as
// such. (https://docs.aws.amazon.com/bedrock/latest/userguide/quotas-token-burndown.html)
const mostBurn = 15

// mostMeasures bounds the memory of one model's tasks and parameters.
const mostMeasures = 1000

// measureOf is what was learned of a record's task with its parameters; tenants
// do not matter.
func (c *counter) measureOf(e *entry) *measure {
	_, key, _ := strings.Cut(e.group, "\x00")
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.measures[key]
	if m == nil {
		if len(c.measures) >= mostMeasures {
			clear(c.measures)
		}
		m = newMeasure(e.Question)
		c.measures[key] = m
	}
	return m
}

// health counts calls that broke, one after the other.
type health struct{ broken atomic.Int32 }

func (h *health) good() { h.broken.Store(0) }

// broke gives how many did, this one included if it counts.
func (h *health) broke(counts bool) int32 {
	if counts {
		return h.broken.Add(1)
	}
	return h.broken.Load()
}

// slowest is about the longest that a call took of late.
type slowest struct {
	mu   sync.Mutex
	time time.Duration
}

func (s *slowest) took(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.time = max(d, s.time*49/50)
}

// Time that must be left to begin a call.
const (
	leastPatience = 6 * time.Second
	// firstPatience is for a model that was not asked yet.
	firstPatience = 20 * time.Second
)

// patience is how much time must be left to begin another call: one that is cut
// off is paid for, and its answer is lost.
func (s *slowest) patience() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.time == 0 {
		return firstPatience
	}
	return max(leastPatience, s.time*3/2)
}
