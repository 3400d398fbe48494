package bedrock

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
)

// Fault is a kind of failure that can be asked for.
type Fault string

// The faults. Those up to FaultQuotaExceeded are answered as errors and charge
// nothing; the rest spoil the answer of a call that is charged.
const (
	FaultThrottle      Fault = "throttle"      // 429 too many tokens
	FaultThrottleDay   Fault = "throttleDay"   // 429 too many tokens per day
	FaultRequests      Fault = "requests"      // 429 too many requests
	FaultUnavailable   Fault = "unavailable"   // 503
	FaultTimeout       Fault = "timeout"       // 408, after the latency
	FaultModelError    Fault = "modelError"    // 424, after the latency
	FaultNotReady      Fault = "notReady"      // 429 ModelNotReadyException
	FaultInternal      Fault = "internal"      // 500
	FaultNotFound      Fault = "notFound"      // 404
	FaultDenied        Fault = "denied"        // 403
	FaultQuotaExceeded Fault = "quotaExceeded" // 400 ServiceQuotaExceededException

	FaultSlow      Fault = "slow"      // the rule's delay more
	FaultLost      Fault = "lost"      // the connection breaks before the answer
	FaultTruncated Fault = "truncated" // half an answer, max_tokens
	FaultMalformed Fault = "malformed" // half an answer, malformed_model_output
	FaultGarbled   Fault = "garbled"   // half an answer, end_turn
	FaultGuardrail Fault = "guardrail" // guardrail_intervened
	FaultFiltered  Fault = "filtered"  // content_filtered
	FaultMissing   Fault = "missing"   // the first record's answer is left out
	FaultExtra     Fault = "extra"     // an answer under an id that nobody gave
	FaultDuplicate Fault = "duplicate" // the first record's answer stands twice
	FaultSwapped   Fault = "swapped"   // the first two records' ids change places
)

// faultOrder is the order in which faults are tried; the first that strikes
// does.
var faultOrder = []Fault{
	FaultThrottle, FaultThrottleDay, FaultRequests, FaultUnavailable, FaultTimeout, FaultModelError, FaultNotReady,
	FaultInternal, FaultNotFound, FaultDenied, FaultQuotaExceeded,
	FaultSlow, FaultLost, FaultTruncated, FaultMalformed, FaultGarbled, FaultGuardrail, FaultFiltered,
	FaultMissing, FaultExtra, FaultDuplicate, FaultSwapped,
}

// Rule says when a fault strikes.
type Rule struct {
	// Probability strikes a share of the calls, 0 to 1.
	Probability float64 `json:"probability,omitempty"`
	// Every strikes each Every-th call; 0 is none.
	Every int `json:"every,omitempty"`
	// Contains limits the rule to calls whose user text holds it. With neither
	// Probability nor Every, each of those is struck.
	Contains string `json:"contains,omitempty"`
	// DelayMs is how much longer FaultSlow takes; 0 means 1000.
	DelayMs float64 `json:"delayMs,omitempty"`
}

// Faults holds the rules that are in force.
type Faults map[Fault]Rule

// Check tells what is wrong with a set of rules.
func (f Faults) Check() error {
	for kind, r := range f {
		known := false
		for _, k := range faultOrder {
			known = known || k == kind
		}
		switch {
		case !known:
			return fmt.Errorf("faults: %q is not a fault", kind)
		case r.Probability < 0 || r.Probability > 1 || math.IsNaN(r.Probability):
			return fmt.Errorf("faults: %s: probability %v is outside 0 to 1", kind, r.Probability)
		case r.Every < 0:
			return fmt.Errorf("faults: %s: every must not be negative", kind)
		case r.DelayMs < 0 || r.DelayMs > 1e7 || math.IsNaN(r.DelayMs):
			return fmt.Errorf("faults: %s: delayMs %v is outside 0 to 1e7", kind, r.DelayMs)
		}
	}
	return nil
}

// dice decides which fault strikes a call.
type dice struct {
	mu    sync.Mutex
	rules Faults
	seed  uint64
	tried map[Fault]uint64
}

func newDice(rules Faults, seed uint64) *dice {
	return &dice{rules: rules, seed: seed, tried: map[Fault]uint64{}}
}

// strike is the fault of this call, "" for none.
func (d *dice) strike(user []string) (Fault, Rule) {
	if len(d.rules) == 0 {
		return "", Rule{}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	hit, with := Fault(""), Rule{}
	for i, kind := range faultOrder {
		r, set := d.rules[kind]
		if !set || r.Contains != "" && !containsAny(user, r.Contains) {
			continue
		}
		d.tried[kind]++
		n := d.tried[kind]
		strikes := r.Contains != "" && r.Probability == 0 && r.Every == 0
		strikes = strikes || r.Every > 0 && n%uint64(r.Every) == 0
		strikes = strikes || r.Probability > 0 && rand.New(rand.NewPCG(d.seed^uint64(i)<<32, n)).Float64() < r.Probability
		if strikes && hit == "" {
			hit, with = kind, r
		}
	}
	return hit, with
}

func containsAny(texts []string, part string) bool {
	for _, t := range texts {
		if strings.Contains(t, part) {
			return true
		}
	}
	return false
}

// refusal is the error of a fault, nil for one that only spoils the answer;
// late ones come after the latency.
func (f Fault) refusal() (err *Error, late bool) {
	switch f {
	case FaultThrottle:
		return &Error{Throttling, tooManyTokens}, false
	case FaultThrottleDay:
		return &Error{Throttling, tooManyTokensPerDay}, false
	case FaultRequests:
		return &Error{Throttling, tooManyRequests}, false
	case FaultUnavailable:
		return &Error{ServiceUnavailable, "Bedrock is unable to process your request."}, false
	case FaultTimeout:
		return &Error{ModelTimeout, "The model took too long to process the request."}, true
	case FaultModelError:
		return &Error{ModelError, "The model encountered an error while processing the request."}, true
	case FaultNotReady:
		return &Error{ModelNotReady, "The model is not ready to serve inference requests."}, false
	case FaultInternal:
		return &Error{InternalServer, "The system encountered an unexpected error during processing. Try your request again."}, false
	case FaultNotFound:
		return &Error{ResourceNotFound, "Could not resolve the foundation model from the provided model identifier."}, false
	case FaultDenied:
		return &Error{AccessDenied, "You don't have access to the model with the specified model ID."}, false
	case FaultQuotaExceeded:
		return &Error{QuotaExceeded, "Your request exceeds the service quota for your account."}, false
	}
	return nil, false
}
