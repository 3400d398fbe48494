package eventbridge

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
)

// Bus is an event bus.
type Bus struct {
	Name              string            `json:"name"`
	Description       string            `json:"description,omitempty"`
	KMSKey            string            `json:"kmsKey,omitempty"`
	DeadLetterARN     string            `json:"deadLetterArn,omitempty"`
	Policy            string            `json:"policy,omitempty"` // a JSON document or ""
	Created, Modified time.Time         `json:",omitzero"`
	Tags              map[string]string `json:"tags,omitempty"`
}

// CreateBus makes a bus. Errors: ResourceAlreadyExistsException,
// ValidationException for the name.
func (s *State) CreateBus(ctx context.Context, b Bus) (*Bus, error) {
	if !busNames.MatchString(b.Name) {
		return nil, invalid("1 validation error detected: Value '%s' at 'name' failed to satisfy constraint: "+
			"Member must satisfy regular expression pattern: [/\\.\\-_A-Za-z0-9]+", b.Name)
	}
	if strings.Contains(b.Name, "/") {
		return nil, invalid("Event bus name must not contain '/'.")
	}
	s.mu.Lock()
	if s.buses[b.Name] != nil {
		s.mu.Unlock()
		return nil, &Error{Code: codeExists, Message: "Event bus " + b.Name + " already exists."}
	}
	b.Created = s.cfg.Now().UTC()
	b.Modified = b.Created
	s.buses[b.Name] = &b
	s.publish()
	t := s.save(bucketBuses, b.Name, &b)
	s.mu.Unlock()
	return &b, durable(ctx, t)
}

// UpdateBus changes what the function changes in a copy of the bus. Error:
// ResourceNotFoundException, or the function's.
func (s *State) UpdateBus(ctx context.Context, name string, change func(*Bus) error) (*Bus, error) {
	name = busName(name)
	s.mu.Lock()
	b, err := s.bus(name)
	if err != nil {
		s.mu.Unlock()
		return nil, err
	}
	changed := *b
	changed.Tags = maps.Clone(b.Tags)
	if err := change(&changed); err != nil {
		s.mu.Unlock()
		return nil, err
	}
	changed.Modified = s.cfg.Now().UTC()
	s.buses[name] = &changed
	t := s.save(bucketBuses, name, &changed)
	s.mu.Unlock()
	return &changed, durable(ctx, t)
}

// DeleteBus removes a bus; one that is not there is no error. Errors:
// ValidationException for the default bus and for one that still has rules.
func (s *State) DeleteBus(ctx context.Context, name string) error {
	name = busName(name)
	if name == defaultBus {
		return invalid("Cannot delete event bus default.")
	}
	s.mu.Lock()
	if s.buses[name] == nil {
		s.mu.Unlock()
		return nil
	}
	for key := range s.rules {
		if key.bus == name {
			s.mu.Unlock()
			return invalid("Event bus %s can't be deleted since it has rules.", name)
		}
	}
	delete(s.buses, name)
	s.publish()
	t := s.remove(bucketBuses, name)
	s.mu.Unlock()
	return durable(ctx, t)
}

// Bus describes a bus by name or ARN. Error: ResourceNotFoundException.
func (s *State) Bus(name string) (*Bus, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bus(busName(name))
}

// bus finds a bus; call it with mu held.
func (s *State) bus(name string) (*Bus, error) {
	if b := s.buses[name]; b != nil {
		return b, nil
	}
	return nil, notFound("Event bus %s does not exist.", name)
}

// Buses lists buses by name.
func (s *State) Buses(prefix, token string, limit int) ([]*Bus, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := slices.Sorted(maps.Keys(s.buses))
	names = slices.DeleteFunc(names, func(n string) bool { return !strings.HasPrefix(n, prefix) })
	names, next, err := page(names, token, limit)
	if err != nil {
		return nil, "", err
	}
	buses := make([]*Bus, len(names))
	for i, n := range names {
		buses[i] = s.buses[n]
	}
	return buses, next, nil
}

// Statement is one permission of a bus's policy.
type Statement struct {
	Sid       string
	Effect    string
	Principal any
	Action    string
	Resource  string
	Condition any `json:",omitempty"`
}

type policy struct {
	Version   string
	Statement []json.RawMessage
}

// PutPermission keeps a statement in the bus's policy, in place of one with
// the same Sid, or the whole policy document if one is given. The policy is
// kept and shown; on one machine there is nobody to keep out.
func (s *State) PutPermission(ctx context.Context, bus, document string, st Statement) error {
	if document != "" && !json.Valid([]byte(document)) {
		return invalid("The provided policy is not valid JSON.")
	}
	_, err := s.UpdateBus(ctx, bus, func(b *Bus) error {
		if document != "" {
			b.Policy = document
			return nil
		}
		if st.Sid == "" {
			return invalid("Parameter StatementId must be specified.")
		}
		st.Effect, st.Resource = "Allow", s.busARN(b.Name)
		added, err := json.Marshal(st)
		if err != nil {
			return invalid("Parameter Condition is not valid.")
		}
		kept, _ := withoutStatement(b.Policy, st.Sid)
		b.Policy = policyOf(append(kept, added))
		return nil
	})
	return err
}

// RemovePermission removes one statement, or all. Error:
// ResourceNotFoundException.
func (s *State) RemovePermission(ctx context.Context, bus, sid string, all bool) error {
	_, err := s.UpdateBus(ctx, bus, func(b *Bus) error {
		if all {
			b.Policy = ""
			return nil
		}
		kept, found := withoutStatement(b.Policy, sid)
		if !found {
			return notFound("Statement with the provided id does not exist.")
		}
		b.Policy = policyOf(kept)
		return nil
	})
	return err
}

func withoutStatement(document, sid string) (kept []json.RawMessage, found bool) {
	var p policy
	if document == "" || json.Unmarshal([]byte(document), &p) != nil {
		return nil, false
	}
	for _, raw := range p.Statement {
		var st struct{ Sid string }
		if json.Unmarshal(raw, &st) == nil && st.Sid == sid {
			found = true
			continue
		}
		kept = append(kept, raw)
	}
	return kept, found
}

func policyOf(statements []json.RawMessage) string {
	if len(statements) == 0 {
		return ""
	}
	document, err := json.Marshal(policy{Version: "2012-10-17", Statement: statements})
	if err != nil {
		return "" // every statement is JSON that was read or made above
	}
	return string(document)
}
