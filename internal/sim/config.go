package sim

import (
	"time"

	"sluice/internal/local/bedrock/quota"
)

// Policy is how a worker treats the quota.
type Policy string

const (
	// Ours is Sluice: packed calls, paced by pacing.Governor, several in flight.
	Ours Policy = "ours"
	// Standard is the AWS SDK's standard retry mode: 3 attempts with jitter, then
	// the message fails and comes back after its visibility timeout.
	Standard Policy = "standard"
	// Adaptive is the AWS SDK's adaptive retry mode: a client-side send rate that is
	// cut by throttles and grows between them, 10 attempts.
	Adaptive Policy = "adaptive"
)

// Load is when records arrive.
type Load string

const (
	// Saturated: all of them are there from the beginning.
	Saturated Load = "saturated"
	// Bursty: ten equal heaps, one every tenth of Spread.
	Bursty Load = "bursty"
	// Trickle: one by one at random over Spread.
	Trickle Load = "trickle"
)

// Config is what Run simulates. The zero value of a field means the default that
// its comment names; the zero Config is a million tokens a minute for half an hour.
type Config struct {
	// Seed makes one course of chance. The same Config gives the same Result.
	Seed uint64

	// Quota is what the service really allows; TokensPerMinute 1,000,000, Window
	// bucket, Burst 1, Burn 5.
	Quota quota.Config
	// Told is the tokens per minute that the governors are told; 0 is the true
	// ones, negative is nothing.
	Told int
	// ReserveBurn: max_tokens is reserved times the burn rate.
	ReserveBurn bool
	// Busy is the share of calls that are answered 503.
	Busy float64

	// Policy is ours.
	Policy Policy
	// Sandboxes is the maximum concurrency of the event source mapping (5),
	// InFlight the most calls of a sandbox at the same time (10).
	Sandboxes, InFlight int
	// Pack is the most records of a call (10; 1 for others than ours).
	Pack int
	// MaxTokens is per record for ours (the 99th percentile of its output × 1.15 +
	// 50, as the tuner has it), of the call for others (4,096).
	MaxTokens int

	// Records is how many there are; 0 is more than can be done in Length.
	Records int
	// Length ends the simulation (30 minutes if Records is 0, else 30 days); it
	// ends earlier when all records are answered or dead-lettered.
	Length time.Duration
	// Load is saturated. Spread is over which time the others arrive (Length, or an
	// hour).
	Load   Load
	Spread time.Duration

	// Instruction is a call's constant input (1,200 tokens), Input a record's own
	// (200, ± 30 %), Output its answer (60, lognormal, σ 0.5). Frame is what packing
	// adds to a record's input and to its output (8 for ours, else 0; -1 is 0).
	Instruction, Input, Output, Frame int
	// FirstToken is the time to the first token (1 s), TokensPerSecond the speed
	// thereafter (80).
	FirstToken      time.Duration
	TokensPerSecond float64

	// Prices in dollars per million tokens, for Result.Dollars: 1 and 5.
	InputPrice, OutputPrice float64

	Mapping Mapping
	Events  []Event
}

// Mapping is the event source mapping and its queue.
type Mapping struct {
	// Batch is how many messages an invocation gets at most (for ours what its share
	// answers in three quarters of the deadline, 100 if the quota is not told; 10 for
	// others), Window how long a poller gathers them (1 s).
	Batch  int
	Window time.Duration
	// Deadline is after how long an invocation ends (300 s for ours, 30 s for others).
	Deadline time.Duration
	// Visibility is for how long a message is hidden that was received (six
	// deadlines); VisibilityMost the longest that ours lengthens it to (12 hours).
	Visibility, VisibilityMost time.Duration
	// MaxReceives is after how many receives a message is dead-lettered (100 for
	// ours, 5 for others).
	MaxReceives int
}

// EventKind is what happens in the course of a simulation.
type EventKind string

const (
	// QuotaTimes multiplies the quota by By, from At on.
	QuotaTimes EventKind = "quota"
	// Neighbour takes By of the true quota, from At until Until.
	Neighbour EventKind = "neighbour"
	// LatencyTimes multiplies every call's time by By, from At until Until.
	LatencyTimes EventKind = "latency"
	// Churn ends every sandbox, after its invocation, at a random time about By
	// minutes after its start; a new one knows nothing.
	Churn EventKind = "churn"
)

// Event is a disturbance.
type Event struct {
	Kind      EventKind
	At, Until time.Duration // Until 0 is the end
	By        float64
}
