package upload

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"sluice/events"
	"sluice/schemas"
)

// Definition is what is asked for an upload. In JSON it is
// {task, params, textField, notify: {email: […], each}, deadline, audit, submitted},
// everything optional; that is what lies beside the upload and in its [Intake].
type Definition struct {
	// Task is asked of every record that names none itself; "" is the folder's.
	Task string
	// Params are a JSON object, or nil.
	Params json.RawMessage
	// TextField names the field or column of the text; see [Options.TextField].
	TextField string
	// Notify lists whom the report is mailed to, 1 to 50 addresses; MailEach
	// mails them about every record too.
	Notify   []string
	MailEach bool
	// Deadline is zero where none was said.
	Deadline time.Time
	// Audit asks for the workflow for every record.
	Audit bool
	// Submitted is zero where it is the time of S3's event.
	Submitted time.Time
}

const (
	// MaxDefinitionBytes is the largest definition that is read.
	MaxDefinitionBytes = 256 << 10
	// MaxParamsBytes is the largest params of an upload or a record: they travel
	// in the event.
	MaxParamsBytes = 64 << 10
)

//go:embed definition.json
var definitionSchema []byte

// compiledDefinition is part of the program; a test finds one that is wrong.
var compiledDefinition = sync.OnceValues(func() (*schemas.Schema, error) {
	return schemas.Compile("definition.json", definitionSchema)
})

// ParseDefinition reads a definition, strictly: an unknown field is a problem,
// and so is everything else that is wrong, all of it told at once. What could
// be read is in the definition even then, so that whoever is named there can be
// told.
func ParseDefinition(document []byte) (Definition, []events.Problem) {
	document = bytes.TrimPrefix(document, []byte(utf8BOM))
	schema, err := compiledDefinition()
	if err != nil {
		return Definition{}, []events.Problem{definitionProblem("", err.Error())}
	}
	found, err := schema.Validate(document)
	if err != nil {
		return Definition{}, []events.Problem{definitionProblem("", "is not JSON")}
	}
	var problems []events.Problem
	for _, p := range found {
		problems = append(problems, definitionProblem(p.Path, p.Message))
	}
	var d Definition
	if err := json.Unmarshal(document, &d); err != nil {
		if len(problems) == 0 {
			problems = append(problems, definitionProblem("", "is not a definition"))
		}
		d = Definition{Notify: addressesIn(document)}
	}
	if !events.ValidRequestID(d.Task) {
		d.Task = "" // every event of the upload names the task, and this may be anybody's text
	}
	if len(d.Params) > MaxParamsBytes {
		problems = append(problems, definitionProblem("/params", fmt.Sprintf("has %d bytes, may have at most %d", len(d.Params), MaxParamsBytes)))
	}
	return d, problems
}

// BadDefinition is the problem of an upload whose definition is no good as a
// whole.
func BadDefinition(message string) events.Problem { return definitionProblem("", message) }

func definitionProblem(field, message string) events.Problem {
	what := "the definition beside the file (" + definitionSuffix + ") "
	if field != "" {
		what += "at " + field + " "
	}
	return events.Problem{Field: field, Code: events.CodeBadDefinition, Message: what + message}
}

// addressesIn finds the recipients in a definition that does not decode.
func addressesIn(document []byte) []string {
	var loose struct {
		Notify json.RawMessage `json:"notify"`
	}
	var notify struct {
		Email []string `json:"email"`
	}
	if json.Unmarshal(document, &loose) != nil || json.Unmarshal(loose.Notify, &notify) != nil {
		return nil
	}
	return notify.Email
}

// sidecar is a Definition's JSON.
type sidecar struct {
	Task      string          `json:"task,omitempty"`
	Params    json.RawMessage `json:"params,omitempty"`
	TextField string          `json:"textField,omitempty"`
	Notify    *sidecarNotify  `json:"notify,omitempty"`
	Deadline  *time.Time      `json:"deadline,omitempty"`
	Audit     bool            `json:"audit,omitempty"`
	Submitted *time.Time      `json:"submitted,omitempty"`
}

type sidecarNotify struct {
	Email []string `json:"email"`
	Each  bool     `json:"each,omitempty"`
}

// MarshalJSON writes the definition as it lies beside an upload.
func (d Definition) MarshalJSON() ([]byte, error) {
	s := sidecar{Task: d.Task, Params: d.Params, TextField: d.TextField, Audit: d.Audit}
	if len(d.Notify) > 0 {
		s.Notify = &sidecarNotify{d.Notify, d.MailEach}
	}
	if !d.Deadline.IsZero() {
		s.Deadline = &d.Deadline
	}
	if !d.Submitted.IsZero() {
		s.Submitted = &d.Submitted
	}
	return json.Marshal(s)
}

// UnmarshalJSON reads what MarshalJSON wrote. It is not strict; see
// [ParseDefinition].
func (d *Definition) UnmarshalJSON(document []byte) error {
	var s sidecar
	if err := json.Unmarshal(document, &s); err != nil {
		return err
	}
	*d = Definition{Task: s.Task, Params: s.Params, TextField: s.TextField, Audit: s.Audit}
	if s.Notify != nil {
		d.Notify, d.MailEach = s.Notify.Email, s.Notify.Each
	}
	if s.Deadline != nil {
		d.Deadline = s.Deadline.UTC()
	}
	if s.Submitted != nil {
		d.Submitted = s.Submitted.UTC()
	}
	return nil
}
