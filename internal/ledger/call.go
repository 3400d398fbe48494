package ledger

import (
	"time"

	"sluice/events"
)

// Call is a model call that is about to go out.
type Call struct {
	// ID tells the call from every other one; [NewID] makes one.
	ID string
	// Model is the model or inference profile that is asked.
	Model string
	// Task and Tenant are those of all its records.
	Task   string
	Tenant string
	// Lane is the service tier: priority, standard or flex.
	Lane string
	// Records is how many share the call, at least 1.
	Records int
	// EstimateUSD is the most that it can cost at list price: its input, and
	// MaxTokens of output. 0 if the model's price is not known.
	EstimateUSD float64
	// EstimateTokens is what it reserves of the quota: input, cache and MaxTokens.
	EstimateTokens int
	MaxTokens      int
}

// Status is how a call ended.
type Status string

// The statuses. Throttled and Overloaded calls cost nothing; a Lost one may have
// been billed, and is counted like one that never ended.
const (
	Answered   Status = "answered"   // the model answered, though records may be missing
	Refused    Status = "refused"    // the model, a guardrail or a filter declined
	Truncated  Status = "truncated"  // cut off at max_tokens
	Unfit      Status = "unfit"      // the answer could not be used
	TooLong    Status = "tooLong"    // input and answer do not fit into the context window
	Throttled  Status = "throttled"  // refused for rate
	Overloaded Status = "overloaded" // the service had no room
	Failed     Status = "failed"     // the service said that it failed; not billed
	Lost       Status = "lost"       // no answer came: time over, or the connection broke
)

// Ended is a call that came back.
type Ended struct {
	// Call is what was given to Begin, so that the line tells all by itself.
	Call
	Status Status
	// AnsweredBy is the model that really answered, where that was another one.
	AnsweredBy string
	// Usage is in tokens as billed, USD their list price. Priced is false where
	// the price is not known, and USD 0.
	Usage  events.Usage
	USD    float64
	Priced bool
	// Latency is from the call's beginning to its end here.
	Latency time.Duration
	// Answered and Missing count the call's records that got an answer that fits,
	// and those that have to be asked again.
	Answered int
	Missing  int
	// PackingSavedUSD is what its records would have cost more one by one: the
	// shared part of the input, once for each record but the first.
	PackingSavedUSD float64
	// LaneSavedUSD is what it would have cost more in the standard lane, below 0
	// where its lane is dearer; CacheSavedUSD what its input would have cost more
	// without the model's prompt cache, below 0 where it was only written to.
	LaneSavedUSD  float64
	CacheSavedUSD float64
	// ReclaimedTokens is how much less of the quota the tuner made it reserve.
	ReclaimedTokens int
}

// Paid is what was paid, or would have been, for one answer.
type Paid struct {
	// RequestID is whose answer it is; "" where it is those of several.
	RequestID string
	Task      string
	Tenant    string
	Lane      string
	// Answers is how many; 0 means 1.
	Answers int
	// Spend is what was paid for it; of a reused answer, what it had cost when it
	// was got.
	Spend events.Spend
}
