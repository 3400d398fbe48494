package sqs

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"
)

// settings are the attributes in force, parsed.
type settings struct {
	delay, retention, visibility, wait time.Duration
	maxSize                            int
	fifo, contentDeduplication         bool
	deduplicationByGroup               bool
	redrive                            *redrive
}

// redrive is a RedrivePolicy.
type redrive struct {
	target      string
	maxReceives uint32
}

type limits struct{ least, most, standard int }

// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
func numericLimits(name string) (limits, bool) {
	switch name {
	case "DelaySeconds":
		return limits{0, 900, 0}, true
	case "MaximumMessageSize":
		return limits{1024, 1 << 20, 1 << 20}, true
	case "MessageRetentionPeriod":
		return limits{60, 1_209_600, 345_600}, true
	case "ReceiveMessageWaitTimeSeconds":
		return limits{0, 20, 0}, true
	case "VisibilityTimeout":
		return limits{0, 43_200, 30}, true
	case "KmsDataKeyReusePeriodSeconds":
		return limits{60, 86_400, 300}, true
	}
	return limits{}, false
}

// Those of the numeric attributes that every queue has.
var alwaysThere = []string{"DelaySeconds", "MaximumMessageSize", "MessageRetentionPeriod", "ReceiveMessageWaitTimeSeconds", "VisibilityTimeout"}

// Counted attributes can be read and never be set.
var counted = []string{
	"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed", "ApproximateNumberOfMessagesNotVisible",
	"CreatedTimestamp", "LastModifiedTimestamp", "QueueArn",
}

var settable = []string{
	"DelaySeconds", "MaximumMessageSize", "MessageRetentionPeriod", "ReceiveMessageWaitTimeSeconds", "VisibilityTimeout",
	"KmsDataKeyReusePeriodSeconds", "KmsMasterKeyId", "SqsManagedSseEnabled", "Policy", "RedrivePolicy", "RedriveAllowPolicy",
	"FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit",
}

// parseSettings reads attributes that were validated when they were set.
func parseSettings(attributes map[string]string) settings {
	seconds := func(name string) time.Duration { return time.Duration(numeric(attributes, name)) * time.Second }
	s := settings{
		delay: seconds("DelaySeconds"), retention: seconds("MessageRetentionPeriod"),
		visibility: seconds("VisibilityTimeout"), wait: seconds("ReceiveMessageWaitTimeSeconds"),
		maxSize: numeric(attributes, "MaximumMessageSize"),
		fifo:    attributes["FifoQueue"] == "true", contentDeduplication: attributes["ContentBasedDeduplication"] == "true",
		deduplicationByGroup: attributes["DeduplicationScope"] == "messageGroup",
	}
	if policy := attributes["RedrivePolicy"]; policy != "" {
		s.redrive, _ = parseRedrive(policy)
	}
	return s
}

func numeric(attributes map[string]string, name string) int {
	if n, err := strconv.Atoi(attributes[name]); err == nil {
		return n
	}
	standard, _ := numericLimits(name)
	return standard.standard
}

// parseRedrive reads a RedrivePolicy; maxReceiveCount may be a number or text.
func parseRedrive(policy string) (*redrive, *Error) {
	invalid := func(reason string) *Error {
		return errValue("Value %s for parameter RedrivePolicy is invalid. Reason: %s", policy, reason)
	}
	var shape struct {
		Target *string     `json:"deadLetterTargetArn"`
		Max    json.Number `json:"maxReceiveCount"`
	}
	if json.Unmarshal([]byte(policy), &shape) != nil {
		return nil, invalid("Amazon SQS can't create the redrive policy, as it's in an unsupported format.")
	}
	if shape.Target == nil {
		return nil, invalid("Redrive policy does not contain mandatory attribute: deadLetterTargetArn.")
	}
	if shape.Max == "" {
		return nil, invalid("Redrive policy does not contain mandatory attribute: maxReceiveCount.")
	}
	most, err := strconv.Atoi(shape.Max.String())
	if err != nil || most < 1 || most > 1000 {
		return nil, invalid("Invalid value for maxReceiveCount: " + shape.Max.String() + ", valid values are from 1 to 1000 both inclusive.")
	}
	return &redrive{target: *shape.Target, maxReceives: uint32(most)}, nil
}

// redriveAllow is a RedriveAllowPolicy.
type redriveAllow struct {
	Permission string   `json:"redrivePermission"`
	Sources    []string `json:"sourceQueueArns"`
}

