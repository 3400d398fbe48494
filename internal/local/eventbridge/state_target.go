package eventbridge

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// Target is where a rule sends an event, as PutTargets says it.
type Target struct {
	ID               string            `json:"Id"`
	ARN              string            `json:"Arn"`
	RoleARN          string            `json:"RoleArn,omitempty"`
	Input            string            `json:",omitempty"`
	InputPath        string            `json:",omitempty"`
	InputTransformer *InputTransformer `json:",omitempty"`
	SqsParameters    *SqsParameters    `json:",omitempty"`
	DeadLetterConfig *DeadLetterConfig `json:",omitempty"`
	RetryPolicy      *RetryPolicy      `json:",omitempty"`
}

// InputTransformer makes a message out of an event: paths into the event by
// name, and a template with <name> in it.
type InputTransformer struct {
	InputPathsMap map[string]string `json:",omitempty"`
	InputTemplate string
}

// SqsParameters names the message group of a queue target.
type SqsParameters struct {
	MessageGroupID string `json:"MessageGroupId,omitempty"`
}

// DeadLetterConfig names the queue for events that a target does not take.
type DeadLetterConfig struct {
	ARN string `json:"Arn,omitempty"`
}

// RetryPolicy bounds retries; nil fields mean 185 attempts and 24 hours.
type RetryPolicy struct {
	MaximumRetryAttempts     *int `json:",omitempty"` // 0 to 185
	MaximumEventAgeInSeconds *int `json:",omitempty"` // 60 to 86400
}

const (
	mostTargets    = 5 // of one rule
	mostRetries    = 185
	mostAgeSeconds = 24 * 60 * 60
	leastAge       = 60
)

var targetIDs = regexp.MustCompile(`^[.\-_A-Za-z0-9]{1,64}$`)

// sink is a target ready for use.
type sink struct {
	target     Target
	rule       *Rule
	bus        string // name of the target bus, or "" for a queue
	groupID    string
	deadLetter string
	retries    int
	ageSeconds int
	transform  transform // nil: the event itself
}

func newSink(r *Rule, t Target) (sink, error) {
	k := sink{target: t, rule: r, retries: mostRetries, ageSeconds: mostAgeSeconds}
	service, _, ok := splitARN(t.ARN)
	switch {
	case !ok:
		return k, invalid("Parameter %s is not valid. Reason: Provided Arn is not in correct format.", t.ARN)
	case service == "events":
		k.bus = busName(t.ARN)
	case service != "sqs":
		return k, invalid("Parameter %s is not valid. Reason: the local EventBridge delivers to queues and event buses only.", t.ARN)
	}
	if t.SqsParameters != nil {
		k.groupID = t.SqsParameters.MessageGroupID
	}
	if t.DeadLetterConfig != nil {
		k.deadLetter = t.DeadLetterConfig.ARN
	}
	if p := t.RetryPolicy; p != nil {
		if p.MaximumRetryAttempts != nil {
			k.retries = *p.MaximumRetryAttempts
		}
		if p.MaximumEventAgeInSeconds != nil {
			k.ageSeconds = *p.MaximumEventAgeInSeconds
		}
	}
	var err error
	k.transform, err = newTransform(r, t)
	return k, err
}

// check tells what is wrong with a target before it is kept.
func (t Target) check() error {
	if !targetIDs.MatchString(t.ID) {
		return invalid("1 validation error detected: Value '%s' at 'targets.1.member.id' failed to satisfy constraint: "+
			"Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+ and have length between 1 and 64", t.ID)
	}
	ways := 0
	for _, given := range []bool{t.Input != "", t.InputPath != "", t.InputTransformer != nil} {
		if given {
			ways++
		}
	}
	if ways > 1 {
		return invalid("Only one of Input, InputPath, or InputTransformer must be provided for target %s.", t.ID)
	}
	if t.Input != "" && !json.Valid([]byte(t.Input)) {
		return invalid("JSON syntax error in input for target %s.", t.ID)
	}
	if service, _, _ := splitARN(t.ARN); service == "events" && ways > 0 {
		return invalid("Input, InputPath and InputTransformer are not supported for the event bus target %s.", t.ID)
	}
	if service, resource, _ := splitARN(t.ARN); service == "sqs" && strings.HasSuffix(resource, ".fifo") && (t.SqsParameters == nil || t.SqsParameters.MessageGroupID == "") {
		return invalid("Parameter(s) SqsParameters must be specified for target: %s.", t.ID)
	}
	if t.DeadLetterConfig != nil && t.DeadLetterConfig.ARN != "" {
		if service, _, _ := splitARN(t.DeadLetterConfig.ARN); service != "sqs" {
			return invalid("Parameter DeadLetterConfig.Arn is not valid for target %s. Reason: it must be the ARN of a queue.", t.ID)
		}
	}
	return t.RetryPolicy.check(t.ID)
}

func (p *RetryPolicy) check(id string) error {
	if p == nil {
		return nil
	}
	if n := p.MaximumRetryAttempts; n != nil && (*n < 0 || *n > mostRetries) {
		return invalid("Parameter MaximumRetryAttempts of target %s must be between 0 and %d.", id, mostRetries)
	}
	if n := p.MaximumEventAgeInSeconds; n != nil && (*n < leastAge || *n > mostAgeSeconds) {
		return invalid("Parameter MaximumEventAgeInSeconds of target %s must be between %d and %d.", id, leastAge, mostAgeSeconds)
	}
	return nil
}

// PutTargets adds targets to a rule, in place of those with the same ids.
// Errors: ValidationException, LimitExceededException above 5 targets,
// ResourceNotFoundException.
func (s *State) PutTargets(ctx context.Context, bus, rule string, targets []Target) error {
	if len(targets) == 0 {
		return invalid("1 validation error detected: Value '[]' at 'targets' failed to satisfy constraint: " +
			"Member must have length greater than or equal to 1")
	}
	for _, t := range targets {
		if err := t.check(); err != nil {
			return err
		}
	}
	return s.changeRule(ctx, bus, rule, func(r *Rule) error {
		for _, t := range targets {
			same := func(other Target) bool { return other.ID == t.ID }
			if at := slices.IndexFunc(r.Targets, same); at >= 0 {
				r.Targets[at] = t
			} else {
				r.Targets = append(r.Targets, t)
			}
		}
		if len(r.Targets) > mostTargets {
			return &Error{Code: codeLimit, Message: "The requested resource exceeds the maximum number allowed."}
		}
		return nil
	})
}

// RemoveTargets removes targets by id; ids that are not there are no error.
// Error: ResourceNotFoundException for the rule.
func (s *State) RemoveTargets(ctx context.Context, bus, rule string, ids []string) error {
	return s.changeRule(ctx, bus, rule, func(r *Rule) error {
		r.Targets = slices.DeleteFunc(r.Targets, func(t Target) bool { return slices.Contains(ids, t.ID) })
		return nil
	})
}

// TargetsOf lists the targets of a rule by id. Error:
// ResourceNotFoundException.
func (s *State) TargetsOf(bus, rule, token string, limit int) ([]Target, string, error) {
	r, err := s.Rule(bus, rule)
	if err != nil {
		return nil, "", err
	}
	byID := make(map[string]Target, len(r.Targets))
	var ids []string
	for _, t := range r.Targets {
		byID[t.ID] = t
		ids = append(ids, t.ID)
	}
	slices.Sort(ids)
	ids, next, err := page(ids, token, limit)
	if err != nil {
		return nil, "", err
	}
	targets := make([]Target, len(ids))
	for i, id := range ids {
		targets[i] = byID[id]
	}
	return targets, next, nil
}
