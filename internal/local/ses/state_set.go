package ses

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"

	"sluice/internal/local/disk"
)

// Kinds of events of a mail, as configuration sets name them.
const (
	KindSend             = "SEND"
	KindReject           = "REJECT"
	KindBounce           = "BOUNCE"
	KindComplaint        = "COMPLAINT"
	KindDelivery         = "DELIVERY"
	KindRenderingFailure = "RENDERING_FAILURE"
	KindDeliveryDelay    = "DELIVERY_DELAY"
)

// kinds is every kind SES knows; opens, clicks and subscriptions never happen
// here.
var kinds = []string{KindSend, KindReject, KindBounce, KindComplaint, KindDelivery, "OPEN", "CLICK",
	KindRenderingFailure, KindDeliveryDelay, "SUBSCRIPTION"}

// ConfigurationSet says where the events of a mail go.
type ConfigurationSet struct {
	Name         string                 `json:"name"`
	Destinations map[string]Destination `json:"destinations,omitempty"`
	Tags         map[string]string      `json:"tags,omitempty"`
	// SendingOff refuses mails with this set.
	SendingOff bool `json:"sendingOff,omitempty"`
	// Suppressed are the reasons for which addresses are suppressed, instead of the
	// account's; nil leaves it to the account.
	Suppressed *[]string `json:"suppressed,omitempty"`
	// Options are those without an effect here, by the name that SES gives them
	// (DeliveryOptions, …), as they were put.
	Options map[string]json.RawMessage `json:"options,omitempty"`
}

// Destination is an event destination: the default event bus, for some kinds.
type Destination struct {
	Enabled bool     `json:"enabled,omitempty"`
	Kinds   []string `json:"kinds"`
	BusARN  string   `json:"busArn"`
}

var setNames = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

func noSet(name string) error { return notFound("Configuration set <%s> does not exist.", name) }

// CreateSet makes a configuration set. Errors: AlreadyExistsException,
// BadRequestException for the name.
func (s *State) CreateSet(ctx context.Context, set ConfigurationSet) error {
	if !setNames.MatchString(set.Name) {
		return badRequest("Invalid configuration set name <%s>: only alphanumeric ASCII characters, '_', and '-' are allowed, 64 at most.", set.Name)
	}
	return s.change(ctx, func() (disk.Ticket, error) {
		if s.sets.rows[set.Name] != nil {
			return disk.Ticket{}, exists("Configuration set <%s> already exists.", set.Name)
		}
		return s.sets.put(set.Name, &set)
	})
}

// EnsureSet makes a configuration set that publishes the events of all kinds
// to the default event bus, unless it is there.
func (s *State) EnsureSet(ctx context.Context, name string) error {
	err := s.CreateSet(ctx, ConfigurationSet{Name: name, Destinations: map[string]Destination{
		"default-bus": {Enabled: true, Kinds: slices.Clone(kinds), BusARN: s.defaultBus()},
	}})
	var told *Error
	if errors.As(err, &told) && told.Code == CodeExists {
		return nil
	}
	return err
}

func (s *State) defaultBus() string {
	return "arn:aws:events:" + s.cfg.Region + ":" + s.cfg.Account + ":event-bus/default"
}

// Set describes a configuration set. Error: NotFoundException.
func (s *State) Set(name string) (*ConfigurationSet, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if set := s.sets.rows[name]; set != nil {
		return set, nil
	}
	return nil, noSet(name)
}

// DeleteSet removes a configuration set. Error: NotFoundException.
func (s *State) DeleteSet(ctx context.Context, name string) error {
	return s.change(ctx, func() (disk.Ticket, error) {
		if s.sets.rows[name] == nil {
			return disk.Ticket{}, noSet(name)
		}
		return s.sets.remove(name), nil
	})
}

// Sets lists the names of configuration sets.
func (s *State) Sets(token string, size int) ([]string, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return page(s.sets, nil, token, size)
}

