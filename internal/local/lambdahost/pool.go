package lambdahost

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"time"
)

// state is what the pool knows of a process.
type state int

const (
	starting  state = iota
	busy            // somebody took it
	returning       // it gave its answer and has not asked for more yet
	idle
	ended
)

// The pause after a failed start doubles from the first to the last of these.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 5 * time.Second
)

// pool is a function and its processes.
type pool struct {
	function Function
	// launch starts a process and returns once it asked for a call, or it ended.
	launch   func(context.Context, *pool) (*process, error)
	patience time.Duration
	log      *slog.Logger
	// slots holds one token per running call: at most function.Concurrency.
	slots   chan struct{}
	numbers numbers

	mu        sync.Mutex
	idle      []*process // the one used last at the end
	returning int
	starting  int           // that are being started
	waiting   int           // takers
	changed   chan struct{} // closed and replaced when one came back or ended
	reaping   bool
	closed    bool
	// After failed starts one taker at a time tries again, not before retryAt.
	failures int
	trying   bool
	retryAt  time.Time
	told     string
}

// startsAtOnce is how many processes of a function start at the same time. More
// would only slow each other down, and while they start one that is there already
// may have come back.
func startsAtOnce() int { return max(runtime.NumCPU(), 2) }

func newPool(f Function, launch func(context.Context, *pool) (*process, error), patience time.Duration, log *slog.Logger) *pool {
	return &pool{function: f, launch: launch, patience: patience, log: log.With("function", f.Name),
		slots: make(chan struct{}, f.Concurrency), changed: make(chan struct{})}
}

// take returns a process to give a call to: the idle one that was used last, or the
// first that comes back or that starts. The error is ErrStopped, the context's, or
// a *startError if the function does not start.
func (p *pool) take(ctx context.Context) (*process, error) {
	var mine chan started // of the process that was started for this call
	for {
		p.mu.Lock()
		if p.closed {
			p.mu.Unlock()
			return nil, ErrStopped
		}
		if last := len(p.idle) - 1; last >= 0 {
			taken := p.idle[last]
			p.idle = p.idle[:last]
			taken.state = busy
			p.mu.Unlock()
			return taken, nil
		}
		if mine == nil && p.returning+p.starting <= p.waiting && !p.trying && p.starting < startsAtOnce() {
			mine = p.start(ctx)
		}
		p.waiting++
		changed := p.changed
		p.mu.Unlock()
		var s started
		select {
		case <-changed:
		case s = <-mine:
			mine = nil
		case <-ctx.Done():
			s.err = ctx.Err()
		}
		p.mu.Lock()
		p.waiting--
		p.mu.Unlock()
		if s.err != nil || s.over != nil {
			return s.over, s.err
		}
	}
}

// started is how the start of a process went: it is idle, or taken already, or over,
// or there is none.
type started struct {
	over *process
	err  error
}

// start begins to start a process. The lock is held.
func (p *pool) start(ctx context.Context) chan started {
	pause := time.Until(p.retryAt)
	p.trying = p.failures > 0
	p.starting++
	told := make(chan started, 1) // whoever asked may have found another
	go func() { told <- p.startAfter(ctx, pause) }()
	return told
}

// startAfter starts a process when the pause is over.
func (p *pool) startAfter(ctx context.Context, pause time.Duration) (s started) {
	s.err = sleep(ctx, pause)
	var q *process
	if s.err == nil {
		if q, s.err = p.launch(ctx, p); s.err == nil {
			p.put(q, starting)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.trying = false
	p.starting--
	defer p.signal()
	switch {
	case s.err == nil:
		if p.failures > 0 {
			p.log.Info("function starts again", "failedStarts", p.failures)
		}
		p.failures, p.told, p.retryAt = 0, "", time.Time{}
		if q.state == ended {
			s.over = q // the call that is given to it counts the attempt
		}
	case p.closed:
		s.err = ErrStopped
	case ctx.Err() == nil:
		p.retryAt = time.Now().Add(min(firstPause<<min(p.failures, 10), lastPause))
		p.failures++
	}
	return s
}

// tell logs why the function does not start, unless it said so already.
func (p *pool) tell(why, output string) {
	p.mu.Lock()
	said := p.told == why || p.closed
	p.told = why
	p.mu.Unlock()
	if !said {
		p.log.Error(fmt.Sprintf("function %s does not start: %s", p.function.Name, why), "exit", why, "output", output)
	}
}

// ready returns when a call could begin: if the function did not start the last
// time, only once it does.
func (p *pool) ready(ctx context.Context) error {
	for {
		p.mu.Lock()
		broken := p.failures > 0
		p.mu.Unlock()
		if !broken {
			return ctx.Err()
		}
		taken, err := p.take(ctx)
		if err == nil {
			p.put(taken, busy)
		} else if p.stopped() {
			return ErrStopped
		} else if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// provision starts the processes that the function always has. One that does not
// start is told of, and tried again by the next call.
func (p *pool) provision(ctx context.Context) {
	var started []*process
	for range p.function.Provisioned {
		taken, err := p.take(ctx)
		if err != nil {
			break
		}
		started = append(started, taken)
	}
	for _, taken := range started {
		p.put(taken, busy)
	}
}

func (p *pool) stopped() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}

// answered: the process gave its answer and will come back or end.
func (p *pool) answered(q *process) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if q.state == busy {
		q.state = returning
		p.returning++
	}
}

// back: the process asks for more.
func (p *pool) back(q *process) { p.put(q, returning) }

// put makes a process idle that is in the state from.
func (p *pool) put(q *process, from state) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if q.state != from {
		return
	}
	if from == returning {
		p.returning--
	}
	q.state, q.idleSince = idle, time.Now()
	p.idle = append(p.idle, q)
	p.signal()
	if !p.reaping && len(p.idle) > p.function.Provisioned {
		p.reaping = true
		time.AfterFunc(p.patience, p.reap)
	}
}

// exited: the process has ended.
func (p *pool) exited(q *process) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch q.state {
	case returning:
		p.returning--
	case idle:
		p.idle = slices.DeleteFunc(p.idle, func(other *process) bool { return other == q })
	default:
	}
	q.state = ended
	p.signal()
}

// signal wakes everybody who waits for a change. The lock is held.
func (p *pool) signal() {
	if p.waiting > 0 {
		close(p.changed)
		p.changed = make(chan struct{})
	}
}

// reap ends what was idle for too long and is not provisioned, and comes back when
// the next one is due.
func (p *pool) reap() {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	kept := p.function.Provisioned
	for len(p.idle) > kept && now.Sub(p.idle[0].idleSince) >= p.patience {
		p.idle[0].state = busy
		p.idle[0].kill(killedIdle)
		p.idle = p.idle[1:]
	}
	p.reaping = len(p.idle) > kept && !p.closed
	if p.reaping {
		time.AfterFunc(p.patience-now.Sub(p.idle[0].idleSince), p.reap)
	}
}

// close lets nobody take a process any more.
func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.idle = nil
	p.signal()
}

// sleep waits for d or the context's end.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
