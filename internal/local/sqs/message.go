package sqs

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"sluice/internal/local/disk"
)

// message is what changes of a message, and what is indexed.
type message struct {
	ID       string `json:"id"`
	Sent     int64  `json:"sent"`            // ms
	First    int64  `json:"first,omitempty"` // ms, of the first receive
	Receives int    `json:"receives,omitempty"`
	// VisibleAt is when it may be received (again), in ms.
	VisibleAt int64 `json:"visibleAt"`
	// Receipt is new at every receive: it makes older handles void.
	Receipt uint32 `json:"receipt,omitempty"`
	// HeldBy is the access key that received it, "" once its visibility was
	// changed on purpose.
	HeldBy string `json:"heldBy,omitempty"`
	// Received is when it was received last, in ms.
	Received int64 `json:"received,omitempty"`
	// Source is the queue that it was redriven from.
	Source string `json:"source,omitempty"`

	seq     uint64
	place   place
	version uint32
}

// content is what stays of a message.
type content struct {
	Body       string               `json:"body"`
	Attributes map[string]Attribute `json:"attributes,omitempty"`
	// Trace is the AWSTraceHeader, Group the message group id.
	Trace  string `json:"trace,omitempty"`
	Group  string `json:"group,omitempty"`
	Sender string `json:"sender,omitempty"`
}

// Attribute is a message attribute.
type Attribute struct {
	DataType    string  `json:"DataType"`
	StringValue *string `json:"StringValue,omitempty"`
	BinaryValue []byte  `json:"BinaryValue,omitempty"`
}

// Buckets of the disk.
const (
	definitions = "sqs/queues"
	moveTasks   = "sqs/move-tasks"
)

func indexOf(queue string) string    { return "sqs/index/" + queue }
func contentsOf(queue string) string { return "sqs/content/" + queue }

func key(seq uint64) []byte { return binary.BigEndian.AppendUint64(nil, seq) }

// saved is the change that stores what changes of the message.
func (m *message) saved(queue string) disk.Change {
	raw, _ := json.Marshal(m) // a struct of numbers and strings
	return disk.Change{Bucket: indexOf(queue), Key: key(m.seq), Value: raw}
}

// gone are the changes that remove the message.
func (m *message) gone(queue string) []disk.Change {
	return []disk.Change{{Bucket: indexOf(queue), Key: key(m.seq)}, {Bucket: contentsOf(queue), Key: key(m.seq)}}
}

// handle is the receipt handle of a receive.
func (m *message) handle(queue string) string {
	return base64.URLEncoding.EncodeToString(fmt.Appendf(nil, "%s %d %d %s", queue, m.seq, m.Receipt, m.ID))
}

// parseHandle takes a receipt handle apart.
func parseHandle(handle string) (queue string, seq uint64, receipt uint32, ok bool) {
	raw, err := base64.URLEncoding.DecodeString(handle)
	if err != nil {
		return "", 0, 0, false
	}
	parts := strings.Split(string(raw), " ")
	if len(parts) != 4 {
		return "", 0, 0, false
	}
	seq, err = strconv.ParseUint(parts[1], 10, 64)
	r, err2 := strconv.ParseUint(parts[2], 10, 32)
	return parts[0], seq, uint32(r), err == nil && err2 == nil
}

// size counts as SQS does: the body and the attributes' names, types and values.
func (c content) size() int {
	n := len(c.Body)
	for name, a := range c.Attributes {
		n += len(name) + len(a.DataType) + len(a.BinaryValue)
		if a.StringValue != nil {
			n += len(*a.StringValue)
		}
	}
	return n
}

// check validates what is to be sent; limit is the queue's.
func (c content) check(limit int) *Error {
	switch {
	case c.Body == "":
		return missingParameter("MessageBody")
	case c.size() > limit:
		return invalidParameter("One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", limit)
	case !validText(c.Body):
		return &Error{"InvalidMessageContents", "InvalidMessageContents", "Invalid binary character in the message body; #x9, #xA, #xD and from #x20 are allowed."}
	case len(c.Attributes) > 10:
		return invalidParameter("Number of message attributes [%d] exceeds the allowed maximum [10].", len(c.Attributes))
	case len(c.Group) > 128:
		return invalidParameter("Value for parameter MessageGroupId is invalid. Reason: it has more than 128 characters.")
	}
	for name, a := range c.Attributes {
		kind, _, _ := strings.Cut(a.DataType, ".")
		switch {
		case name == "" || len(name) > 256 || strings.HasPrefix(strings.ToLower(name), "aws.") || strings.HasPrefix(strings.ToLower(name), "amazon."):
			return invalidParameter("Message attribute name %q is invalid.", name)
		case kind == "Binary" && a.BinaryValue == nil, kind != "Binary" && (a.StringValue == nil || *a.StringValue == ""):
			return invalidParameter("The message attribute %q must contain a non-empty value of type %q.", name, a.DataType)
		case kind != "String" && kind != "Number" && kind != "Binary":
			return invalidParameter("The message attribute %q has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.", name)
		}
		if kind == "Number" {
			if _, err := strconv.ParseFloat(*a.StringValue, 64); err != nil {
				return invalidParameter("Can't cast the value of message attribute %q to a number.", name)
			}
		}
	}
	return nil
}

// validText tells whether all characters are among those that SQS takes.
func validText(s string) bool {
	for i, c := range s {
		switch {
		case c == utf8.RuneError:
			if _, width := utf8.DecodeRuneInString(s[i:]); width == 1 {
				return false
			}
		case c < ' ' && c != '\t' && c != '\n' && c != '\r', c == 0xFFFE, c == 0xFFFF:
			return false
		}
	}
	return true
}

func md5Hex(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

// attributesMD5 is the checksum of message attributes
// (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html).
func attributesMD5(attributes map[string]Attribute) string {
	if len(attributes) == 0 {
		return ""
	}
	h := md5.New()
	write := func(b []byte) {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(b))))
		h.Write(b)
	}
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		a := attributes[name]
		write([]byte(name))
		write([]byte(a.DataType))
		if strings.HasPrefix(a.DataType, "Binary") {
			h.Write([]byte{2})
			write(a.BinaryValue)
		} else {
			h.Write([]byte{1})
			write([]byte(*a.StringValue))
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}
