package events

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"sluice/schemas"
)

// ErrMalformed is wrapped by the errors of [Decode] and [DataOf]: one of our own
// events does not fit its schema. Trying again does not help.
var ErrMalformed = errors.New("malformed event")

// Decode reads an event that one of our functions said. Fields that it does not
// know are ignored, so that functions can be deployed one after another.
func Decode(r Record) (Envelope, error) {
	var e Envelope
	validate := schemas.ValidateDecoded
	broken := json.Unmarshal(r.Detail, &e)
	if broken != nil { // maybe before it came to the version
		var version struct {
			Version int `json:"version"`
		}
		if err := json.Unmarshal(r.Detail, &version); err != nil {
			return Envelope{}, fmt.Errorf("%w: %s: the detail is not a JSON object", ErrMalformed, r.DetailType)
		}
		e.Version = version.Version
		validate = schemas.ValidateEvent
	}
	problems, err := validate(r.DetailType, e.Version, r.Detail)
	if err != nil {
		return Envelope{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if len(problems) > 0 {
		return Envelope{}, fmt.Errorf("%w: %s: %s", ErrMalformed, r.DetailType, problems[0])
	}
	if broken != nil {
		return Envelope{}, fmt.Errorf("%w: %s does not fit the envelope", ErrMalformed, r.DetailType)
	}
	e.kind = r.DetailType
	if e.Hop > MaxHop {
		return e, fmt.Errorf("%w: %s is %d hops from its first event, more than %d: a loop", ErrMalformed, r.DetailType, e.Hop, MaxHop)
	}
	return e, nil
}

// DataOf decodes the data of an envelope whose type is D's.
func DataOf[D Event](e Envelope) (D, error) {
	var d D
	if e.kind != d.Type() || e.Version != d.Version() {
		return d, fmt.Errorf("%w: %s version %d is not %s version %d", ErrMalformed, e.kind, e.Version, d.Type(), d.Version())
	}
	if err := json.Unmarshal(e.Data, &d); err != nil {
		return d, fmt.Errorf("%w: the data of %s", ErrMalformed, d.Type())
	}
	return d, nil
}

// DecodeRequest reads a RequestReceived, strictly: an unknown field is a
// problem, and so is everything else that is wrong, all of it told at once.
// What an upstream system leaves out of the envelope is filled from the record:
// its id names the request, its account the tenant, its time the submission.
//
// The data is returned beside the envelope, which has none: it may be long. The
// envelope is usable even when there are problems: it is what RequestRejected is
// said about.
func DecodeRequest(r Record, tenants Tenants) (Envelope, RequestReceived, []Problem) {
	var said requestDetail
	e := Envelope{kind: RequestReceived{}.Type(), Version: RequestReceived{}.Version(), Attempt: 1}
	problems := strictly(r.Detail, &said)

	e.Tenant = said.Tenant
	if !r.Own() {
		tenant, problem := tenants.Of(r.Account, said.Tenant)
		e.Tenant = tenant
		if problem != nil {
			problems = append(problems, *problem)
		}
	}
	e.RequestID = said.RequestID
	if !ValidRequestID(e.RequestID) {
		e.RequestID = ID("request", r.Account, r.ID)
	}
	e.Subject = e.RequestID
	e.Time = orTime(said.Time, r.Time)
	e.Request = Request{Task: taskName(said.Data.Task), Submitted: e.Time}
	if r.Own() {
		e.Request = orRequest(said.Request, e.Request)
		e.Execution, e.Timeline = said.Execution, said.Timeline
		e.Hop, e.Attempt = said.Hop, max(said.Attempt, 1)
	} else {
		// Only ingest may say that a record belongs to an upload.
		if said.Data.Upload != nil {
			problems = append(problems, Problem{"/data/upload", CodeUnsupported, "only a file under uploads/ makes upload records"})
			said.Data.Upload = nil
		}
		e.Request.WantsMail = said.Data.Notify != nil && len(said.Data.Notify.Email) > 0
	}
	e.Request.Audit = said.Data.Audit
	e.CorrelationID = said.CorrelationID
	if e.CorrelationID == "" {
		e.CorrelationID = e.RequestID
	}
	e.CausationID = said.CausationID
	e.ID = ID(e.kind, e.Tenant, e.RequestID, fmt.Sprint(e.Attempt))
	return e, said.Data, problems
}

// requestDetail is what a RequestReceived may say of its envelope.
type requestDetail struct {
	ID            string          `json:"id"`
	Subject       string          `json:"subject"`
	RequestID     string          `json:"requestId"`
	Tenant        string          `json:"tenant"`
	CorrelationID string          `json:"correlationId"`
	CausationID   string          `json:"causationId"`
	Request       *Request        `json:"request"`
	Attempt       int             `json:"attempt"`
	Hop           int             `json:"hop"`
	Terminal      bool            `json:"terminal"`
	Outcome       Outcome         `json:"outcome"`
	Time          time.Time       `json:"time"`
	Version       int             `json:"version"`
	Execution     string          `json:"execution"`
	Timeline      []Step          `json:"timeline"`
	Data          RequestReceived `json:"data"`
}

// strictly validates the detail and decodes what is decodable of it.
func strictly(detail json.RawMessage, into *requestDetail) []Problem {
	validate := schemas.ValidateDecoded
	broken := json.Unmarshal(detail, into)
	if broken != nil {
		validate = schemas.ValidateEvent
	}
	found, err := validate(RequestReceived{}.Type(), RequestReceived{}.Version(), detail)
	if err != nil {
		return []Problem{{"", CodeNotJSON, "the detail is not a JSON object"}}
	}
	problems := ProblemsOf("", found)
	if broken == nil || len(problems) == 0 {
		return problems
	}
	// One field of a wrong type stops the decoder; the others are still wanted,
	// each for itself, to say whose request this is and what else is wrong.
	data := map[string]json.RawMessage{}
	each(detail, map[string]any{
		"requestId": &into.RequestID, "tenant": &into.Tenant, "correlationId": &into.CorrelationID,
		"request": &into.Request, "time": &into.Time, "data": &data, "attempt": &into.Attempt, "hop": &into.Hop,
	})
	into.Data = RequestReceived{}
	whole, _ := json.Marshal(data)
	each(whole, map[string]any{
		"task": &into.Data.Task, "input": &into.Data.Input, "params": &into.Data.Params, "notify": &into.Data.Notify,
		"deadline": &into.Data.Deadline, "audit": &into.Data.Audit, "upload": &into.Data.Upload,
	})
	return problems
}

// each decodes the fields of an object one by one, those that it can.
func each(object []byte, fields map[string]any) {
	var raw map[string]json.RawMessage
	if json.Unmarshal(object, &raw) != nil {
		return
	}
	for name, to := range fields {
		if value, said := raw[name]; said && !bytes.Equal(value, []byte("null")) {
			_ = json.Unmarshal(value, to)
		}
	}
}

// ProblemsOf turns what a schema found into problems, with their fields below
// the given JSON pointer.
func ProblemsOf(below string, found []schemas.Problem) []Problem {
	problems := make([]Problem, 0, len(found))
	for _, p := range found {
		problems = append(problems, Problem{Field: below + p.Path, Code: p.Keyword, Message: p.Message})
	}
	return problems
}

// ValidRequestID tells whether an id is [A-Za-z0-9_-]{1,64}.
func ValidRequestID(id string) bool {
	if len(id) == 0 || len(id) > 64 {
		return false
	}
	return strings.IndexFunc(id, func(c rune) bool {
		return !(c == '-' || c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z')
	}) < 0
}

// taskName keeps a task's name out of later events unless it looks like one:
// later events carry no text of others.
func taskName(name string) string {
	if len(name) > 64 || !ValidRequestID(name) {
		return "unknown"
	}
	return name
}

func orTime(t, otherwise time.Time) time.Time {
	if t.IsZero() {
		return otherwise.UTC()
	}
	return t.UTC()
}

func orRequest(said *Request, otherwise Request) Request {
	if said == nil {
		return otherwise
	}
	return *said
}
