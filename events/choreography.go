package events

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"sluice/events/schedule"
	"sluice/schemas"
)

//go:embed choreography.json
var choreographyJSON []byte

// Upstream is the sayer of events that come from outside.
const Upstream = "upstream"

// Choreography is the one description of who says what and who hears it.
// Terraform and the local machine build the same resources from it.
type Choreography struct {
	Events        map[string]Said         `json:"events"`
	Functions     map[string]Function     `json:"functions"`
	Subscriptions map[string]Subscription `json:"subscriptions"`
	DeadLetters   DeadLetters             `json:"deadLetters"`
	Routes        map[string]string       `json:"routes"`
}

// Said is one event type: its version and who says it (functions, or
// [Upstream]).
type Said struct {
	Version int      `json:"version"`
	SaidBy  []string `json:"saidBy"`
}

// Function is one Lambda.
type Function struct {
	// Timeout is in seconds, 1 to 900.
	Timeout int `json:"timeout"`
	// Memory is in MB, Storage is what it has under /tmp in MB (0: 512).
	Memory  int `json:"memory"`
	Storage int `json:"storage,omitempty"`
	// Concurrency is how many sandboxes are kept for a function that routes lead to;
	// others have what their mappings allow.
	Concurrency int `json:"concurrency,omitempty"`
	// Calls are the IAM actions the function makes, each with what it is made
	// on: an S3 prefix, or the logical name of a resource. CallsIf adds those of
	// an optional feature.
	Calls   map[string][]string            `json:"calls"`
	CallsIf map[string]map[string][]string `json:"callsIf,omitempty"`
}

// Subscription is a rule, the queue it feeds and the mapping that drains it.
type Subscription struct {
	Function string `json:"function"`
	// Bus is "own" or "default".
	Bus string `json:"bus"`
	// Pattern is an EventBridge event pattern; {bucket} and {configurationSet}
	// stand for the environment's.
	Pattern json.RawMessage `json:"pattern"`
	// Schedule makes the rule say a Scheduled Event of its own accord, beside what
	// the pattern takes: rate(…) or cron(…), on the default bus only. "" for never.
	Schedule string `json:"schedule,omitempty"`
	Mapping
	// MaxReceives sends a message to the dead-letter queue.
	MaxReceives int `json:"maxReceives"`
}

// Mapping is how an event source mapping drains a queue.
type Mapping struct {
	Batch int `json:"batch"`
	// Window is in seconds: how long a batch may gather.
	Window      int `json:"window"`
	Concurrency int `json:"concurrency"`
	// Visibility is the queue's visibility timeout in seconds.
	Visibility int `json:"visibility"`
}

// DeadLetters is how every dead-letter queue is drained.
type DeadLetters struct {
	Function string `json:"function"`
	Mapping
}

// LoadChoreography decodes the embedded file and checks it.
func LoadChoreography() (Choreography, error) { return ParseChoreography(choreographyJSON) }

// ParseChoreography decodes a choreography strictly (an unknown key is an
// error) and checks it; the error lists everything that is wrong.
func ParseChoreography(document []byte) (Choreography, error) {
	problems, err := schemas.ValidateChoreography(document)
	if err != nil {
		return Choreography{}, fmt.Errorf("choreography: %w", err)
	}
	var errs []error
	for _, p := range problems {
		errs = append(errs, errors.New(p.String()))
	}
	if len(errs) > 0 {
		return Choreography{}, fmt.Errorf("choreography: %w", errors.Join(errs...))
	}
	var c Choreography
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&c); err != nil {
		return Choreography{}, fmt.Errorf("choreography: %w", err)
	}
	if err := c.check(); err != nil {
		return Choreography{}, fmt.Errorf("choreography: %w", err)
	}
	return c, nil
}

// visibilityFactor is AWS's advice for a queue that feeds a function
// (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html): a
// message must not come again while it may still be worked on.
const visibilityFactor = 6

// gatewayWaits is how many seconds API Gateway waits for an answer
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html).
const gatewayWaits = 30

