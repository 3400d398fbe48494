package sim

// naive is a worker with the AWS SDK's own retries: a record is a call, and one
// that fails fails its message, which comes back after its visibility timeout.
type naive struct {
	*world
	attempts int
	limiter  *limiter // adaptive only
	allowed  float64  // of the SDK's retry quota

	waiting  []int32
	flying   int
	received float64
	deadline float64
	end      func()
}

// The SDK's retry quota: what there is, what a retry costs, and what a success
// brings.
const (
	retryQuota   = 500
	retryCost    = 5
	retrySuccess = 1
)

func newNaive(w *world) *naive {
	n := &naive{world: w, attempts: 3, allowed: retryQuota}
	if w.config.Policy == Adaptive {
		n.attempts, n.limiter = 10, &limiter{}
	}
	return n
}

func (n *naive) invoke(batch []int32, deadline float64, end func()) {
	n.waiting, n.received, n.deadline, n.end = batch, n.now, deadline, end
	for range min(n.config.InFlight, len(batch)) {
		n.flying++
		n.next()
	}
}

// next is one goroutine's next call.
func (n *naive) next() {
	size := min(n.config.Pack, len(n.waiting))
	pack := n.waiting[:size]
	n.waiting = n.waiting[size:]
	if size > 0 {
		n.try(pack, 1, 0)
		return
	}
	if n.flying--; n.flying == 0 {
		n.end()
	}
}

// try attempts a call, after what the limiter wants to wait.
func (n *naive) try(pack []int32, attempt int, paid float64) {
	if n.now >= n.deadline {
		n.fail(pack)
		return
	}
	if n.limiter != nil {
		if wait := n.limiter.acquire(n.now); wait > 0 {
			n.after(wait, func() { n.try(pack, attempt, paid) })
			return
		}
	}
	r := request{input: n.config.Instruction, maxTokens: n.config.MaxTokens, output: n.service.outputOf(len(pack))}
	for _, id := range pack {
		r.input += int(n.queue.messages[id].input) + n.config.Frame
	}
	n.service.call(r, func(a answer, _ float64) {
		if n.limiter != nil {
			n.limiter.update(n.now, a == throttled || a == dayQuota)
		}
		if a == succeeded {
			n.allowed = min(n.allowed+max(paid, retrySuccess), retryQuota)
			n.answered(pack...)
			n.next()
			return
		}
		n.retry(pack, attempt)
	})
}

// retry waits with full jitter, unless the attempts or the retry quota are used up.
func (n *naive) retry(pack []int32, attempt int) {
	if attempt >= n.attempts || n.allowed < retryCost {
		n.fail(pack)
		return
	}
	n.allowed -= retryCost
	backoff := n.chance.Float64() * min(float64(int(1)<<(attempt-1)), 20)
	n.after(backoff, func() { n.try(pack, attempt+1, retryCost) })
}

// fail leaves messages to their visibility timeout.
func (n *naive) fail(pack []int32) {
	for _, id := range pack {
		n.tally.Deferred++
		n.queue.hide(id, n.received+n.config.Mapping.Visibility.Seconds())
	}
	n.next()
}
