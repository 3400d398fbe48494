package lambdahost

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"time"
)

// call is one invocation on its way through a process.
type call struct {
	id       string
	trace    string
	payload  []byte
	deadline time.Time
	begun    time.Time
	done     chan outcome // holds one
}

// outcome is how a call ended: its answer, or why there is none.
type outcome struct {
	payload []byte
	err     error
	// peak is the most memory that the process ever had in MB, 0 if unknown.
	peak int
}

// ending is why the host killed a process.
type ending int

const (
	notKilled ending = iota
	killedIdle
	killedTimeout
	killedInit
	killedStop
)

// process is one running bootstrap.
type process struct {
	id       string
	function Function
	arn      string
	pool     *pool
	calls    chan *call    // handed over and not yet taken; holds one
	ready    chan struct{} // closed when it asks for its first call
	gone     chan struct{} // closed when it has ended and all it wrote was read
	started  time.Time
	out      *outlet
	tail     tail

	mu       sync.Mutex
	child    *os.Process // nil until it runs, and when it was waited for
	given    *call       // from handing over until it asks for the next one
	current  *call       // given, and taken
	answered bool
	timer    *time.Timer
	ending   ending
	over     bool
	init     time.Duration // 0 once it was reported
	isReady  bool
	initSays string // what it posted to init/error
	exit     string // "exit status 1", "signal: killed"
	peak     int
	measured time.Time // when peak was

	// Of the pool, under its lock.
	state     state
	idleSince time.Time
}

// start runs the bootstrap. output takes its lines; over is called once it has
// ended and everything it wrote was read, before its call is settled.
func (p *process) start(s *starter, environment []string, directory string, output func(string), over func()) error {
	cmd := exec.CommandContext(context.Background(), p.function.Bootstrap) // ended by kill, with its group
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = environment, directory, p.out.write, p.out.write
	cmd.SysProcAttr = attributes()
	p.started = time.Now()
	err := s.start(cmd)
	_ = p.out.write.Close()
	if err != nil {
		p.out.close()
		return fmt.Errorf("run the bootstrap: %w", err)
	}
	p.mu.Lock()
	p.child = cmd.Process
	unwanted := p.ending != notKilled
	p.mu.Unlock()
	if p.function.Yields > 0 {
		yield(cmd.Process, p.function.Yields)
	}
	if unwanted {
		kill(cmd.Process)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		lines(p.out, func(line string) { p.tail.add(line); output(line) })
	}()
	go func() {
		p.waitFor(cmd)
		p.out.ended()
		<-read
		p.out.close()
		over()
		p.end()
	}()
	return nil
}

// waitFor returns when the process and its group have ended.
func (p *process) waitFor(cmd *exec.Cmd) {
	err := cmd.Wait()
	kill(cmd.Process)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.child = nil
	p.exit = cmd.ProcessState.String()
	if cmd.ProcessState == nil {
		p.exit = err.Error()
	}
}

// end settles what the process leaves behind.
func (p *process) end() {
	p.mu.Lock()
	p.over = true
	if p.timer != nil {
		p.timer.Stop()
	}
	var lost, untaken *call
	if p.current != nil && !p.answered {
		lost = p.current
	}
	select {
	case untaken = <-p.calls:
	default:
	}
	ending, exit, peak := p.ending, p.exit, p.peak
	p.mu.Unlock()
	p.pool.exited(p)
	close(p.gone)
	if lost != nil {
		lost.done <- outcome{err: p.lost(lost, ending, exit), peak: peak}
	}
	if untaken != nil {
		err := errNotBegun
		if ending == killedTimeout {
			err = p.lost(untaken, ending, exit)
		}
		untaken.done <- outcome{err: err, peak: peak}
	}
}

// lost is the error of a call whose process ended.
func (p *process) lost(c *call, ending ending, exit string) error {
	switch ending {
	case killedStop:
		return ErrStopped
	case killedTimeout:
		return functionError(p.function.Name, c.id, TypeTimeout, timedOut(p.function.Timeout))
	default:
		return functionError(p.function.Name, c.id, TypeExit, exitMessage(exit))
	}
}

