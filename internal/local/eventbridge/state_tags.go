package eventbridge

import (
	"context"
	"maps"
	"strings"
)

// resourceOf finds the bus or rule that an ARN names.
func (s *State) resourceOf(arn string) (bus, rule string, err error) {
	service, resource, ok := splitARN(arn)
	if !ok || service != "events" {
		return "", "", invalid("Parameter %s is not valid. Reason: Provided Arn is not in correct format.", arn)
	}
	kind, name, _ := strings.Cut(resource, "/")
	switch kind {
	case "event-bus":
		return name, "", nil
	case "rule":
		if bus, rule, ok := strings.Cut(name, "/"); ok {
			return bus, rule, nil
		}
		return defaultBus, name, nil
	}
	return "", "", invalid("Parameter %s is not valid. Reason: only rules and event buses have tags here.", arn)
}

// Tag sets and removes tags of a rule or a bus. Errors:
// ResourceNotFoundException, ValidationException for the ARN.
func (s *State) Tag(ctx context.Context, arn string, set map[string]string, remove []string) error {
	bus, rule, err := s.resourceOf(arn)
	if err != nil {
		return err
	}
	change := func(tags map[string]string) map[string]string {
		if tags == nil {
			tags = map[string]string{}
		}
		maps.Copy(tags, set)
		for _, key := range remove {
			delete(tags, key)
		}
		return tags
	}
	if rule == "" {
		_, err = s.UpdateBus(ctx, bus, func(b *Bus) error {
			b.Tags = change(b.Tags)
			return nil
		})
		return err
	}
	return s.changeRule(ctx, bus, rule, func(r *Rule) error {
		r.Tags = change(r.Tags)
		return nil
	})
}

// Tags lists the tags of a rule or a bus. The caller must not change them.
// Errors: as of Tag.
func (s *State) Tags(arn string) (map[string]string, error) {
	bus, rule, err := s.resourceOf(arn)
	if err != nil {
		return nil, err
	}
	if rule == "" {
		b, err := s.Bus(bus)
		if err != nil {
			return nil, err
		}
		return b.Tags, nil
	}
	r, err := s.Rule(bus, rule)
	if err != nil {
		return nil, err
	}
	return r.Tags, nil
}
