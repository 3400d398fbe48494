package requests

import (
	"bytes"
	"encoding/json"
	"time"

	"sluice/events"
)

// State is how far a single request has come.
type State string

// The states of a request, in the order of the flow. What comes later replaces
// what comes earlier, never the other way round; see [State.Before].
const (
	Received State = "received" // admitted, no answer yet
	Parked   State = "parked"   // kept for a person; a redrive may still end it
	Rejected State = "rejected" // can never be answered
	Failed   State = "failed"   // the model could not answer it
	Skipped  State = "skipped"  // not answered, as nobody may be mailed
	Stored   State = "stored"   // the result is durable
	Notified State = "notified" // and every recipient has an outcome
)

var order = map[State]int{"": 0, Received: 1, Parked: 2, Skipped: 3, Rejected: 4, Failed: 5, Stored: 6, Notified: 7}

// Before tells whether s gives way to the other state.
func (s State) Before(other State) bool { return order[s] < order[other] }

// Status is what is known of a single request (upload records have none).
type Status struct {
	RequestID     string `json:"requestId"`
	Tenant        string `json:"tenant"`
	Task          string `json:"task"`
	CorrelationID string `json:"correlationId"`
	// Fingerprint is [Fingerprint] of what was asked. It is "" for a request that
	// was rejected or parked before anybody admitted it.
	Fingerprint string    `json:"fingerprint,omitempty"`
	Submitted   time.Time `json:"submitted"`
	// Notify holds the addresses to mail. They are here and in RequestReceived
	// and nowhere else.
	Notify []string `json:"notify,omitempty"`

	State State `json:"state"`
	// Outcome is set once the request is terminal for its attempt.
	Outcome events.Outcome `json:"outcome,omitempty"`
	// Attempt is that of the newest event, from 1.
	Attempt int `json:"attempt"`
	// Reasons say why there is no answer: all problems of a rejected request, one
	// with the class as its code for a failed or parked one.
	Reasons       []events.Problem `json:"reasons,omitempty"`
	ConflictsWith string           `json:"conflictsWith,omitempty"`
	// Result is the key of the result under results/, Answer that of the kept
	// answer, Parked that of the message under parked/.
	Result string `json:"result,omitempty"`
	Answer string `json:"answer,omitempty"`
	Parked string `json:"parked,omitempty"`
	// Spend is nil until the model was asked.
	Spend *events.Spend `json:"spend,omitempty"`
	// Mail is each recipient's outcome, by hash; MailSkipped says why nobody was
	// mailed.
	Mail        []events.Recipient `json:"mail,omitempty"`
	MailSkipped string             `json:"mailSkipped,omitempty"`
	// Deliveries are what became of the mails after they were sent, where a workflow
	// waits for that.
	Deliveries []Delivery    `json:"deliveries,omitempty"`
	Timeline   []events.Step `json:"timeline,omitempty"`
	// Skip is how the request ends instead of being answered; nil if it is to be
	// answered. It is decided once, when the request is admitted: whatever becomes of
	// its recipients later, it has one end.
	Skip *events.NotificationSkipped `json:"skip,omitempty"`
	// Audit says who keeps the history, where the request asked for one; Execution is
	// the ARN of the workflow's execution.
	Audit     events.Audit `json:"audit,omitempty"`
	Execution string       `json:"execution,omitempty"`

	// Hold is who answers the request right away, before anybody else is asked to. It
	// is nil once RequestReceived was said.
	Hold *Hold `json:"hold,omitempty"`

	Updated time.Time `json:"updated"`
	// Generation counts the writes and Nonce is new in each of them: an ETag is a
	// checksum of the body, so no two bodies may be alike.
	Generation int    `json:"generation"`
	Nonce      string `json:"nonce"`
}

// Hold keeps a request for the one invocation of the API that answers it while
// somebody waits. After Until that invocation is over, and its request anybody's.
type Hold struct {
	By    string    `json:"by"`
	Until time.Time `json:"until"`
}

// Admitted tells whether somebody let the request in, or it has an end without that:
// one that was only parked waits for it still.
func (s Status) Admitted() bool {
	return s.Fingerprint != "" || s.Terminal() && s.Outcome != events.Parked
}

// Terminal tells whether the request has ended, for its attempt.
func (s Status) Terminal() bool { return s.Outcome != "" }

// Key is the key of a request's status. A tenant or id that is not of our form
// is replaced by its hash, so that no name can leave the folder.
func Key(tenant, id string) string {
	if !events.ValidTenant(tenant) {
		tenant = "x" + events.ID("tenant", tenant)
	}
	if !events.ValidRequestID(id) {
		id = "x" + events.ID("request", id)
	}
	return "requests/" + tenant + "/" + id + ".json"
}

// Fingerprint names what a request asks for: the same id with another
// fingerprint is another request. White space and the order of keys in the
// parameters do not count, nor do the recipients' order and the upload.
func Fingerprint(asked events.RequestReceived) string {
	parts := []string{asked.Task, asked.Input.Text, asked.Input.Ref, canonical(asked.Params)}
	if asked.Deadline != nil {
		parts = append(parts, asked.Deadline.UTC().Format(time.RFC3339Nano))
	}
	if asked.Audit {
		parts = append(parts, "audit")
	}
	if asked.Notify != nil {
		parts = append(parts, "notify")
		parts = append(parts, hashes(asked.Notify.Email)...)
		if asked.Notify.AnswerAnyway {
			parts = append(parts, "answerAnyway")
		}
	}
	return events.ID(parts...)
}

// canonical is the JSON with sorted keys and no white space; numbers keep the
// digits they were written with.
func canonical(raw json.RawMessage) string {
	if len(raw) == 0 {
		return ""
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value any
	if decoder.Decode(&value) != nil {
		return string(raw)
	}
	sorted, err := json.Marshal(value)
	if err != nil {
		return string(raw)
	}
	return string(sorted)
}
