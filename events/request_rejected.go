package events

// RequestRejected: the request can never be answered, and why. Said once, by
// the first function that reads it: ingest for a bad record of a file, analyze
// for anything else. Terminal.
type RequestRejected struct {
	// Reasons lists everything that is wrong, not only the first thing.
	Reasons []Problem `json:"reasons"`
	// ConflictsWith is the request that already has the id this one asked for,
	// with other content. That request is not disturbed.
	ConflictsWith string `json:"conflictsWith,omitempty"`
	// File is the key of the upload that holds the record, if it came in one.
	File string `json:"file,omitempty"`
	// Line is the line of the file on which the record begins, from 1; 0 where
	// lines mean nothing.
	Line int `json:"line,omitempty"`
}

// Problem is one thing that is wrong with a request. It never quotes the
// request's text.
type Problem struct {
	// Field is a JSON pointer into the detail or the record, "" for the whole.
	Field string `json:"field"`
	// Code is a short fixed word for programs: see the Code constants and the
	// keywords of JSON Schema.
	Code string `json:"code"`
	// Message is one sentence for people.
	Message string `json:"message"`
}

// Codes of problems that are not a JSON Schema keyword.
const (
	CodeNotJSON       = "notJSON"
	CodeEncoding      = "encoding"
	CodeTooLarge      = "tooLarge"
	CodeEmpty         = "empty"
	CodeUnknownTask   = "unknownTask"
	CodeParams        = "params"
	CodeConflict      = "conflict"
	CodeReference     = "reference"
	CodeTenant        = "tenant"
	CodeMalformedRow  = "malformedRow"
	CodeNoText        = "noText"
	CodeDamagedFile   = "damagedFile"
	CodeUnsupported   = "unsupported"
	CodeBadDefinition = "definition"
	CodeBudget        = "budget"
)

// Type implements [Event].
func (RequestRejected) Type() string { return "RequestRejected" }

// Version implements [Event].
func (RequestRejected) Version() int { return 1 }
