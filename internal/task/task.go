package task

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync"

	"sluice/events"
	"sluice/schemas"
)

// Task is a checked definition. It may be used by many goroutines.
type Task struct {
	Definition
	version      string
	paramsSchema *schemas.Schema
	defaults     []member
	output       tree

	mu sync.Mutex
	// questions are by settled parameters, asked by parameters as they came.
	questions, asked map[string]*Question
}

// Version is the hash of the definition, 24 hex digits: answers of another
// version are not reused.
func (t *Task) Version() string { return t.version }

// MaxParamsBytes bounds the parameters of a request, which go into every call.
const MaxParamsBytes = 32 << 10

// remembered bounds how many sets of parameters are kept compiled.
const remembered = 128

// Ask settles the parameters: defaults are filled in, and everything that is
// wrong is listed. Fields are JSON pointers below /data/params. Equal
// parameters give the same question, whatever their order.
func (t *Task) Ask(params json.RawMessage) (*Question, []events.Problem) {
	t.mu.Lock()
	known, found := t.asked[string(params)]
	t.mu.Unlock()
	if found {
		return known, nil
	}
	settled, problems := t.settle(params)
	if len(problems) > 0 {
		return nil, problems
	}
	t.mu.Lock()
	q, found := t.questions[string(settled.canonical())]
	t.mu.Unlock()
	if !found {
		if q, problems = t.question(settled); len(problems) > 0 {
			return nil, problems
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.questions) >= remembered || len(t.asked) >= remembered {
		clear(t.questions)
		clear(t.asked)
	}
	t.questions[string(q.Params)] = q
	if len(params) <= mostAsked {
		t.asked[string(params)] = q
	}
	return q, nil
}

// mostAsked is how long parameters may be, in bytes, to be remembered as they
// came.
const mostAsked = 4 << 10

// CheckParams lists what is wrong with the parameters.
func (t *Task) CheckParams(params json.RawMessage) []events.Problem {
	_, problems := t.Ask(params)
	return problems
}

// CheckAnswer lists what does not fit in an answer to the task with these
// parameters; see [Question.Check].
func (t *Task) CheckAnswer(params, answer json.RawMessage) []schemas.Problem {
	q, problems := t.Ask(params)
	if len(problems) > 0 {
		return []schemas.Problem{{Keyword: events.CodeParams, Message: "the parameters do not fit the task"}}
	}
	return q.Check(answer)
}

const paramsField = "/data/params"

// settle reads the parameters, fills in the defaults and checks them.
func (t *Task) settle(params json.RawMessage) (tree, []events.Problem) {
	if len(params) > MaxParamsBytes {
		return tree{}, paramsProblem(events.CodeTooLarge, fmt.Sprintf("the parameters have %d bytes, more than %d", len(params), MaxParamsBytes))
	}
	if trimmed := bytes.TrimSpace(params); len(trimmed) == 0 || string(trimmed) == "null" {
		params = json.RawMessage("{}")
	}
	given, err := parseTree(params)
	if err != nil {
		return tree{}, paramsProblem(events.CodeParams, err.Error())
	}
	if given.kind != '{' {
		return tree{}, paramsProblem(events.CodeParams, "must be an object")
	}
	for _, d := range t.defaults {
		if _, has := given.get(d.name); !has {
			given.members = append(given.members, d)
		}
	}
	found, err := t.paramsSchema.Validate(given.bytes())
	if err != nil {
		return tree{}, paramsProblem(events.CodeNotJSON, "is not JSON")
	}
	if len(found) > 0 {
		return tree{}, events.ProblemsOf(paramsField, found)
	}
	return given, nil
}

// question makes the answer's schema of the settled parameters.
func (t *Task) question(settled tree) (*Question, []events.Problem) {
	filled, wrong := substitute(t.output, settled, "/output")
	if len(wrong) == 0 {
		wrong = checkOutput(filled, "/output")
	}
	if len(wrong) > 0 {
		var problems []events.Problem
		for _, message := range wrong {
			problems = append(problems, paramsProblem(events.CodeParams, "with these parameters the answer's schema is wrong: "+message)...)
		}
		return nil, problems
	}
	full, err := schemas.Compile(t.Name+".answer.json", filled.bytes())
	if err != nil {
		return nil, paramsProblem(events.CodeParams, "with these parameters the answer's schema is no JSON Schema")
	}
	return &Question{Task: t, Params: settled.canonical(), Schema: enforceable(filled).bytes(), full: full}, nil
}

func paramsProblem(code, message string) []events.Problem {
	return []events.Problem{{Field: paramsField, Code: code, Message: message}}
}

// Question is a task with its parameters settled: what is asked about records.
type Question struct {
	Task *Task
	// Params is the canonical JSON object of the parameters, defaults included.
	Params json.RawMessage
	// Schema is the schema of one answer, as structured output enforces it.
	Schema json.RawMessage

	full *schemas.Schema
}

// Check lists what in an answer does not fit the task's schema, which is more
// than structured output enforces. Nothing in a problem's message quotes the
// answer, but its path may name a property that the model made up.
func (q *Question) Check(answer json.RawMessage) []schemas.Problem {
	found, err := q.full.Validate(answer)
	if err != nil {
		return []schemas.Problem{{Keyword: events.CodeNotJSON, Message: "the answer is not JSON"}}
	}
	return found
}
