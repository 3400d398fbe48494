package task

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"sluice/events"
	"sluice/schemas"
)

// Definition is a task as its file says it. The answer's schema may use type,
// properties, required, additionalProperties (false, on every object), items,
// enum, const, anyOf, description, title and format; and minLength, maxLength,
// minItems, maxItems, minimum, maximum, exclusiveMinimum and exclusiveMaximum,
// which are checked on the answer only. Its root is an object.
// (https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html)
type Definition struct {
	// Name is [A-Za-z0-9_-]{1,64}, and that of the file.
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	// Instruction is what the model is told. It may be a list of lines in the file.
	Instruction Lines `json:"instruction"`
	// Output is the schema of one answer, Params that of the parameters: an object
	// whose properties may have defaults. No Params means no parameters.
	Output json.RawMessage `json:"output"`
	Params json.RawMessage `json:"params,omitempty"`
	// Model is a model id or inference profile; "" leaves it to the environment.
	Model string `json:"model,omitempty"`
	// MaxTokens bounds one record's answer. Default 1,024.
	MaxTokens int `json:"maxTokens"`
	// Temperature is 0 to 1; none leaves it to the model.
	Temperature *float64 `json:"temperature,omitempty"`
	// MaxRecordsPerCall is how many records may share a call, 1 to 25. Default 10.
	MaxRecordsPerCall int `json:"maxRecordsPerCall"`
	// Reuse: an equal input may be given the answer that lies there. Default true.
	Reuse bool `json:"reuse"`
	// Lane is "priority", "standard", "flex", or "auto", the default: what the
	// request's deadline asks for; see [Task.LaneBy].
	Lane Lane `json:"lane,omitempty"`
}

// Lines is text that may be written as a list of its lines.
type Lines string

// UnmarshalJSON reads a string or a list of strings.
func (l *Lines) UnmarshalJSON(raw []byte) error {
	var lines []string
	if json.Unmarshal(raw, &lines) == nil {
		*l = Lines(strings.Join(lines, "\n"))
		return nil
	}
	return json.Unmarshal(raw, (*string)(l))
}

// Limits of a definition.
const (
	// MaxFileBytes bounds the file.
	MaxFileBytes        = 256 << 10
	maxInstructionBytes = 64 << 10
	defaultMaxTokens    = 1024
	maxMaxTokens        = 32_000
	defaultRecords      = 10
	maxRecords          = 25
)

// Invalid lists everything that is wrong with a definition.
type Invalid struct{ Problems []string }

// Error joins the problems.
func (i *Invalid) Error() string { return strings.Join(i.Problems, "; ") }

// Parse reads the definition of the task that is asked for by name, strictly.
// The error is an [*Invalid]; trying again does not help.
func Parse(name string, file []byte) (*Task, error) {
	d := Definition{MaxTokens: defaultMaxTokens, MaxRecordsPerCall: defaultRecords, Reuse: true, Lane: auto}
	if _, err := parseTree(file); err != nil {
		return nil, &Invalid{[]string{"the file " + err.Error()}}
	}
	decoder := json.NewDecoder(bytes.NewReader(file))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&d); err != nil {
		return nil, &Invalid{[]string{shapeProblem(err)}}
	}
	t := &Task{Definition: d, questions: map[string]*Question{}, asked: map[string]*Question{}}
	if problems := t.compile(name); len(problems) > 0 {
		return nil, &Invalid{problems}
	}
	sum := sha256.Sum256(t.hashed())
	t.version = hex.EncodeToString(sum[:12])
	return t, nil
}