// changeSet replaces a configuration set by a changed copy.
func (s *State) changeSet(ctx context.Context, name string, change func(*ConfigurationSet) error) error {
	return s.change(ctx, func() (disk.Ticket, error) {
		old := s.sets.rows[name]
		if old == nil {
			return disk.Ticket{}, noSet(name)
		}
		changed := *old
		changed.Destinations, changed.Tags, changed.Options = maps.Clone(old.Destinations), maps.Clone(old.Tags), maps.Clone(old.Options)
		if changed.Destinations == nil {
			changed.Destinations = map[string]Destination{}
		}
		if err := change(&changed); err != nil {
			return disk.Ticket{}, err
		}
		return s.sets.put(name, &changed)
	})
}

// PutDestination makes (create) or replaces an event destination of a set.
// Errors: NotFoundException, AlreadyExistsException, BadRequestException.
func (s *State) PutDestination(ctx context.Context, set, name string, d Destination, create bool) error {
	if !setNames.MatchString(name) {
		return badRequest("Invalid event destination name <%s>.", name)
	}
	if len(d.Kinds) == 0 {
		return badRequest("Event destination must have at least one matching event type.")
	}
	for _, k := range d.Kinds {
		if !slices.Contains(kinds, k) {
			return badRequest("Invalid event type <%s>.", k)
		}
	}
	if d.BusARN != s.defaultBus() {
		return badRequest("Invalid event bus <%s>: only the default bus of the account is supported.", d.BusARN)
	}
	return s.changeSet(ctx, set, func(c *ConfigurationSet) error {
		_, there := c.Destinations[name]
		switch {
		case create && there:
			return exists("An event destination with name <%s> already exists.", name)
		case !create && !there:
			return notFound("Event destination <%s> does not exist.", name)
		}
		c.Destinations[name] = d
		return nil
	})
}

// DeleteDestination removes an event destination. Error: NotFoundException.
func (s *State) DeleteDestination(ctx context.Context, set, name string) error {
	return s.changeSet(ctx, set, func(c *ConfigurationSet) error {
		if _, there := c.Destinations[name]; !there {
			return notFound("Event destination <%s> does not exist.", name)
		}
		delete(c.Destinations, name)
		return nil
	})
}

// wants tells whether events of a kind are published for a set.
func (s *State) wants(set, kind string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.sets.rows[set]
	if c == nil {
		return false
	}
	for _, d := range c.Destinations {
		if d.Enabled && slices.Contains(d.Kinds, kind) {
			return true
		}
	}
	return false
}

// Tag sets and removes tags of an identity or a configuration set. Errors:
// NotFoundException, BadRequestException for the ARN.
func (s *State) Tag(ctx context.Context, arn string, set map[string]string, remove []string) error {
	change := func(tags map[string]string) map[string]string {
		tags = maps.Clone(tags)
		if tags == nil {
			tags = map[string]string{}
		}
		maps.Copy(tags, set)
		for _, key := range remove {
			delete(tags, key)
		}
		return tags
	}
	kind, name, err := s.resource(arn)
	if err != nil {
		return err
	}
	if kind == "configuration-set" {
		return s.changeSet(ctx, name, func(c *ConfigurationSet) error {
			c.Tags = change(c.Tags)
			return nil
		})
	}
	return s.change(ctx, func() (disk.Ticket, error) {
		old := s.identities.rows[name]
		if old == nil {
			return disk.Ticket{}, notFound("Email identity %s does not exist.", name)
		}
		changed := *old
		changed.Tags = change(old.Tags)
		return s.identities.put(name, &changed)
	})
}

// Tags lists the tags of an identity or a configuration set. Errors: as of Tag.
func (s *State) Tags(arn string) (map[string]string, error) {
	kind, name, err := s.resource(arn)
	if err != nil {
		return nil, err
	}
	if kind == "configuration-set" {
		set, err := s.Set(name)
		if err != nil {
			return nil, err
		}
		return set.Tags, nil
	}
	identity, err := s.Identity(name)
	if err != nil {
		return nil, err
	}
	return identity.Tags, nil
}

func (s *State) resource(arn string) (kind, name string, err error) {
	for _, kind := range []string{"configuration-set", "identity"} {
		if name, ok := strings.CutPrefix(arn, s.arn(kind, "")); ok {
			return kind, name, nil
		}
	}
	return "", "", badRequest("Invalid ARN <%s>: only identities and configuration sets have tags here.", arn)
}