func (c Choreography) check() error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	for _, name := range slices.Sorted(maps.Keys(c.Events)) {
		for _, sayer := range c.Events[name].SaidBy {
			if _, known := c.Functions[sayer]; !known && sayer != Upstream {
				wrong("event %s is said by %q, which is no function", name, sayer)
			}
		}
	}
	drained := map[string]bool{c.DeadLetters.Function: true}
	visible := func(where, function string, m Mapping) {
		f, known := c.Functions[function]
		drained[function] = true
		switch {
		case !known:
			wrong("%s is drained by %q, which is no function", where, function)
		case m.Visibility < visibilityFactor*f.Timeout:
			wrong("%s: visibility %d s is less than %d × the %d s timeout of %s", where, m.Visibility, visibilityFactor, f.Timeout, function)
		}
		if m.Batch > 10 && m.Window < 1 {
			wrong("%s: a batch of more than 10 needs a window of at least 1 s", where)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Subscriptions)) {
		s := c.Subscriptions[name]
		visible("subscription "+name, s.Function, s.Mapping)
		if err := s.checkSchedule(); err != nil {
			wrong("subscription %s: schedule %q: %v", name, s.Schedule, err)
		}
		heard, err := s.DetailTypes()
		if err != nil {
			wrong("subscription %s: %v", name, err)
		}
		for _, kind := range heard {
			if _, said := c.Events[kind]; !said && s.Bus == "own" {
				wrong("subscription %s hears %s, which nobody says", name, kind)
			}
		}
	}
	visible("deadLetters", c.DeadLetters.Function, c.DeadLetters.Mapping)
	for _, route := range slices.Sorted(maps.Keys(c.Routes)) {
		f, known := c.Functions[c.Routes[route]]
		switch {
		case !known:
			wrong("route %s goes to %q, which is no function", route, c.Routes[route])
		case f.Concurrency < 1 || f.Timeout >= gatewayWaits:
			wrong("route %s: %s needs a concurrency, and a timeout below the %d s that API Gateway waits", route, c.Routes[route], gatewayWaits)
		}
		drained[c.Routes[route]] = true
	}
	for _, name := range slices.Sorted(maps.Keys(c.Functions)) {
		if !drained[name] {
			wrong("function %s hears nothing", name)
		}
	}
	return errors.Join(errs...)
}

// checkSchedule tells what is wrong with the schedule, if there is one.
func (s Subscription) checkSchedule() error {
	if s.Schedule == "" {
		return nil
	}
	if s.Bus != "default" {
		return errors.New("EventBridge runs schedules on the default bus only")
	}
	_, err := schedule.Parse(s.Schedule)
	return err
}

// DetailTypes lists the exact detail-types that the pattern names. A
// subscription of our own bus must name at least one; those of the default bus
// may match by prefix.
func (s Subscription) DetailTypes() ([]string, error) {
	var pattern struct {
		DetailType []json.RawMessage `json:"detail-type"`
	}
	if err := json.Unmarshal(s.Pattern, &pattern); err != nil {
		return nil, fmt.Errorf("pattern: %w", err)
	}
	var kinds []string
	for _, raw := range pattern.DetailType {
		var kind string
		if json.Unmarshal(raw, &kind) == nil {
			kinds = append(kinds, kind)
		} else if s.Bus == "own" {
			return nil, fmt.Errorf("pattern: detail-type %s is not a name", raw)
		}
	}
	if s.Bus == "own" && len(kinds) == 0 {
		return nil, errors.New("pattern: names no detail-type")
	}
	return kinds, nil
}

// PatternFor is the pattern of an environment: its bucket and SES configuration
// set take the places of {bucket} and {configurationSet}.
func (s Subscription) PatternFor(bucket, configurationSet string) string {
	return strings.NewReplacer("{bucket}", bucket, "{configurationSet}", configurationSet).Replace(string(s.Pattern))
}

// TimeoutOf is how long the function may run.
func (f Function) TimeoutOf() time.Duration { return time.Duration(f.Timeout) * time.Second }

// PublicRoute tells whether a route is for everybody: one that ends with a token,
// which is signed itself. All others are for whom the gateway lets in.
func PublicRoute(key string) bool { return strings.HasSuffix(key, "/{token}") }
