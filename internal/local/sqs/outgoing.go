package sqs

import (
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	maxAttributes = 10
	maxBatchBytes = 1 << 20
	maxDelay      = 900
	senderID      = "AIDALOCALLOCALLOCALLO"
)

// binary tells which of the two values counts.
func (a Attribute) binary() bool { return strings.HasPrefix(a.DataType, "Binary") }

func (a Attribute) value() string {
	if a.binary() {
		return string(a.BinaryValue)
	}
	if a.StringValue == nil {
		return ""
	}
	return *a.StringValue
}

// outgoing is a message that was checked as far as that goes without its queue.
type outgoing struct {
	entry   Entry
	content content
	size    int
	sent    SentMessage // without its ids
}

var (
	attributeName = regexp.MustCompile(`^[A-Za-z0-9_.\-\x{00c0}-\x{017f}]{1,256}$`)
	attributeType = regexp.MustCompile(`^(String|Number|Binary)(\..+)?$`)
	// Letters, digits and punctuation of ASCII.
	fifoID = regexp.MustCompile(`^[!-~]{1,128}$`)
)

// prepare checks a message and computes its checksums, outside of any lock.
func prepare(e Entry) (*outgoing, *Error) {
	if e.MessageBody == "" {
		return nil, errMissing("MessageBody")
	}
	if !validContents(e.MessageBody) {
		return nil, errContents()
	}
	if e.DelaySeconds != nil && (*e.DelaySeconds < 0 || *e.DelaySeconds > maxDelay) {
		return nil, errValue("Value %d for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= %d.", *e.DelaySeconds, maxDelay)
	}
	if id := e.MessageGroupID; id != nil && !fifoID.MatchString(*id) {
		return nil, errValue("Value %s for parameter MessageGroupId is invalid. Reason: MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length.", *id)
	}
	if id := e.MessageDeduplicationID; id != nil && !fifoID.MatchString(*id) {
		return nil, errValue("Value %s for parameter MessageDeduplicationId is invalid. Reason: MessageDeduplicationId can only include alphanumeric and punctuation characters. 1 to 128 in length.", *id)
	}
	o := &outgoing{entry: e, size: len(e.MessageBody)}
	o.content = content{Body: e.MessageBody, BodyMD5: md5.Sum([]byte(e.MessageBody)), Attributes: e.MessageAttributes, Sender: senderID}
	o.sent.ID = e.ID
	o.sent.MD5OfMessageBody = hex.EncodeToString(o.content.BodyMD5[:])
	if refused := o.prepareAttributes(); refused != nil {
		return nil, refused
	}
	return o, o.prepareSystem()
}

// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
func validContents(body string) bool {
	for i := range len(body) {
		if c := body[i]; c < 0x20 && c != '\t' && c != '\n' && c != '\r' {
			return false
		}
	}
	return !strings.Contains(body, "\uFFFE") && !strings.Contains(body, "\uFFFF")
}

func (o *outgoing) prepareAttributes() *Error {
	attributes := o.entry.MessageAttributes
	if len(attributes) == 0 {
		return nil
	}
	if len(attributes) > maxAttributes {
		return errValue("Number of message attributes [%d] exceeds the allowed maximum [%d].", len(attributes), maxAttributes)
	}
	for name, a := range attributes {
		if refused := validateAttribute(name, a); refused != nil {
			return refused
		}
		o.size += len(name) + len(a.DataType) + len(a.value())
	}
	o.sent.MD5OfMessageAttributes = attributesMD5(attributes)
	return nil
}

func validateAttribute(name string, a Attribute) *Error {
	lower := strings.ToLower(name)
	switch {
	case !attributeName.MatchString(name), strings.HasPrefix(lower, "aws."), strings.HasPrefix(lower, "amazon."),
		strings.HasPrefix(name, "."), strings.HasSuffix(name, "."), strings.Contains(name, ".."):
		return errValue("Message (user) attribute name '%s' is invalid.", name)
	case a.DataType == "":
		return errValue("The message attribute '%s' must contain a non-empty message attribute type.", name)
	case len(a.DataType) > 256 || !attributeType.MatchString(a.DataType):
		return errValue("The type of message (user) attribute '%s' is invalid. You must use only the following supported type prefixes: Binary, Number, String.", name)
	case a.value() == "":
		kind, _, _ := strings.Cut(a.DataType, ".")
		return errValue("Message (user) attribute '%s' must contain a non-empty value of type '%s'.", name, kind)
	case !a.binary() && !validContents(*a.StringValue):
		return errContents()
	case strings.HasPrefix(a.DataType, "Number"):
		if _, err := strconv.ParseFloat(*a.StringValue, 64); err != nil {
			return errValue("Can't cast the value of message (user) attribute '%s' to a number.", name)
		}
	}
	return nil
}

func (o *outgoing) prepareSystem() *Error {
	for name, a := range o.entry.MessageSystemAttributes {
		if name != "AWSTraceHeader" {
			return errValue("Message system attribute name '%s' is invalid.", name)
		}
		if a.DataType != "String" || a.value() == "" {
			return errValue("Message system attribute 'AWSTraceHeader' must contain a non-empty value of type 'String'.")
		}
		o.content.TraceHeader = a.value()
		o.sent.MD5OfMessageSystemAttributes = attributesMD5(o.entry.MessageSystemAttributes)
	}
	return nil
}

// attributesMD5 is the checksum that clients verify.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
func attributesMD5(attributes map[string]Attribute) string {
	if len(attributes) == 0 {
		return ""
	}
	h := md5.New()
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		a := attributes[name]
		writeField(h, name)
		writeField(h, a.DataType)
		if a.binary() {
			h.Write([]byte{2})
		} else {
			h.Write([]byte{1})
		}
		writeField(h, a.value())
	}
	return hex.EncodeToString(h.Sum(nil))
}

func writeField(h hash.Hash, text string) {
	h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(text))))
	h.Write([]byte(text))
}
