package pack

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// ErrNotFramed says that what the model said is not an answer in the frame at all.
var ErrNotFramed = errors.New("the answer is not in the frame")

// Mismatch says that the ids that came back are not the ones that were sent.
type Mismatch struct {
	// Missing and Twice are positions of records, from 0.
	Missing []int
	Twice   []int
	// Unknown counts answers to ids that were not sent.
	Unknown int
	// Disordered: the answers do not come in the order of their records, so ids
	// may have been swapped.
	Disordered bool
}

// Error counts what does not match.
func (m *Mismatch) Error() string {
	order := ""
	if m.Disordered {
		order = ", in another order"
	}
	return fmt.Sprintf("the answer's ids do not match: %d missing, %d twice, %d unknown%s", len(m.Missing), len(m.Twice), m.Unknown, order)
}

// OnlyMissing tells that what did come can be trusted: every id is one that was
// sent, none came twice, and they are in the order of their records.
func (m *Mismatch) OnlyMissing() bool {
	return len(m.Twice) == 0 && m.Unknown == 0 && !m.Disordered
}

// Unframe gives each record's answer, in the order of the records. The error is ErrNotFramed (wrapped) or a [*Mismatch];
// if that says OnlyMissing, the answers that came are given beside it, nil for
// the missing. Otherwise nothing is given. Nothing in an error quotes the answer.
func (c Call) Unframe(said []byte) ([]json.RawMessage, error) {
	answers, err := readAnswers(said)
	if err != nil {
		return nil, err
	}
	position := make(map[string]int, len(c.ids))
	for i, id := range c.ids {
		position[id] = i
	}
	found := make([]json.RawMessage, len(c.ids))
	var mismatch Mismatch
	last := -1
	for _, a := range answers {
		i, sent := position[a.id]
		switch {
		case !sent:
			mismatch.Unknown++
		case found[i] != nil:
			mismatch.Twice = append(mismatch.Twice, i)
		default:
			mismatch.Disordered = mismatch.Disordered || i < last
			found[i], last = a.answer, i
		}
	}
	for i := range found {
		if found[i] == nil {
			mismatch.Missing = append(mismatch.Missing, i)
		}
	}
	switch {
	case !mismatch.OnlyMissing():
		return nil, &mismatch
	case len(mismatch.Missing) > 0:
		return found, &mismatch
	}
	return found, nil
}

type answered struct {
	id     string
	answer json.RawMessage
}

// readAnswers reads the frame, strictly: one document, no other members, none
// twice (readers differ in which one they take).
func readAnswers(said []byte) ([]answered, error) {
	decoder := json.NewDecoder(bytes.NewReader(said))
	frame, err := members(decoder, "answers")
	if err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: something follows it", ErrNotFramed)
	}
	inner := json.NewDecoder(bytes.NewReader(frame["answers"]))
	if token, err := inner.Token(); err != nil || token != json.Delim('[') {
		return nil, fmt.Errorf("%w: answers is not a list", ErrNotFramed)
	}
	var answers []answered
	for inner.More() {
		fields, err := members(inner, "id", "answer")
		if err != nil {
			return nil, err
		}
		var id string
		if json.Unmarshal(fields["id"], &id) != nil {
			return nil, fmt.Errorf("%w: an id is not a string", ErrNotFramed)
		}
		answers = append(answers, answered{id, fields["answer"]})
	}
	return answers, nil
}

// members reads one object that has exactly the given members.
func members(decoder *json.Decoder, names ...string) (map[string]json.RawMessage, error) {
	wrong := fmt.Errorf("%w: an object does not have exactly its members", ErrNotFramed)
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return nil, wrong
	}
	found := make(map[string]json.RawMessage, len(names))
	for decoder.More() {
		token, err := decoder.Token()
		name, isName := token.(string)
		var value json.RawMessage
		if err != nil || !isName || decoder.Decode(&value) != nil {
			return nil, wrong
		}
		if _, twice := found[name]; twice {
			return nil, wrong
		}
		found[name] = value
	}
	if token, err := decoder.Token(); err != nil || token != json.Delim('}') || len(found) != len(names) {
		return nil, wrong
	}
	for _, name := range names {
		if _, has := found[name]; !has {
			return nil, wrong
		}
	}
	return found, nil
}
