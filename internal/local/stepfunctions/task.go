package stepfunctions

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"time"
)

// task asks for what the state is about until it is answered, or no retrier is
// left. Then a catcher leads on, or the error ends the execution.
func (x *execution) task(ctx context.Context, name string, s *state, input any) (string, any, error) {
	taken := make([]int, len(s.Retry))
	for {
		output, failure := x.attempt(ctx, name, s, input)
		if ctx.Err() != nil {
			return "", nil, ctx.Err() // the execution's own end
		}
		if failure == nil {
			return s.Next, output, nil
		}
		if pause, again := s.again(failure, taken, x.state.Jitter); again {
			sleep(ctx, pause)
			continue
		}
		for _, c := range s.Catch {
			if !matches(c.ErrorEquals, failure.Name) {
				continue
			}
			output, err := put(input, map[string]any{"Error": failure.Name, "Cause": failure.Cause}, c.ResultPath)
			if err != nil {
				return "", nil, &Failure{badResult, err.Error()}
			}
			return c.Next, output, nil
		}
		return "", nil, failure
	}
}

// again is how long to wait before the next attempt, if there is one. Taken counts
// the attempts of each retrier.
func (s *state) again(f *Failure, taken []int, jitter func(time.Duration) time.Duration) (time.Duration, bool) {
	for i, r := range s.Retry {
		if !matches(r.ErrorEquals, f.Name) {
			continue
		}
		if taken[i] >= r.MaxAttempts {
			return 0, false
		}
		delay := min(r.IntervalSeconds*math.Pow(r.BackoffRate, float64(taken[i])), r.MaxDelaySeconds)
		taken[i]++
		pause := time.Duration(delay * float64(time.Second))
		if r.JitterStrategy == "FULL" {
			pause = jitter(pause)
		}
		return pause, true
	}
	return 0, false
}

// matches tells whether an error is among those named. Too much data and our own
// faults are not, by States.ALL either.
func matches(names []string, name string) bool {
	if slices.Contains(names, name) {
		return true
	}
	if name == tooMuch || name == runtimeError {
		return false
	}
	return slices.Contains(names, anyError) || name != timeout && slices.Contains(names, anyTask)
}

// attempt does the task once, and returns the state's output.
func (x *execution) attempt(ctx context.Context, name string, s *state, input any) (any, *Failure) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(s.TimeoutSeconds)*time.Second)
	defer cancel()
	act := actions[s.Resource]
	var waiting *waiter
	token := ""
	if act.byToken {
		waiting = x.state.expect()
		defer x.state.forget(waiting)
		token = waiting.token
	}
	parameters, err := fill(s.Parameters, scope{input, x.context(name, token)})
	if err != nil {
		return nil, &Failure{badPath, err.Error()}
	}
	x.note("TaskScheduled", nil)
	x.note("TaskStarted", nil)
	result, err := act.do(ctx, x.state.Resources, parameters)
	if err == nil && act.byToken {
		x.note("TaskSubmitted", nil)
		result, err = waiting.answer(ctx)
	}
	if err != nil {
		failure := failureOf(ctx, err)
		x.failed(failure)
		return nil, failure
	}
	x.note("TaskSucceeded", nil)
	return s.output(input, result, x.context(name, token))
}

// failureOf is what a workflow is told of an error.
func failureOf(ctx context.Context, err error) *Failure {
	var failure *Failure
	switch {
	case errors.As(err, &failure):
		return failure
	case ctx.Err() != nil:
		return &Failure{Name: timeout}
	}
	return &Failure{anyTask, err.Error()}
}

// output is the state's input with what its task came to.
func (s *state) output(input, result, context any) (any, *Failure) {
	selected, err := fill(s.ResultSelector, scope{result, context})
	if err != nil {
		return nil, &Failure{badPath, err.Error()}
	}
	output, err := put(input, selected, s.ResultPath)
	if err != nil {
		return nil, &Failure{badResult, err.Error()}
	}
	return output, nil
}

// decode reads JSON, which is no error of the workflow's if it is none: it is a
// text then.
func decode(raw []byte) any {
	var value any
	if json.Unmarshal(raw, &value) != nil {
		return string(raw)
	}
	return value
}
