package sqs

import (
	"context"
	"maps"
	"slices"
)

// GetQueueAttributes gives the attributes that are asked for and that the queue
// has.
func (s *State) GetQueueAttributes(_ context.Context, _ Caller, in GetQueueAttributesInput) (AttributesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, refused := s.byURL(in.QueueURL)
	if refused != nil {
		return AttributesOutput{}, refused
	}
	s.commit(s.advance(q, s.now().UnixNano()))
	names := in.AttributeNames
	if slices.Contains(names, "All") {
		names = slices.Concat(counted, settable)
	}
	out := AttributesOutput{map[string]string{}}
	for _, name := range names {
		if !slices.Contains(counted, name) && !slices.Contains(settable, name) {
			return AttributesOutput{}, errAttributeName("Unknown Attribute %s.", name)
		}
		if value := q.attribute(name); value != "" {
			out.Attributes[name] = value
		}
	}
	return out, nil
}

// SetQueueAttributes changes attributes, all or none. A new retention period
// holds for the messages that are there already.
func (s *State) SetQueueAttributes(ctx context.Context, _ Caller, in SetQueueAttributesInput) (Empty, error) {
	s.mu.Lock()
	q, refused := s.byURL(in.QueueURL)
	if refused == nil && len(in.Attributes) == 0 {
		refused = errMissing("Attributes")
	}
	if refused == nil {
		refused = s.validate(q, in.Attributes, false)
	}
	if refused != nil {
		s.mu.Unlock()
		return Empty{}, refused
	}
	q.set(in.Attributes)
	q.modified = s.now().Unix()
	q.configure()
	ticket := s.commit(append(s.advance(q, s.now().UnixNano()), q.record()))
	s.mu.Unlock()
	return Empty{}, wait(ctx, ticket)
}

const mostTags = 50

func validateTags(tags map[string]string) *Error {
	if len(tags) > mostTags {
		return errValue("Too many tags added for queue. Maximum number of tags allowed is %d.", mostTags)
	}
	for key, value := range tags {
		if key == "" || len([]rune(key)) > 128 || len([]rune(value)) > 256 {
			return errValue("Tag keys must be between 1 and 128 characters in length, tag values at most 256.")
		}
	}
	return nil
}

// TagQueue adds tags, up to 50 in all.
func (s *State) TagQueue(ctx context.Context, _ Caller, in TagQueueInput) (Empty, error) {
	if len(in.Tags) == 0 {
		return Empty{}, errMissing("Tags")
	}
	return s.retag(ctx, in.QueueURL, func(tags map[string]string) { maps.Copy(tags, in.Tags) })
}

// UntagQueue removes tags; one that is not there is no error.
func (s *State) UntagQueue(ctx context.Context, _ Caller, in UntagQueueInput) (Empty, error) {
	if len(in.TagKeys) == 0 {
		return Empty{}, errMissing("TagKeys")
	}
	return s.retag(ctx, in.QueueURL, func(tags map[string]string) {
		for _, key := range in.TagKeys {
			delete(tags, key)
		}
	})
}

func (s *State) retag(ctx context.Context, url string, change func(map[string]string)) (Empty, error) {
	s.mu.Lock()
	q, refused := s.byURL(url)
	var tags map[string]string
	if refused == nil {
		tags = maps.Clone(q.tags)
		change(tags)
		refused = validateTags(tags)
	}
	if refused != nil {
		s.mu.Unlock()
		return Empty{}, refused
	}
	q.tags = tags
	ticket := s.commit(append(s.advance(q, s.now().UnixNano()), q.record()))
	s.mu.Unlock()
	return Empty{}, wait(ctx, ticket)
}

// ListQueueTags gives a queue's tags.
func (s *State) ListQueueTags(_ context.Context, _ Caller, in QueueInput) (TagsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, refused := s.byURL(in.QueueURL)
	if refused != nil {
		return TagsOutput{}, refused
	}
	return TagsOutput{maps.Clone(q.tags)}, nil
}
