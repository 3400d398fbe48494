package sim

import "time"

// Result is what came of a simulation.
type Result struct {
	// Goodput is what the policy's calls settled, divided by what the quota allowed
	// in the time in which there was something to do (a neighbour's part is taken
	// out). A full bucket at the beginning can make it more than 1.
	Goodput float64
	// Settled is the same in quota tokens, Available what it is divided by.
	Settled, Available float64

	// Attempts counts requests, Throttles those answered 429, Busy those answered
	// 503, Calls those that succeeded.
	Attempts, Throttles, Busy, Calls int
	// ThrottleShare is Throttles ÷ Attempts, AttemptsPerCall Attempts ÷ Calls, of
	// those that came to an end.
	ThrottleShare, AttemptsPerCall float64

	// Answered, DeadLettered and Left count records: Left were not done in time.
	Answered, DeadLettered, Left int
	// Deferred counts how often a record went back to the queue unanswered.
	Deferred int

	// LambdaSeconds is the time that sandboxes were invoked, Invocations how often.
	LambdaSeconds float64
	Invocations   int

	// LatencyP50 and LatencyP95 are from a record's arrival to its answer.
	LatencyP50, LatencyP95 time.Duration

	// Tokens of the calls that succeeded, and Dollars for them.
	InputTokens, OutputTokens int64
	Dollars                   float64
	// QuotaTokensPerRecord and DollarsPerRecord are per answered record.
	QuotaTokensPerRecord, DollarsPerRecord float64

	// Duration is until the last record was answered or dead-lettered, or the end
	// of the simulation. Done: nothing was left.
	Duration time.Duration
	Done     bool

	// Timeline is drawn from: at most 240 points at equal distances.
	Timeline []Point
}

// Point is a moment of a simulation. Counts are totals since the beginning.
type Point struct {
	At                              time.Duration
	Arrived, Answered, DeadLettered int
	Calls, Throttles                int
	Settled                         float64
	// Waiting is how many records have arrived and are neither answered nor
	// dead-lettered.
	Waiting int
}
