package sqs

import (
	"context"
	"encoding/base64"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"sluice/internal/local/disk"
)

var queueName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

func validateName(name string, fifo bool) *Error {
	base, suffixed := strings.CutSuffix(name, ".fifo")
	switch {
	case name == "":
		return errMissing("QueueName")
	case fifo && (!suffixed || !queueName.MatchString(base) || len(name) > 80):
		return errValue("The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length.")
	case !fifo && !queueName.MatchString(name):
		return errValue("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length.")
	}
	return nil
}

// CreateQueue makes a queue. The same name with the same values of the
// attributes that are given is not an error.
func (s *State) CreateQueue(ctx context.Context, by Caller, in CreateQueueInput) (QueueOutput, error) {
	if refused := validateName(in.QueueName, in.Attributes["FifoQueue"] == "true"); refused != nil {
		return QueueOutput{}, refused
	}
	s.mu.Lock()
	ticket, refused := s.createQueue(in)
	s.mu.Unlock()
	if refused != nil {
		return QueueOutput{}, refused
	}
	return QueueOutput{s.URL(by.Host, in.QueueName)}, wait(ctx, ticket)
}

func (s *State) createQueue(in CreateQueueInput) (disk.Ticket, *Error) {
	if q := s.queues[in.QueueName]; q != nil {
		for _, name := range slices.Sorted(maps.Keys(in.Attributes)) {
			if !slices.Contains(settable, name) {
				return disk.Ticket{}, errAttributeName("Unknown Attribute %s.", name)
			}
			if in.Attributes[name] != q.attribute(name) {
				return disk.Ticket{}, errQueueExists(name)
			}
		}
		// Whoever made it may not have heard yet that it is durable.
		return s.commit([]disk.Change{q.record()}), nil
	}
	q := newQueue(0, in.QueueName, s.ARN(in.QueueName))
	if refused := s.validate(q, in.Attributes, true); refused != nil {
		return disk.Ticket{}, refused
	}
	if refused := validateTags(in.Tags); refused != nil {
		return disk.Ticket{}, refused
	}
	q.id = s.next()
	q.set(in.Attributes)
	maps.Copy(q.tags, in.Tags)
	q.created = s.now().Unix()
	q.modified = q.created
	q.configure()
	s.queues[q.name] = q
	return s.commit([]disk.Change{q.record()}), nil
}

// set takes attributes over; an empty policy removes it.
func (q *queue) set(attributes map[string]string) {
	for name, value := range attributes {
		switch {
		case value == "" || name == "KmsDataKeyReusePeriodSeconds" && value == "300":
			delete(q.attributes, name)
		default:
			q.attributes[name] = value
		}
	}
	if attributes["KmsMasterKeyId"] != "" {
		q.attributes["SqsManagedSseEnabled"] = "false"
	}
	if attributes["SqsManagedSseEnabled"] == "true" {
		delete(q.attributes, "KmsMasterKeyId")
	}
}

// attribute is the value of an attribute, "" if the queue does not have it.
func (q *queue) attribute(name string) string {
	switch name {
	case "QueueArn":
		return q.arn
	case "CreatedTimestamp":
		return strconv.FormatInt(q.created, 10)
	case "LastModifiedTimestamp":
		return strconv.FormatInt(q.modified, 10)
	case "ApproximateNumberOfMessages":
		return strconv.Itoa(q.counts.Visible)
	case "ApproximateNumberOfMessagesNotVisible":
		return strconv.Itoa(q.counts.InFlight)
	case "ApproximateNumberOfMessagesDelayed":
		return strconv.Itoa(q.counts.Delayed)
	}
	if value, ok := q.attributes[name]; ok {
		return value
	}
	switch {
	case slices.Contains(alwaysThere, name):
		return strconv.Itoa(numeric(q.attributes, name))
	case name == "SqsManagedSseEnabled":
		return "true"
	case q.settings.fifo && name == "ContentBasedDeduplication":
		return "false"
	case q.settings.fifo && name == "DeduplicationScope":
		return "queue"
	case q.settings.fifo && name == "FifoThroughputLimit":
		return "perQueue"
	}
	return ""
}

