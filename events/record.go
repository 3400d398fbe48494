package events

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Record is an event as EventBridge delivers it to a target
// (https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html).
type Record struct {
	ID         string          `json:"id"`
	Source     string          `json:"source"`
	DetailType string          `json:"detail-type"`
	Account    string          `json:"account"`
	Region     string          `json:"region"`
	Time       time.Time       `json:"time"`
	Resources  []string        `json:"resources"`
	Detail     json.RawMessage `json:"detail"`
}

// ErrNotAnEvent is wrapped by the error of [ParseRecord] for a body that is not
// an EventBridge event. Trying again does not help.
var ErrNotAnEvent = errors.New("not an EventBridge event")

// ParseRecord reads the body of a queue message that a rule put there.
func ParseRecord(body []byte) (Record, error) {
	var r Record
	if err := json.Unmarshal(body, &r); err != nil {
		// The decoder's error may quote the body, which may hold somebody's text.
		return Record{}, fmt.Errorf("%w: the message body is not the JSON of one", ErrNotAnEvent)
	}
	if r.DetailType == "" || r.Source == "" || len(r.Detail) == 0 {
		return Record{}, fmt.Errorf("%w: source, detail-type or detail is missing", ErrNotAnEvent)
	}
	return r, nil
}

// RecordOf is the record of an event that a function of ours said, as a rule
// would deliver it. Account and region are where it was said.
func RecordOf(function, account, region string, e Envelope) (Record, error) {
	detail, err := json.Marshal(e)
	if err != nil {
		return Record{}, fmt.Errorf("encode %s: %w", e.Type(), err)
	}
	return Record{ID: e.ID, Source: SourcePrefix + function, DetailType: e.Type(), Account: account, Region: region, Time: e.Time,
		Resources: []string{}, Detail: detail}, nil
}

// SourcePrefix begins the source of every event that a function of ours says;
// the function's name follows. The bus policy keeps others from using it.
const SourcePrefix = "sluice."

// Own tells whether one of our functions said the record.
func (r Record) Own() bool { return strings.HasPrefix(r.Source, SourcePrefix) }
