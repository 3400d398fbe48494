package sqs

import (
	"encoding/binary"
	"errors"

	"sluice/internal/local/disk"
)

// The buckets on disk. A message is two values under its number: what changes
// with every receive (small), and what never changes (its content).
const (
	bucketQueues   = "sqs.queues"
	bucketMessages = "sqs.messages"
	bucketBodies   = "sqs.bodies"
	bucketRepeats  = "sqs.repeats"
	bucketMoves    = "sqs.moves"
)

const recordVersion = 1

var errRecord = errors.New("sqs: a record on disk has another shape than this program writes")

func numberKey(number uint64) []byte { return binary.BigEndian.AppendUint64(nil, number) }

// A pen writes the fields of a record one after the other; a reader reads them
// in the same order and remembers the first failure.
type pen []byte

func (p *pen) number(n uint64)    { *p = binary.AppendUvarint(*p, n) }
func (p *pen) moment(n int64)     { *p = binary.AppendVarint(*p, n) }
func (p *pen) text(s string)      { p.number(uint64(len(s))); *p = append(*p, s...) }
func (p *pen) id(id [16]byte)     { *p = append(*p, id[:]...) }
func (p *pen) begin(capacity int) { *p = append(make([]byte, 0, capacity), recordVersion) }

type reader struct {
	rest []byte
	err  error
}

func (r *reader) begin() {
	if len(r.rest) == 0 || r.rest[0] != recordVersion {
		r.fail()
		return
	}
	r.rest = r.rest[1:]
}

func (r *reader) fail() { r.rest, r.err = nil, errRecord }

func (r *reader) number() uint64 {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 {
		r.fail()
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

func (r *reader) moment() int64 {
	n, size := binary.Varint(r.rest)
	if size <= 0 {
		r.fail()
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

func (r *reader) bytes(n uint64) []byte {
	if n > uint64(len(r.rest)) {
		r.fail()
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) text() string { return string(r.bytes(r.number())) }

func (r *reader) id() (id [16]byte) {
	copy(id[:], r.bytes(16))
	return id
}

// end is the first failure, or that something is left over.
func (r *reader) end() error {
	if r.err == nil && len(r.rest) > 0 {
		r.fail()
	}
	return r.err
}

// record is the changing half of a message.
func (m *message) record() disk.Change {
	var p pen
	p.begin(128)
	p.number(m.queue.id)
	p.number(m.order)
	p.id(m.id)
	p.number(uint64(m.size))
	p.moment(m.sent)
	p.moment(m.visibleAt)
	p.moment(m.receivedAt)
	p.moment(m.firstAt)
	p.number(uint64(m.receives))
	p.number(uint64(m.before))
	p.text(m.holder)
	p.text(m.group)
	p.text(m.source)
	return disk.Change{Bucket: bucketMessages, Key: numberKey(m.number), Value: p}
}

func parseMessage(key, value []byte) (m *message, queueID uint64, err error) {
	if len(key) != 8 {
		return nil, 0, errRecord
	}
	r := &reader{rest: value}
	r.begin()
	m = &message{number: binary.BigEndian.Uint64(key)}
	queueID = r.number()
	m.order = r.number()
	m.id = r.id()
	m.size = int32(r.number())
	m.sent = r.moment()
	m.visibleAt = r.moment()
	m.receivedAt = r.moment()
	m.firstAt = r.moment()
	m.receives = uint32(r.number())
	m.before = uint32(r.number())
	m.holder = r.text()
	m.group = r.text()
	m.source = r.text()
	return m, queueID, r.end()
}

// content is the half of a message that never changes.
type content struct {
	Body            string
	BodyMD5         [16]byte
	Attributes      map[string]Attribute
	TraceHeader     string
	Sender          string
	DeduplicationID string
}

func (c content) encode() []byte {
	var p pen
	size := len(c.Body) + len(c.TraceHeader) + len(c.Sender) + 256
	p.begin(size)
	p.id(c.BodyMD5)
	p.text(c.TraceHeader)
	p.text(c.Sender)
	p.text(c.DeduplicationID)
	p.number(uint64(len(c.Attributes)))
	for name, a := range c.Attributes {
		p.text(name)
		p.text(a.DataType)
		if a.binary() {
			p.text(string(a.BinaryValue))
		} else {
			p.text(*a.StringValue)
		}
	}
	p.text(c.Body)
	return p
}

func parseContent(value []byte) (content, error) {
	r := &reader{rest: value}
	r.begin()
	c := content{BodyMD5: r.id(), TraceHeader: r.text(), Sender: r.text(), DeduplicationID: r.text()}
	count := r.number()
	for range count {
		if r.err != nil {
			break
		}
		name, a := r.text(), Attribute{DataType: r.text()}
		if text := r.text(); a.binary() {
			a.BinaryValue = []byte(text)
		} else {
			a.StringValue = &text
		}
		if c.Attributes == nil {
			c.Attributes = map[string]Attribute{}
		}
		c.Attributes[name] = a
	}
	c.Body = r.text()
	return c, r.end()
}
