package events

import (
	"encoding/json"
	"time"
)

// RequestReceived: somebody wants an answer. Said by upstream systems, by api
// for them, and by ingest for every good record of an upload. It is the only event that carries
// text and addresses.
type RequestReceived struct {
	// Task names a built-in task or a file under tasks/.
	Task  string `json:"task"`
	Input Input  `json:"input"`
	// Params are the task's parameters; the task's own schema judges them.
	Params json.RawMessage `json:"params,omitempty"`
	Notify *Notify         `json:"notify,omitempty"`
	// Deadline is when the answer is wanted; it picks the lane.
	Deadline *time.Time `json:"deadline,omitempty"`
	// Audit asks for the workflow with its execution history.
	Audit  bool          `json:"audit,omitempty"`
	Upload *UploadRecord `json:"upload,omitempty"`
}

// Input is what the model is asked about: exactly one of Text and Ref.
type Input struct {
	// Text is UTF-8, at most [MaxInputBytes].
	Text string `json:"text,omitempty"`
	// Ref is the key of an object under payloads/<tenant>/ that holds the text.
	Ref string `json:"ref,omitempty"`
}

// MaxInputBytes is the largest input that is answered; what is larger is
// rejected.
const MaxInputBytes = 400 << 10

// Notify says who is mailed about the request.
type Notify struct {
	// Email holds 1 to 50 addresses.
	Email []string `json:"email"`
	// AnswerAnyway: the answer is wanted even if nobody may be mailed. Else a request
	// whose every recipient is suppressed, or of a domain that is not allowed, ends as
	// [NotificationSkipped], unasked.
	AnswerAnyway bool `json:"answerAnyway,omitempty"`
}

// Type implements [Event].
func (RequestReceived) Type() string { return "RequestReceived" }

// Version implements [Event].
func (RequestReceived) Version() int { return 1 }
