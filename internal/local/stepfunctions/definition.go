package stepfunctions

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Definition is a state machine.
type Definition struct {
	Comment string
	StartAt string
	// TimeoutSeconds bounds an execution; 0 does not.
	TimeoutSeconds int
	States         map[string]*state
}

// state is a state of any type; which fields count depends on it.
type state struct {
	Type    string
	Comment string
	Next    string

	Resource       string
	Parameters     json.RawMessage
	ResultSelector json.RawMessage
	TimeoutSeconds int
	Retry          []retrier
	Catch          []catcher

	InputPath string
	// ResultPath is nil for $, and null throws the result away.
	ResultPath json.RawMessage
	Result     json.RawMessage

	Seconds       *int
	TimestampPath string

	Choices []rule
	Default string

	Error     string
	CausePath string
}

type retrier struct {
	ErrorEquals     []string
	IntervalSeconds float64
	MaxAttempts     int
	MaxDelaySeconds float64
	BackoffRate     float64
	JitterStrategy  string
}

type catcher struct {
	ErrorEquals []string
	ResultPath  json.RawMessage
	Next        string
}

// rule is a choice: one comparison, or several that all hold.
type rule struct {
	Variable      string
	StringEquals  *string
	BooleanEquals *bool
	IsPresent     *bool
	And           []rule
	Next          string
}

// The types of states.
const (
	task, choice, wait, pass, succeed, fail = "Task", "Choice", "Wait", "Pass", "Succeed", "Fail"
)

// Parse reads a definition. The error lists everything that is wrong with it, or
// not known here.
func Parse(document []byte) (*Definition, error) {
	var d Definition
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&d); err != nil {
		return nil, fmt.Errorf("definition: %w", err)
	}
	var errs []error
	if d.States[d.StartAt] == nil {
		errs = append(errs, fmt.Errorf("StartAt: there is no state %q", d.StartAt))
	}
	reached := map[string]bool{}
	d.reach(d.StartAt, reached)
	for _, name := range slices.Sorted(maps.Keys(d.States)) {
		if d.States[name] == nil {
			errs = append(errs, fmt.Errorf("%s: it is null", name))
			continue
		}
		if !reached[name] {
			errs = append(errs, fmt.Errorf("%s: nothing leads there", name))
		}
		for _, err := range d.States[name].check(d.States) {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
	}
	if len(errs) > 0 {
		return nil, fmt.Errorf("definition: %w", errors.Join(errs...))
	}
	return &d, nil
}

// reach notes which states an execution may come to.
func (d *Definition) reach(name string, reached map[string]bool) {
	s := d.States[name]
	if s == nil || reached[name] {
		return
	}
	reached[name] = true
	for _, next := range s.nexts() {
		d.reach(next, reached)
	}
}

// nexts are the states that the state leads to.
func (s *state) nexts() []string {
	all := []string{}
	for _, next := range []string{s.Next, s.Default} {
		if next != "" {
			all = append(all, next)
		}
	}
	for _, c := range s.Catch {
		all = append(all, c.Next)
	}
	for _, r := range s.Choices {
		all = append(all, r.Next)
	}
	return all
}

func (s *state) check(states map[string]*state) []error {
	var errs []error
	for _, next := range s.nexts() {
		if states[next] == nil {
			errs = append(errs, fmt.Errorf("there is no state %q", next))
		}
	}
	if ends := s.Type == succeed || s.Type == fail || s.Type == choice; ends == (s.Next != "") {
		errs = append(errs, fmt.Errorf("a %s state with Next %q", s.Type, s.Next))
	}
	switch s.Type {
	case task:
		if _, known := actions[s.Resource]; !known {
			errs = append(errs, fmt.Errorf("the resource %q is not known here", s.Resource))
		}
		if s.TimeoutSeconds < 1 {
			errs = append(errs, errors.New("a task without TimeoutSeconds may wait for ever"))
		}
	case wait:
		if (s.Seconds == nil) == (s.TimestampPath == "") {
			errs = append(errs, errors.New("a wait is for Seconds, or until TimestampPath"))
		}
	case choice, pass, succeed, fail:
	default:
		errs = append(errs, fmt.Errorf("the type %q is not known here", s.Type))
	}
	return append(errs, s.checkText()...)
}

// checkText looks at what is read when the state runs: paths, templates, rules and
// retriers.
func (s *state) checkText() []error {
	var errs []error
	for _, path := range []string{s.InputPath, s.TimestampPath, s.CausePath} {
		if path != "" {
			_, err := parsePath(path)
			errs = append(errs, err)
		}
	}
	for _, raw := range []json.RawMessage{s.Parameters, s.ResultSelector} {
		errs = append(errs, checkTemplate(raw))
	}
	_, _, err := resultPath(s.ResultPath)
	errs = append(errs, err)
	for _, c := range s.Catch {
		_, _, err := resultPath(c.ResultPath)
		errs = append(errs, err)
	}
	for _, r := range s.Choices {
		errs = append(errs, r.check())
	}
	for _, r := range s.Retry {
		errs = append(errs, r.check())
	}
	return slices.DeleteFunc(errs, func(err error) bool { return err == nil })
}

func (r retrier) check() error {
	if r.IntervalSeconds < 1 || r.MaxAttempts < 1 || r.BackoffRate < 1 || r.MaxDelaySeconds <= r.IntervalSeconds || len(r.ErrorEquals) == 0 {
		return fmt.Errorf("a retrier of %v with what is out of its range, or left out", r.ErrorEquals)
	}
	if r.JitterStrategy != "" && r.JitterStrategy != "NONE" && r.JitterStrategy != "FULL" {
		return fmt.Errorf("the jitter %q is not known", r.JitterStrategy)
	}
	return nil
}

func (r rule) check() error {
	compares := 0
	for _, given := range []bool{r.StringEquals != nil, r.BooleanEquals != nil, r.IsPresent != nil, len(r.And) > 0} {
		if given {
			compares++
		}
	}
	if compares != 1 || (r.Variable == "") != (len(r.And) > 0) {
		return fmt.Errorf("a rule about %q with %d comparisons", r.Variable, compares)
	}
	for _, one := range r.And {
		if err := one.check(); err != nil {
			return err
		}
	}
	if r.Variable == "" {
		return nil
	}
	_, err := parsePath(r.Variable)
	return err
}
