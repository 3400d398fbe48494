package lambdahost

import (
	"errors"
	"slices"
	"sync"
	"time"
)

// Stats are the numbers of one function since the host began.
type Stats struct {
	// Invocations counts calls that ended, failed ones among them.
	Invocations int
	// Errors counts calls that failed; Timeouts are the part that took too long.
	Errors, Timeouts int
	// Throttles counts calls that were refused because the concurrency was used up.
	Throttles int
	// ColdStarts counts calls that waited for a new process.
	ColdStarts int
	// P50 and P99 are durations of the last 1,000 calls, starts not counted.
	P50, P99 time.Duration
	// MaxMemory is the most that any of its processes had resident, in MB; 0 if
	// the system does not tell.
	MaxMemory int
}

// recent is how many durations are kept.
const recent = 1000

// numbers are what Stats are made of.
type numbers struct {
	mu        sync.Mutex
	sum       Stats
	durations []time.Duration // a ring, once it is full
	at        int
}

// note counts a call. init is 0 for a warm one.
func (n *numbers) note(took, init time.Duration, peak int, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.sum.Invocations++
	if init > 0 {
		n.sum.ColdStarts++
	}
	n.sum.MaxMemory = max(n.sum.MaxMemory, peak)
	if err != nil {
		n.sum.Errors++
		var failed *FunctionError
		if errors.As(err, &failed) && failed.Timeout() {
			n.sum.Timeouts++
		}
	}
	if len(n.durations) < recent {
		n.durations = append(n.durations, took)
		return
	}
	n.durations[n.at] = took
	n.at = (n.at + 1) % recent
}

func (n *numbers) throttle() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.sum.Throttles++
}

func (n *numbers) snapshot() Stats {
	n.mu.Lock()
	stats, sorted := n.sum, slices.Clone(n.durations)
	n.mu.Unlock()
	if last := len(sorted) - 1; last >= 0 {
		slices.Sort(sorted)
		stats.P50, stats.P99 = sorted[last*50/100], sorted[last*99/100]
	}
	return stats
}