// shapeProblem says which field stopped the decoder.
func shapeProblem(err error) string {
	var typed *json.UnmarshalTypeError
	if errors.As(err, &typed) {
		return fmt.Sprintf("/%s: is %s, must be %s", strings.ReplaceAll(typed.Field, ".", "/"), typed.Value, typed.Type)
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}

// compile checks the definition and prepares what asking needs.
func (t *Task) compile(name string) []string {
	var problems []string
	wrong := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	if t.Name != name || !events.ValidRequestID(t.Name) {
		wrong("/name: is %q, must be the file's name, %q, of [A-Za-z0-9_-]", cut(t.Name), name)
	}
	if size := len(strings.TrimSpace(string(t.Instruction))); size == 0 || size > maxInstructionBytes {
		wrong("/instruction: has %d bytes, must have 1 to %d", size, maxInstructionBytes)
	}
	if t.MaxTokens < 1 || t.MaxTokens > maxMaxTokens {
		wrong("/maxTokens: is %d, must be 1 to %d", t.MaxTokens, maxMaxTokens)
	}
	if t.Temperature != nil && (*t.Temperature < 0 || *t.Temperature > 1) {
		wrong("/temperature: is %v, must be 0 to 1", *t.Temperature)
	}
	if t.MaxRecordsPerCall < 1 || t.MaxRecordsPerCall > maxRecords {
		wrong("/maxRecordsPerCall: is %d, must be 1 to %d", t.MaxRecordsPerCall, maxRecords)
	}
	if !t.Lane.valid() {
		wrong("/lane: is %q, must be auto, priority, standard or flex", cut(string(t.Lane)))
	}
	problems = append(problems, t.compileParams()...)
	problems = append(problems, t.compileOutput()...)
	return problems
}

// noParams is the schema of a task that takes none.
const noParams = `{"type":"object","additionalProperties":false,"properties":{}}`

func (t *Task) compileParams() []string {
	if len(t.Params) == 0 {
		t.Params = json.RawMessage(noParams)
	}
	shape, err := parseTree(t.Params)
	if err != nil {
		return []string{"/params: " + err.Error()}
	}
	var problems []string
	if kind, _ := shape.get("type"); string(kind.scalar) != `"object"` {
		problems = append(problems, "/params/type: must be object")
	}
	if closed, _ := shape.get("additionalProperties"); string(closed.scalar) != "false" {
		problems = append(problems, "/params/additionalProperties: must be false")
	}
	if t.paramsSchema, err = schemas.Compile(t.Name+".params.json", t.Params); err != nil {
		return append(problems, "/params: is not a JSON Schema: "+oneLine(err))
	}
	properties, _ := shape.get("properties")
	for _, p := range properties.members {
		if value, given := p.value.get("default"); given {
			t.defaults = append(t.defaults, member{p.name, value})
		}
	}
	return problems
}

// compileOutput checks the schema as it is with the default parameters; what a
// caller's parameters make of it is checked when they come.
func (t *Task) compileOutput() []string {
	if len(t.Output) == 0 {
		return []string{"/output: is missing"}
	}
	shape, err := parseTree(t.Output)
	if err != nil {
		return []string{"/output: " + err.Error()}
	}
	t.output = shape
	filled, problems := substitute(shape, tree{kind: '{', members: t.defaults}, "/output")
	if len(problems) > 0 {
		return t.excuseRequired(shape, problems)
	}
	problems = checkOutput(filled, "/output")
	if len(problems) == 0 {
		if _, err := schemas.Compile(t.Name+".output.json", filled.bytes()); err != nil {
			problems = append(problems, "/output: is not a JSON Schema: "+oneLine(err))
		}
	}
	return problems
}

// excuseRequired drops the problems of a schema that needs a parameter which
// every caller must give: it cannot be judged before.
func (t *Task) excuseRequired(shape tree, problems []string) []string {
	var params struct {
		Required []string `json:"required"`
	}
	_ = json.Unmarshal(t.Params, &params)
	given := map[string]bool{}
	for _, d := range t.defaults {
		given[d.name] = true
	}
	for _, name := range params.Required {
		given[name] = true
	}
	for _, name := range parametersOf(shape) {
		if !given[name] {
			return problems
		}
	}
	return nil
}

// hashed is what the version is the hash of: all that the file says but for the
// lane, which changes no answer.
func (t *Task) hashed() []byte {
	d := t.Definition
	d.Lane = ""
	raw, err := json.Marshal(d)
	if err != nil {
		return []byte(t.Name)
	}
	return raw
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