// DeleteQueue removes a queue and its messages. One that does not exist is an
// error.
func (s *State) DeleteQueue(ctx context.Context, _ Caller, in QueueInput) (Empty, error) {
	s.mu.Lock()
	q, refused := s.byURL(in.QueueURL)
	if refused != nil {
		s.mu.Unlock()
		return Empty{}, refused
	}
	changes := append(s.empty(q), disk.Change{Bucket: bucketQueues, Key: []byte(q.name)})
	for key := range q.repeats.byKey {
		changes = append(changes, disk.Change{Bucket: bucketRepeats, Key: repeatKey(q.id, key)})
	}
	delete(s.queues, q.name)
	q.disarm()
	q.wakeAll()
	ticket := s.commit(changes)
	s.mu.Unlock()
	return Empty{}, wait(ctx, ticket)
}

// empty removes every message of a queue from memory.
func (s *State) empty(q *queue) []disk.Change {
	changes := make([]disk.Change, 0, 2*len(q.ages.messages))
	for m := q.ages.first(); m != nil; m = q.ages.first() {
		changes = s.erase(m, false, changes)
	}
	return changes
}

// PurgeQueue removes every message of a queue, in flight or not.
func (s *State) PurgeQueue(ctx context.Context, _ Caller, in QueueInput) (Empty, error) {
	s.mu.Lock()
	q, refused := s.byURL(in.QueueURL)
	if refused == nil && s.now().Sub(q.purged) < s.purgeInterval {
		refused = errPurging(q.name)
	}
	if refused != nil {
		s.mu.Unlock()
		return Empty{}, refused
	}
	q.purged = s.now()
	ticket := s.commit(s.empty(q))
	s.mu.Unlock()
	return Empty{}, wait(ctx, ticket)
}

// GetQueueURL gives the address of a queue.
func (s *State) GetQueueURL(_ context.Context, by Caller, in GetQueueURLInput) (QueueOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if in.QueueName == "" {
		return QueueOutput{}, errMissing("QueueName")
	}
	if s.queues[in.QueueName] == nil || in.QueueOwnerAWSAccountID != "" && in.QueueOwnerAWSAccountID != s.account {
		return QueueOutput{}, errNoQueue()
	}
	return QueueOutput{s.URL(by.Host, in.QueueName)}, nil
}

// ListQueues gives addresses in the order of their names. Only a request with
// MaxResults is paged; one without gives up to 1,000.
func (s *State) ListQueues(_ context.Context, by Caller, in ListQueuesInput) (ListQueuesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for name := range s.queues {
		if strings.HasPrefix(name, in.QueueNamePrefix) {
			names = append(names, name)
		}
	}
	urls, token, refused := s.page(by, names, in.NextToken, in.MaxResults)
	if refused != nil {
		return ListQueuesOutput{}, refused
	}
	return ListQueuesOutput{urls, token}, nil
}

// ListDeadLetterSourceQueues gives the queues whose RedrivePolicy names this one.
func (s *State) ListDeadLetterSourceQueues(_ context.Context, by Caller, in ListDeadLetterSourceQueuesInput) (ListDeadLetterSourceQueuesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	target, refused := s.byURL(in.QueueURL)
	if refused != nil {
		return ListDeadLetterSourceQueuesOutput{}, refused
	}
	urls, token, refused := s.page(by, s.sourcesOf(target), in.NextToken, in.MaxResults)
	if refused != nil {
		return ListDeadLetterSourceQueuesOutput{}, refused
	}
	if urls == nil {
		urls = []string{}
	}
	return ListDeadLetterSourceQueuesOutput{urls, token}, nil
}

// sourcesOf names the queues that send their dead letters to target.
func (s *State) sourcesOf(target *queue) []string {
	var names []string
	for name, q := range s.queues {
		if r := q.settings.redrive; r != nil && r.target == target.arn {
			names = append(names, name)
		}
	}
	return names
}

func (s *State) page(by Caller, names []string, token string, most *int) (urls []string, next string, refused *Error) {
	size := 1000
	if most != nil {
		if size = *most; size < 1 || size > 1000 {
			return nil, "", errValue("Value for parameter MaxResults is invalid. Reason: MaxResults must be an integer between 1 and 1000")
		}
	}
	after, err := base64.StdEncoding.DecodeString(token)
	if err != nil {
		return nil, "", errValue("Invalid or expired next token")
	}
	slices.Sort(names)
	for _, name := range names {
		if name <= string(after) {
			continue
		}
		if len(urls) == size {
			if most != nil {
				last := urls[size-1]
				next = base64.StdEncoding.EncodeToString([]byte(last[strings.LastIndexByte(last, '/')+1:]))
			}
			break
		}
		urls = append(urls, s.URL(by.Host, name))
	}
	return urls, next, nil
}
