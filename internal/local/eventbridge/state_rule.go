package eventbridge

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"sluice/events/schedule"
	"sluice/internal/local/eventbridge/pattern"
)

// States of a rule.
const (
	StateEnabled           = "ENABLED"
	StateEnabledCloudTrail = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
	StateDisabled          = "DISABLED"
)

// longestPattern is the most characters an event pattern may have.
const longestPattern = 4096

// Rule is a rule of a bus with its targets. A rule in the State is never
// changed, only replaced.
type Rule struct {
	Bus         string            `json:"bus"`
	Name        string            `json:"name"`
	Description string            `json:"description,omitempty"`
	Pattern     string            `json:"pattern"`
	Schedule    string            `json:"schedule,omitempty"` // rate(…) or cron(…), "" for none
	State       string            `json:"state"`
	RoleARN     string            `json:"roleArn,omitempty"`
	Targets     []Target          `json:"targets,omitempty"`
	Tags        map[string]string `json:"tags,omitempty"`

	// Since is when the rule got its schedule, Next when it is due next; the zero
	// time is never.
	Since time.Time `json:"since,omitzero"`
	Next  time.Time `json:"next,omitzero"`

	arn      string
	compiled *pattern.Pattern
	schedule schedule.Schedule
	sinks    []sink
}

// compile makes what matching and delivery read.
func (r *Rule) compile(s *State) (err error) {
	r.arn = s.ruleARN(r.Bus, r.Name)
	if r.compiled, err = compilePattern(r.Pattern); err != nil {
		return err
	}
	if err := r.readSchedule(); err != nil {
		return err
	}
	r.sinks = make([]sink, len(r.Targets))
	for i, t := range r.Targets {
		if r.sinks[i], err = newSink(r, t); err != nil {
			return err
		}
	}
	return nil
}

// PutRule makes or replaces a rule; targets and, for an existing rule, tags
// stay as they are. A rule with both a pattern and a schedule is triggered by
// either. It returns the rule's ARN. Errors: ValidationException,
// InvalidEventPatternException, ResourceNotFoundException for the bus.
func (s *State) PutRule(ctx context.Context, r Rule) (string, error) {
	r.Bus = busName(r.Bus)
	switch {
	case !ruleNames.MatchString(r.Name):
		return "", invalid("1 validation error detected: Value '%s' at 'name' failed to satisfy constraint: "+
			"Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+ and have length between 1 and 64", r.Name)
	case r.Schedule != "" && r.Bus != defaultBus:
		return "", invalid("ScheduleExpression is supported only on the default event bus.")
	case r.Pattern == "" && r.Schedule == "":
		return "", invalid("Parameter(s) EventPattern or ScheduleExpression must be specified.")
	case len(r.Pattern) > longestPattern:
		return "", invalid("1 validation error detected: Value at 'eventPattern' failed to satisfy constraint: "+
			"Member must have length less than or equal to %d", longestPattern)
	}
	switch r.State {
	case "":
		r.State = StateEnabled
	case StateEnabled, StateDisabled, StateEnabledCloudTrail:
	default:
		return "", invalid("1 validation error detected: Value '%s' at 'state' failed to satisfy constraint: Member must satisfy enum value set: "+
			"[ENABLED, DISABLED, ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS]", r.State)
	}
	if err := r.readSchedule(); err != nil {
		return "", err
	}
	return s.ruleARN(r.Bus, r.Name), s.replaceRule(ctx, r.Bus, r.Name, func(old *Rule) (*Rule, error) {
		if old != nil {
			r.Targets, r.Tags = old.Targets, old.Tags
		}
		r.plan(old, s.cfg.Now())
		return &r, nil
	})
}

// replaceRule puts what the function makes of a rule (nil if there is none) in
// its place.
func (s *State) replaceRule(ctx context.Context, bus, name string, change func(old *Rule) (*Rule, error)) error {
	s.mu.Lock()
	if _, err := s.bus(bus); err != nil {
		s.mu.Unlock()
		return err
	}
	key := ruleKey{bus, name}
	r, err := change(s.rules[key])
	if err == nil {
		err = r.compile(s)
	}
	if err != nil {
		s.mu.Unlock()
		return err
	}
	s.rules[key] = r
	s.publish()
	t := s.save(bucketRules, bus+"/"+name, r)
	s.mu.Unlock()
	select {
	case s.rescheduled <- struct{}{}:
	default:
	}
	return durable(ctx, t)
}

func noRule(bus, name string) error {
	return notFound("Rule %s does not exist on EventBus %s.", name, bus)
}

// changeRule is replaceRule of a copy of a rule that must be there.
func (s *State) changeRule(ctx context.Context, bus, name string, change func(*Rule) error) error {
	bus = busName(bus)
	return s.replaceRule(ctx, bus, name, func(old *Rule) (*Rule, error) {
		if old == nil {
			return nil, noRule(bus, name)
		}
		changed := *old
		changed.Targets = slices.Clone(old.Targets)
		changed.Tags = maps.Clone(old.Tags)
		return &changed, change(&changed)
	})
}

// SetRuleState enables or disables a rule. Error: ResourceNotFoundException.
func (s *State) SetRuleState(ctx context.Context, bus, name, state string) error {
	return s.changeRule(ctx, bus, name, func(r *Rule) error {
		old := *r
		r.State = state
		r.plan(&old, s.cfg.Now())
		return nil
	})
}

// DeleteRule removes a rule; one that is not there is no error. Errors:
// ValidationException while it has targets, ResourceNotFoundException for the
// bus.
func (s *State) DeleteRule(ctx context.Context, bus, name string) error {
	bus = busName(bus)
	s.mu.Lock()
	if _, err := s.bus(bus); err != nil {
		s.mu.Unlock()
		return err
	}
	r := s.rules[ruleKey{bus, name}]
	if r == nil {
		s.mu.Unlock()
		return nil
	}
	if len(r.Targets) > 0 {
		s.mu.Unlock()
		return invalid("Rule can't be deleted since it has targets.")
	}
	delete(s.rules, ruleKey{bus, name})
	s.publish()
	t := s.remove(bucketRules, bus+"/"+name)
	s.mu.Unlock()
	return durable(ctx, t)
}

// Rule describes a rule. The caller must not change it. Error:
// ResourceNotFoundException.
func (s *State) Rule(bus, name string) (*Rule, error) {
	bus = busName(bus)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.bus(bus); err != nil {
		return nil, err
	}
	if r := s.rules[ruleKey{bus, name}]; r != nil {
		return r, nil
	}
	return nil, noRule(bus, name)
}

// ARN is the rule's name in AWS.
func (r *Rule) ARN() string { return r.arn }

// Rules lists the rules of a bus by name. With a target ARN only those that
// have it.
func (s *State) Rules(bus, prefix, targetARN, token string, limit int) ([]*Rule, string, error) {
	bus = busName(bus)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.bus(bus); err != nil {
		return nil, "", err
	}
	var names []string
	for key, r := range s.rules {
		aims := func(t Target) bool { return t.ARN == targetARN }
		if key.bus == bus && strings.HasPrefix(key.name, prefix) && (targetARN == "" || slices.ContainsFunc(r.Targets, aims)) {
			names = append(names, key.name)
		}
	}
	slices.Sort(names)
	names, next, err := page(names, token, limit)
	if err != nil {
		return nil, "", err
	}
	rules := make([]*Rule, len(names))
	for i, n := range names {
		rules[i] = s.rules[ruleKey{bus, n}]
	}
	return rules, next, nil
}
