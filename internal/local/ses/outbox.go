package ses

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"sluice/internal/local/disk"
)

const bucketOutbox = "ses/outbox"

// Message ids look like SES's: 16 hexadecimal digits, here an epoch of our own
// and the place in the outbox; a random part; six zeros.
const (
	idEpoch  = uint64(0x0100) << 48
	idSuffix = "-000000"
)

func newID(sequence uint64) string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	h := hex.EncodeToString(b[:])
	return fmt.Sprintf("%016x-%s-%s-%s-%s-%s%s", idEpoch|sequence, h[:8], h[8:12], h[12:16], h[16:20], h[20:], idSuffix)
}

func sequenceOf(id string) (uint64, bool) {
	head, _, _ := strings.Cut(id, "-")
	n, err := strconv.ParseUint(head, 16, 64)
	return n &^ idEpoch, err == nil && n&idEpoch == idEpoch
}

func outboxKey(sequence uint64) []byte { return binary.BigEndian.AppendUint64(nil, sequence) }

func (s *State) loadOutbox() error {
	err := s.store.Scan(bucketOutbox, nil, func(key, _ []byte) error {
		if len(key) != 8 {
			return fmt.Errorf("record %x: not a place in the outbox", key)
		}
		s.last = max(s.last, binary.BigEndian.Uint64(key))
		return nil
	})
	if err != nil {
		return fmt.Errorf("load %s: %w", bucketOutbox, err)
	}
	return nil
}

// nextID takes the next place in the outbox.
func (s *State) nextID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	return newID(s.last)
}

// keep writes a mail to the outbox and returns when it is durable.
func (s *State) keep(ctx context.Context, m *Mail) error {
	ticket, err := s.enqueue(m)
	if err != nil {
		return err
	}
	return durable(ctx, ticket)
}

func (s *State) enqueue(m *Mail) (disk.Ticket, error) {
	sequence, _ := sequenceOf(m.ID)
	value, err := json.Marshal(m)
	if err != nil {
		return disk.Ticket{}, internal("the mail cannot be written: %s", err)
	}
	return s.store.Enqueue(disk.Change{Bucket: bucketOutbox, Key: outboxKey(sequence), Value: value}), nil
}

// Mail reads a mail from the outbox by its message id, with or without angle
// brackets and domain. Error: NotFoundException.
func (s *State) Mail(id string) (*Mail, error) {
	id, _, _ = strings.Cut(strings.Trim(id, "<>"), "@")
	sequence, ok := sequenceOf(id)
	if ok {
		m, err := s.read(sequence)
		if err != nil {
			return nil, err
		}
		if m != nil && m.ID == id {
			return m, nil
		}
	}
	return nil, notFound("The message %s does not exist.", id)
}

func (s *State) read(sequence uint64) (*Mail, error) {
	value, found, err := s.store.Get(bucketOutbox, outboxKey(sequence))
	if err != nil {
		return nil, fmt.Errorf("ses: read mail %d: %w", sequence, err)
	}
	if !found {
		return nil, nil
	}
	m := &Mail{}
	if err := json.Unmarshal(value, m); err != nil {
		return nil, fmt.Errorf("ses: read mail %d: %w", sequence, err)
	}
	return m, nil
}

// Filter chooses mails of the outbox. Zero fields choose all.
type Filter struct {
	To      string            // an address among the recipients, in any case
	Subject string            // a part of the subject
	Tags    map[string]string // all of these
	Since   time.Time         // sent at this time or later
	Limit   int               // at most so many, the newest; 0: all
}

func (f Filter) takes(m *Mail) bool {
	if !strings.Contains(m.Subject, f.Subject) || m.Time.Before(f.Since) {
		return false
	}
	for name, value := range f.Tags {
		if m.Tags[name] != value {
			return false
		}
	}
	if f.To == "" {
		return true
	}
	for _, a := range m.recipients() {
		if strings.EqualFold(a.Email, f.To) {
			return true
		}
	}
	return false
}

// Outbox reads the mails that a filter takes, the newest first. It reads no
// further than it must. The error is the store's or the context's.
func (s *State) Outbox(ctx context.Context, f Filter) ([]*Mail, error) {
	var list []*Mail
	for sequence := s.newest(); sequence > 0 && (f.Limit == 0 || len(list) < f.Limit); sequence-- {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		m, err := s.read(sequence)
		if err != nil {
			return nil, err
		}
		if m == nil {
			continue // never came to be: its call failed
		}
		if m.Time.Before(f.Since) {
			break
		}
		if f.takes(m) {
			list = append(list, m)
		}
	}
	return list, nil
}

func (s *State) newest() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

// sentSince counts the mails since a time. Places in the outbox are taken in
// the order of time, so the first of them is found by halving.
func (s *State) sentSince(since time.Time) (int, error) {
	low, high := uint64(1), s.newest()+1
	for last := high; low < high; {
		middle := low + (high-low)/2
		m, at, err := s.readFrom(middle, last)
		switch {
		case err != nil:
			return 0, err
		case m == nil || !m.Time.Before(since):
			high = middle
		default:
			low = at + 1
		}
	}
	return int(s.newest() + 1 - low), nil
}

// readFrom reads the first mail at a place or behind it, before the end.
func (s *State) readFrom(sequence, end uint64) (*Mail, uint64, error) {
	for ; sequence < end; sequence++ {
		m, err := s.read(sequence)
		if m != nil || err != nil {
			return m, sequence, err
		}
	}
	return nil, end, nil
}
