package stepfunctions

import (
	"context"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"sluice/internal/local/service"
	"sluice/internal/workflow"
)

// Options say what a machine works with.
type Options struct {
	// ARN is the state machine's.
	ARN       string
	Resources Resources
	// Jitter picks a pause of at most d; nil picks any, all being as likely.
	Jitter func(d time.Duration) time.Duration
}

// State is one state machine with its executions.
type State struct {
	Options
	definition *Definition
	ctx        context.Context
	stop       context.CancelFunc
	running    sync.WaitGroup

	mu         sync.Mutex
	executions map[string]*execution
	waiting    map[string]*waiter
	tokens     int
}

// New makes a machine. Close ends it.
func New(d *Definition, o Options) *State {
	if o.Jitter == nil {
		o.Jitter = func(d time.Duration) time.Duration { return rand.N(d + 1) }
	}
	ctx, cancel := context.WithCancel(context.Background())
	return &State{Options: o, definition: d, ctx: ctx, stop: cancel, executions: map[string]*execution{}, waiting: map[string]*waiter{}}
}

// Close ends what still runs, and waits for that.
func (s *State) Close() {
	s.stop()
	s.running.Wait()
}

// Error is a refusal of the service.
type Error = service.Error

func refuse(code, format string, args ...any) error {
	return service.Refuse(http.StatusBadRequest, code, format, args...)
}

// Start starts an execution, and returns its ARN. One of the same name that still
// runs and has the same input is that one; any other one is refused with
// ExecutionAlreadyExists.
func (s *State) Start(name, input string) (string, error) {
	if name == "" || len(name) > 80 {
		return "", refuse("InvalidName", "The name of an execution has 1 to 80 characters.")
	}
	if !json.Valid([]byte(input)) || len(input) > mostData {
		return "", refuse("InvalidExecutionInput", "The input is no JSON, or longer than 256 KiB.")
	}
	arn := strings.Replace(s.ARN, ":stateMachine:", ":execution:", 1) + ":" + name
	s.mu.Lock()
	defer s.mu.Unlock()
	if standing := s.executions[arn]; standing != nil {
		if standing.standing().Status == "RUNNING" && standing.input == input {
			return arn, nil
		}
		return "", refuse("ExecutionAlreadyExists", "Execution Already Exists: %s", arn)
	}
	x := &execution{state: s, arn: arn, name: name, input: input, began: time.Now()}
	s.executions[arn] = x
	s.running.Go(func() { x.run(s.ctx) })
	return arn, nil
}

// Executions are the ARNs of all that were started, sorted.
func (s *State) Executions() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.executions))
}

func (s *State) find(arn string) (*execution, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if x := s.executions[arn]; x != nil {
		return x, nil
	}
	return nil, refuse("ExecutionDoesNotExist", "Execution Does Not Exist: %s", arn)
}

// Describe tells of an execution as a whole.
func (s *State) Describe(arn string) (workflow.Execution, error) {
	x, err := s.find(arn)
	if err != nil {
		return workflow.Execution{}, err
	}
	return x.standing(), nil
}

// History is everything that happened in an execution, in order.
func (s *State) History(arn string) ([]workflow.Moment, error) {
	x, err := s.find(arn)
	if err != nil {
		return nil, err
	}
	return x.moments(), nil
}

// waiter is a task that waits for its answer.
type waiter struct {
	token string
	told  chan answer
}

type answer struct {
	output  any
	failure *Failure
}

func (w *waiter) answer(ctx context.Context) (any, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case told := <-w.told:
		if told.failure != nil {
			return nil, told.failure
		}
		return told.output, nil
	}
}

// expect makes a token.
func (s *State) expect() *waiter {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens++
	w := &waiter{token: "token-" + strconv.Itoa(s.tokens), told: make(chan answer, 1)}
	s.waiting[w.token] = w
	return w
}

// forget keeps that there was such a token: who answers it late is told so.
func (s *State) forget(w *waiter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting[w.token] = nil
}

// Answer ends the task that waits under the token, with its output as JSON or with
// a failure.
func (s *State) Answer(token, output string, f *Failure) error {
	if f == nil && !json.Valid([]byte(output)) {
		return refuse("InvalidOutput", "The output is no JSON.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	w, known := s.waiting[token]
	switch {
	case !known:
		return refuse("InvalidToken", "Invalid Token: %s", "unknown")
	case w == nil:
		return refuse("TaskTimedOut", "Task Timed Out: Provided task does not exist anymore")
	}
	s.waiting[token] = nil
	w.told <- answer{decode([]byte(output)), f}
	return nil
}
