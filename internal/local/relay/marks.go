package relay

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"sluice/internal/local/disk"
)

const (
	// bucketSent has a mark for every mail, by its id.
	bucketSent = "relay/sent"
	// bucketWaiting has the ids of the mails that the server put off.
	bucketWaiting = "relay/waiting"
	// bucketState has under keyAfter the id behind which there may be mails to
	// relay.
	bucketState = "relay/state"
)

var keyAfter = []byte("after")

// What became of a recipient.
const (
	sent    = "sent"    // the server took it
	refused = "refused" // for good
	kept    = "kept"    // it was not for a real mail server
)

// mark says how far a mail is.
type mark struct {
	// Recipients says what became of each that is done with.
	Recipients map[string]string `json:"recipients"`
	// Done is when the last of them was, zero before.
	Done time.Time `json:"done,omitzero"`
}

// marks are kept on disk only: they are read one at a time and written once.
type marks struct{ store disk.Store }

func (m marks) read(id string) (mark, error) {
	k := mark{Recipients: map[string]string{}}
	value, found, err := m.store.Get(bucketSent, []byte(id))
	if err != nil {
		return k, fmt.Errorf("relay: read the mark of mail %s: %w", id, err)
	}
	if !found {
		return k, nil
	}
	if err := json.Unmarshal(value, &k); err != nil {
		return k, fmt.Errorf("relay: read the mark of mail %s: %w", id, err)
	}
	return k, nil
}

// write returns when the mark is durable. A mail that is done with waits no
// longer.
func (m marks) write(ctx context.Context, id string, k mark) error {
	value, err := json.Marshal(k)
	if err != nil {
		return fmt.Errorf("relay: mark of mail %s: %w", id, err)
	}
	changes := []disk.Change{{Bucket: bucketSent, Key: []byte(id), Value: value}}
	if !k.Done.IsZero() {
		changes = append(changes, disk.Change{Bucket: bucketWaiting, Key: []byte(id)})
	}
	if err := m.store.Enqueue(changes...).Wait(ctx); err != nil {
		return fmt.Errorf("relay: keep the mark of mail %s: %w", id, err)
	}
	return nil
}

// wait writes down that a mail was put off.
func (m marks) wait(ctx context.Context, id string) error {
	if err := m.store.Enqueue(disk.Change{Bucket: bucketWaiting, Key: []byte(id), Value: []byte{}}).Wait(ctx); err != nil {
		return fmt.Errorf("relay: put mail %s off: %w", id, err)
	}
	return nil
}

// waiting calls fn for every mail that was put off.
func (m marks) waiting(fn func(id string)) error {
	err := m.store.Scan(bucketWaiting, nil, func(key, _ []byte) error {
		fn(string(key))
		return nil
	})
	if err != nil {
		return fmt.Errorf("relay: read what was put off: %w", err)
	}
	return nil
}

// after is the id behind which there may be mails to relay; false if there never
// was a relay.
func (m marks) after() (string, bool, error) {
	value, found, err := m.store.Get(bucketState, keyAfter)
	if err != nil {
		return "", false, fmt.Errorf("relay: read where it stands: %w", err)
	}
	return string(value), found, nil
}

func (m marks) setAfter(ctx context.Context, id string) error {
	if err := m.store.Enqueue(disk.Change{Bucket: bucketState, Key: keyAfter, Value: []byte(id)}).Wait(ctx); err != nil {
		return fmt.Errorf("relay: keep where it stands: %w", err)
	}
	return nil
}
