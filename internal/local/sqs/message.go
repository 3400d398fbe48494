package sqs

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strings"

	"sluice/internal/local/service"
)

// condition is where a message stands in its queue.
type condition uint8

const (
	removed  condition = iota // deleted, expired, or moved to another queue
	delayed                   // sent, and not visible yet
	visible                   // on the shelf
	inFlight                  // received, and neither deleted nor visible again
)

// message is what memory keeps of one message. Moments are Unix nanoseconds.
type message struct {
	number uint64 // its key on disk, for good
	order  uint64 // its place among the messages of its queue
	id     [16]byte
	queue  *queue // nil once removed
	size   int32  // bytes of body and attributes

	condition  condition
	sent       int64
	visibleAt  int64
	receivedAt int64 // last receive
	firstAt    int64 // first receive
	receives   uint32
	before     uint32 // receives in other queues, which do not count for redrive

	holder string // access key of the last receive, until somebody defers the message
	group  string
	source string // ARN of the queue that it was dead-lettered from

	later, age int    // places in the queue's timelines
	visit      uint32 // how often it was put on a shelf
	lined      bool   // stands in its FIFO line
}

func (m *message) messageID() string { return service.FormatID(m.id) }

// sequenceNumber is that of FIFO queues: 20 digits that grow.
func (m *message) sequenceNumber() string { return fmt.Sprintf("%020d", m.number) }

// A receipt handle tells the message and the receive that it was given out for.
// It ends with a checksum, so that a mistyped one is told apart from an old one.
type receipt struct {
	number  uint64
	id      [8]byte // of the message's id: numbers may begin anew after a restart
	receive uint32
	queue   uint64
}

const (
	receiptPrefix = "AQEB"
	receiptSize   = 8 + 8 + 4 + 8
)

func (m *message) receipt() string {
	raw := make([]byte, 0, receiptSize+crc32.Size)
	raw = binary.BigEndian.AppendUint64(raw, m.number)
	raw = append(raw, m.id[:8]...)
	raw = binary.BigEndian.AppendUint32(raw, m.receives)
	raw = binary.BigEndian.AppendUint64(raw, m.queue.id)
	raw = binary.BigEndian.AppendUint32(raw, crc32.ChecksumIEEE(raw))
	return receiptPrefix + base64.StdEncoding.EncodeToString(raw)
}

func parseReceipt(handle string) (receipt, *Error) {
	encoded, ok := strings.CutPrefix(handle, receiptPrefix)
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil || len(raw) != receiptSize+crc32.Size {
		return receipt{}, errHandle(handle)
	}
	body, sum := raw[:receiptSize], raw[receiptSize:]
	if crc32.ChecksumIEEE(body) != binary.BigEndian.Uint32(sum) {
		return receipt{}, errHandle(handle)
	}
	r := receipt{
		number:  binary.BigEndian.Uint64(body),
		receive: binary.BigEndian.Uint32(body[16:]),
		queue:   binary.BigEndian.Uint64(body[20:]),
	}
	copy(r.id[:], body[8:16])
	return r, nil
}

// find gives the message that a receipt handle of this queue stands for, nil if
// it is no longer there.
func (s *State) find(q *queue, handle string) (*message, receipt, *Error) {
	r, refused := parseReceipt(handle)
	if refused != nil {
		return nil, r, refused
	}
	if r.queue != q.id {
		return nil, r, errHandle(handle)
	}
	m := s.messages[r.number]
	if m == nil || m.queue != q || !bytes.Equal(m.id[:8], r.id[:]) {
		return nil, r, nil
	}
	return m, r, nil
}
