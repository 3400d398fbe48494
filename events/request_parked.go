package events

// RequestParked: the request needs a person. Said by park for every message
// that reached a dead-letter queue, whether a function gave up on it, crashed
// over it, or EventBridge could not deliver it. Terminal for this attempt.
type RequestParked struct {
	// Cause is one sentence; it quotes nothing of the request.
	Cause string `json:"cause"`
	// Class is the fault's class, "crash" where none was told.
	Class string `json:"class"`
	// Queue is the dead-letter queue it lay in.
	Queue string `json:"queue"`
	// Key is the object under parked/ that holds the whole message.
	Key string `json:"key"`
	// Event is the detail-type that could not be handled, "" if it was no event.
	Event string `json:"event,omitempty"`
}

// Type implements [Event].
func (RequestParked) Type() string { return "RequestParked" }

// Version implements [Event].
func (RequestParked) Version() int { return 1 }