func parseRedriveAllow(policy string) (redriveAllow, *Error) {
	var allow redriveAllow
	err := json.Unmarshal([]byte(policy), &allow)
	ok := err == nil
	switch allow.Permission {
	case "allowAll", "denyAll":
		ok = ok && len(allow.Sources) == 0
	case "byQueue":
		ok = ok && len(allow.Sources) > 0 && len(allow.Sources) <= 10
	default:
		ok = false
	}
	if !ok {
		return allow, errValue("Value %s for parameter RedriveAllowPolicy is invalid. Reason: Amazon SQS can't create the redrive allow policy, as it's in an unsupported format.", policy)
	}
	return allow, nil
}

// admits says whether a dead-letter queue takes the letters of a source.
func (q *queue) admits(sourceARN string) bool {
	policy := q.attributes["RedriveAllowPolicy"]
	if policy == "" {
		return true
	}
	allow, refused := parseRedriveAllow(policy)
	return refused == nil && (allow.Permission == "allowAll" || slices.Contains(allow.Sources, sourceARN))
}

// validate checks attributes to be set on a queue, which may be a new one.
func (s *State) validate(q *queue, set map[string]string, isNew bool) *Error {
	fifo := q.attributes["FifoQueue"] == "true" || isNew && set["FifoQueue"] == "true"
	for name, value := range set {
		if refused := s.validateOne(q, name, value, fifo); refused != nil {
			return refused
		}
	}
	if set["KmsMasterKeyId"] != "" && set["SqsManagedSseEnabled"] == "true" {
		return errAttributeName("You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.")
	}
	return nil
}

func (s *State) validateOne(q *queue, name, value string, fifo bool) *Error {
	if !slices.Contains(settable, name) {
		return errAttributeName("Unknown Attribute %s.", name)
	}
	if limit, ok := numericLimits(name); ok {
		n, err := strconv.Atoi(value)
		if err != nil || n < limit.least || n > limit.most {
			return errAttributeValue("Invalid value for the parameter %s.", name)
		}
		return nil
	}
	switch name {
	case "Policy":
		if value != "" && !json.Valid([]byte(value)) {
			return errAttributeValue("Invalid value for the parameter Policy.")
		}
	case "RedrivePolicy":
		return s.validateRedrive(q, value, fifo)
	case "RedriveAllowPolicy":
		if value != "" {
			_, refused := parseRedriveAllow(value)
			return refused
		}
	case "SqsManagedSseEnabled":
		return oneOf(name, value, "true", "false")
	case "FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit":
		return validateFIFO(name, value, fifo)
	}
	return nil
}

func validateFIFO(name, value string, fifo bool) *Error {
	switch {
	case !fifo && (name == "FifoQueue" || name == "ContentBasedDeduplication"):
		return errAttributeName("Unknown Attribute %s.", name)
	case !fifo:
		return errAttributeName("You can specify the %s only when FifoQueue is set to true.", name)
	case name == "FifoQueue" && value != "true":
		return errAttributeValue("Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.")
	case name == "ContentBasedDeduplication":
		return oneOf(name, value, "true", "false")
	case name == "DeduplicationScope":
		return oneOf(name, value, "queue", "messageGroup")
	case name == "FifoThroughputLimit":
		return oneOf(name, value, "perQueue", "perMessageGroupId")
	}
	return nil
}

func oneOf(name, value string, values ...string) *Error {
	if !slices.Contains(values, value) {
		return errAttributeValue("Invalid value for the parameter %s.", name)
	}
	return nil
}

func (s *State) validateRedrive(q *queue, policy string, fifo bool) *Error {
	if policy == "" {
		return nil // removes it
	}
	r, refused := parseRedrive(policy)
	if refused != nil {
		return refused
	}
	invalid := func(reason string) *Error {
		return errValue("Value %s for parameter RedrivePolicy is invalid. Reason: %s", policy, reason)
	}
	if len(r.target) < len("arn:aws:sqs:") || r.target[:len("arn:aws:sqs:")] != "arn:aws:sqs:" {
		return invalid("Invalid value for deadLetterTargetArn.")
	}
	target := s.byARN(r.target)
	switch {
	case target == nil:
		return invalid("Dead letter target does not exist.")
	case target.settings.fifo != fifo:
		return invalid("Dead-letter queue must be same type of queue as the source.")
	case !target.admits(q.arn):
		return invalid("Dead letter target does not allow this queue to use it: see its RedriveAllowPolicy.")
	}
	return nil
}