// exitMessage says how a process ended, as Lambda does.
func exitMessage(exit string) string {
	if exit == "exit status 0" {
		return "Runtime exited without providing a reason"
	}
	return "Runtime exited with error: " + exit
}

// functionError is an error of the runtime, with the document that a caller gets.
func functionError(function, requestID, kind, message string) *FunctionError {
	message = "RequestId: " + requestID + " Error: " + message
	payload, _ := json.Marshal(struct {
		Message string `json:"errorMessage"`
		Type    string `json:"errorType"`
	}{message, kind})
	return &FunctionError{Function: function, RequestID: requestID, Type: kind, Message: message, Payload: payload}
}

// give hands a call to the process, whose time runs from now. It reports whether
// the process was still there.
func (p *process) give(c *call) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return false
	}
	c.begun = time.Now()
	c.deadline = c.begun.Add(p.function.Timeout)
	p.given = c
	p.timer = time.AfterFunc(p.function.Timeout, func() { p.expire(c) })
	p.calls <- c
	return true
}

// expire kills a process that has not finished c.
func (p *process) expire(c *call) {
	p.mu.Lock()
	current := p.given == c
	p.mu.Unlock()
	if current {
		p.measure()
		p.kill(killedTimeout)
	}
}

// measureEvery is how old a process's peak may be: to ask for it costs as much as a
// small call does.
const measureEvery = time.Second

// measure notes how much memory the process had at most and returns it in MB, 0
// if that cannot be told.
func (p *process) measure() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := time.Now(); p.child != nil && now.Sub(p.measured) >= measureEvery {
		p.peak, p.measured = max(p.peak, peakMemory(p.child.Pid)), now
	}
	return p.peak
}

// kill ends the process and its group. The first reason counts.
func (p *process) kill(why ending) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ending == notKilled {
		p.ending = why
	}
	if p.child != nil {
		kill(p.child)
	}
}

// hasCall reports whether a call is given and not answered.
func (p *process) hasCall() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.given != nil && !(p.current == p.given && p.answered)
}

// takeInit returns how long the start took, once.
func (p *process) takeInit() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	init := p.init
	p.init = 0
	return init
}

// sayError keeps what the process said about its failed start.
func (p *process) sayError(document []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.initSays = string(bytes.TrimSpace(document))
}

// whyNoStart tells how a process ended that never asked for a call.
func (p *process) whyNoStart(patience time.Duration) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.ending == killedInit:
		return fmt.Sprintf("asked for no call within %s of its start", patience)
	case p.initSays != "":
		return p.exit + ": " + p.initSays
	default:
		return p.exit
	}
}

var errUnanswered = errors.New("the call before is not answered")

// next waits for the process's next call.
func (p *process) next(ctx context.Context) (*call, error) {
	p.mu.Lock()
	if p.current != nil && !p.answered {
		p.mu.Unlock()
		return nil, errUnanswered
	}
	back := p.current != nil
	if back {
		p.timer.Stop()
		p.current, p.given = nil, nil
	}
	if !p.isReady {
		p.isReady, p.init = true, time.Since(p.started)
		close(p.ready)
	}
	p.mu.Unlock()
	if back && p.out.full() {
		p.kill(killedIdle)
		return nil, ErrStopped
	}
	if back {
		p.pool.back(p)
	}
	select {
	case c := <-p.calls:
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.over { // it ended meanwhile, and end did not see the call
			c.done <- outcome{err: errNotBegun}
			return nil, ErrStopped
		}
		p.current, p.answered = c, false
		return c, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.gone:
		return nil, ErrStopped
	}
}

// answer ends the current call if its id is that; it reports whether it was.
func (p *process) answer(id string, o outcome) bool {
	o.peak = p.measure()
	p.mu.Lock()
	if p.current == nil || p.answered || p.current.id != id {
		p.mu.Unlock()
		return false
	}
	p.answered = true
	c := p.current
	p.mu.Unlock()
	// The pool hears of it before the caller does: whoever calls again at once
	// waits for this process rather than starting another.
	p.pool.answered(p)
	c.done <- o
	return true
}
