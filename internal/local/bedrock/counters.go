package bedrock

import (
	"maps"
	"sync"
)

// countedModels is how many models are counted apart; the rest share one line.
const countedModels = 1000

// otherModels is the line of the models beyond countedModels.
const otherModels = "(others)"

// Counter counts the calls of one model.
type Counter struct {
	// Calls are all that came; each then counts as answered, throttled or failed.
	Calls     int64 `json:"calls"`
	Answered  int64 `json:"answered"`
	Throttled int64 `json:"throttled"`
	Failed    int64 `json:"failed"`
	// Abandoned are charged calls whose caller never got the answer.
	Abandoned int64 `json:"abandoned"`
	// InFlight are running now.
	InFlight int64 `json:"inFlight"`
	// Tokens of charged calls.
	InputTokens      int64 `json:"inputTokens"`
	OutputTokens     int64 `json:"outputTokens"`
	CacheReadTokens  int64 `json:"cacheReadTokens"`
	CacheWriteTokens int64 `json:"cacheWriteTokens"`
	// SettledTokens are what was taken from the quota.
	SettledTokens float64 `json:"settledTokens"`
}

// counters counts by model.
type counters struct {
	mu      sync.Mutex
	byModel map[string]*Counter
}

// add changes the counter of a model.
func (c *counters) add(model string, change func(*Counter)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	counter := c.byModel[model]
	if counter == nil {
		if len(c.byModel) >= countedModels {
			model = otherModels
		}
		if counter = c.byModel[model]; counter == nil {
			counter = &Counter{}
			c.byModel[model] = counter
		}
	}
	change(counter)
}

func (c *counters) copy() map[string]Counter {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make(map[string]Counter, len(c.byModel))
	for id := range maps.Keys(c.byModel) {
		out[id] = *c.byModel[id]
	}
	return out
}
