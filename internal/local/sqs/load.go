package sqs

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"

	"sluice/internal/local/disk"
)

// load builds the indexes from the disk. What belongs to no queue any more is
// removed.
func (s *State) load() error {
	byID := map[uint64]*queue{}
	err := s.store.Scan(bucketQueues, nil, func(key, value []byte) error {
		var d definition
		if err := json.Unmarshal(value, &d); err != nil {
			return fmt.Errorf("sqs: queue %s on disk: %w", key, err)
		}
		q := newQueue(d.ID, d.Name, s.ARN(d.Name))
		if d.Attributes != nil {
			q.attributes = d.Attributes
		}
		if d.Tags != nil {
			q.tags = d.Tags
		}
		q.created, q.modified = d.Created, d.Modified
		q.configure()
		s.queues[q.name], byID[q.id] = q, q
		s.last = max(s.last, q.id)
		return nil
	})
	if err != nil {
		return err
	}
	if err := s.loadMessages(byID); err != nil {
		return err
	}
	if err := s.loadRepeats(byID); err != nil {
		return err
	}
	return s.loadMoves()
}

func (s *State) loadMessages(byID map[uint64]*queue) error {
	var orphans []disk.Change
	arrivals := map[*queue][]*message{}
	err := s.store.Scan(bucketMessages, nil, func(key, value []byte) error {
		m, queueID, err := parseMessage(key, value)
		if err != nil {
			return fmt.Errorf("message %x: %w", key, err)
		}
		s.last = max(s.last, m.number, m.order)
		q := byID[queueID]
		if q == nil {
			orphans = append(orphans,
				disk.Change{Bucket: bucketMessages, Key: numberKey(m.number)}, disk.Change{Bucket: bucketBodies, Key: numberKey(m.number)})
			return nil
		}
		s.messages[m.number] = m
		arrivals[q] = append(arrivals[q], m)
		return nil
	})
	if err != nil {
		return err
	}
	now := s.now().UnixNano()
	for q, messages := range arrivals {
		slices.SortFunc(messages, func(a, b *message) int { return cmp.Compare(a.order, b.order) })
		for _, m := range messages {
			q.enter(m, now)
		}
	}
	s.commit(orphans)
	return nil
}

// repeats remembers what a FIFO queue was sent in the last five minutes.
type repeats struct {
	byKey map[string]repeat
	order ring[string] // oldest first
}

type repeat struct {
	id      [16]byte
	number  uint64
	expires int64
}

// find gives the earlier sending with the same key, after forgetting those whose
// time is over; it says what the disk must forget.
func (r *repeats) find(q *queue, key string, now int64) (earlier repeat, found bool, changes []disk.Change) {
	for r.order.len() > 0 {
		oldest := r.order.items[r.order.head]
		if r.byKey[oldest].expires > now {
			break
		}
		r.order.pop()
		delete(r.byKey, oldest)
		changes = append(changes, disk.Change{Bucket: bucketRepeats, Key: repeatKey(q.id, oldest)})
	}
	earlier, found = r.byKey[key]
	return earlier, found, changes
}

func (r *repeats) add(key string, sent repeat) {
	if r.byKey == nil {
		r.byKey = map[string]repeat{}
	}
	r.byKey[key] = sent
	r.order.push(key)
}

func (r repeat) record(q *queue, key string) disk.Change {
	var p pen
	p.begin(64)
	p.id(r.id)
	p.number(r.number)
	p.moment(r.expires)
	return disk.Change{Bucket: bucketRepeats, Key: repeatKey(q.id, key), Value: p}
}

func repeatKey(queueID uint64, key string) []byte { return append(numberKey(queueID), key...) }

func (s *State) loadRepeats(byID map[uint64]*queue) error {
	type entry struct {
		key string
		repeat
	}
	found := map[*queue][]entry{}
	var orphans []disk.Change
	err := s.store.Scan(bucketRepeats, nil, func(key, value []byte) error {
		if len(key) < 8 {
			return errRecord
		}
		r := &reader{rest: value}
		r.begin()
		e := entry{key: string(key[8:]), repeat: repeat{id: r.id(), number: r.number(), expires: r.moment()}}
		if err := r.end(); err != nil {
			return err
		}
		s.last = max(s.last, e.number)
		q := byID[binary.BigEndian.Uint64(key)]
		if q == nil {
			orphans = append(orphans, disk.Change{Bucket: bucketRepeats, Key: slices.Clone(key)})
			return nil
		}
		found[q] = append(found[q], e)
		return nil
	})
	if err != nil {
		return err
	}
	for q, entries := range found {
		slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(a.expires, b.expires) })
		for _, e := range entries {
			q.repeats.add(e.key, e.repeat)
		}
	}
	s.commit(orphans)
	return nil
}
