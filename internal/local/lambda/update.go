package lambda

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"sluice/internal/local/service"
)

// Update is a change of a mapping; nil leaves as it is.
type Update struct {
	// Function must be the mapping's own: a mapping does not move here.
	Function                       *string
	Enabled                        *bool
	BatchSize, Window, Concurrency *int
}

// Told is a mapping as Lambda tells of it.
type Told struct {
	UUID, Function, QueueARN, State string
	Settings
	Modified time.Time
}

func told(id string, m *mapping) Told {
	return Told{id, m.Function, m.QueueARN, m.state, m.Settings, m.Modified}
}

// Limits of a mapping that a queue feeds.
// https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html
const (
	mostBatch       = 10_000
	mostFIFOBatch   = 10
	mostWindow      = 300
	fewestCalls     = 2
	mostCalls       = 1000
	windowAboveSize = 10 // a larger batch needs a window
)

// Mapping is one mapping. The error is an *Error.
func (s *State) Mapping(id string) (Told, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := s.find(id)
	if err != nil {
		return Told{}, err
	}
	return told(id, m), nil
}

func (s *State) find(id string) (*mapping, error) {
	m, found := s.mappings[id]
	if !found {
		return nil, notFound("The resource you requested does not exist.")
	}
	return m, nil
}

// Mappings lists the mappings by UUID: those of a function, if it is not "", and
// of a queue, if that is not "". The error is an *Error: no such function.
func (s *State) Mappings(function, queueARN string) ([]Told, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if function != "" {
		function = functionName(function)
		if _, found := s.functions[function]; !found {
			return nil, notFound("Function not found: %s", s.functionARN(function))
		}
	}
	list := []Told{}
	for _, id := range slices.Sorted(maps.Keys(s.mappings)) {
		m := s.mappings[id]
		if (function == "" || m.Function == function) && (queueARN == "" || m.QueueARN == queueARN) {
			list = append(list, told(id, m))
		}
	}
	return list, nil
}

// UpdateMapping changes a mapping and answers it as it is on the way: the poller
// obeys a moment later. The error is an *Error: no such mapping, not a setting
// that Lambda would take, or a change is under way (try again later).
func (s *State) UpdateMapping(ctx context.Context, id string, u Update) (Told, error) {
	s.mu.Lock()
	m, err := s.find(id)
	if err != nil {
		s.mu.Unlock()
		return Told{}, err
	}
	if m.state != m.settled() {
		s.mu.Unlock()
		return Told{}, &Error{Code: CodeInUse, Message: "Cannot update the event source mapping because it is in use.", Passing: true}
	}
	to, refused := u.of(m)
	if refused != nil {
		s.mu.Unlock()
		return Told{}, refused
	}
	if to == m.Settings {
		defer s.mu.Unlock()
		return told(id, m), nil
	}
	changed := &mapping{Function: m.Function, QueueARN: m.QueueARN, Settings: to, Modified: s.cfg.Now(), poller: m.poller, state: way(m.Settings, to)}
	s.mappings[id] = changed
	ticket := s.store.Enqueue(change(id, changed))
	answer := told(id, changed)
	s.obeying.Go(func() { s.obey(changed) })
	s.mu.Unlock()
	if err := ticket.Wait(ctx); err != nil {
		return Told{}, service.Refuse(http.StatusInternalServerError, CodeService, "The change could not be kept: %s", err)
	}
	return answer, nil
}

// way is the state between two settings.
func way(from, to Settings) string {
	switch {
	case from.Enabled == to.Enabled:
		return Updating
	case to.Enabled:
		return Enabling
	}
	return Disabling
}

// obey has the poller obey.
func (s *State) obey(m *mapping) {
	if err := s.apply(m); err != nil {
		s.cfg.Log.Error("an event source mapping does not obey", "function", m.Function, "error", err.Error())
	}
}

// apply has the poller obey, and ends the state on the way.
func (s *State) apply(m *mapping) error {
	var err error
	if m.poller != nil {
		err = m.poller.Apply(m.Settings)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m.state = m.settled()
	return err
}

// of is what the settings of the mapping become.
func (u Update) of(m *mapping) (Settings, *Error) {
	to := m.Settings
	set(&to.Enabled, u.Enabled)
	set(&to.BatchSize, u.BatchSize)
	set(&to.Window, u.Window)
	set(&to.Concurrency, u.Concurrency)
	most := mostBatch
	if strings.HasSuffix(m.QueueARN, ".fifo") {
		most = mostFIFOBatch
	}
	switch {
	case u.Function != nil && functionName(*u.Function) != m.Function:
		return to, wrong("The local Lambda does not move an event source mapping to another function.")
	case u.BatchSize != nil && (to.BatchSize < 1 || to.BatchSize > most):
		return to, wrong("Batch size must be between 1 and %d.", most)
	case u.Window != nil && (to.Window < 0 || to.Window > mostWindow):
		return to, wrong("Maximum batch window in seconds must be between 0 and %d.", mostWindow)
	case u.Window != nil && to.Window > 0 && most == mostFIFOBatch:
		return to, wrong("Batching window is not supported for FIFO queues.")
	case u.Concurrency != nil && to.Concurrency != 0 && (to.Concurrency < fewestCalls || to.Concurrency > mostCalls):
		return to, wrong("MaximumConcurrency must be between %d and %d.", fewestCalls, mostCalls)
	case (u.BatchSize != nil || u.Window != nil) && to.BatchSize > windowAboveSize && to.Window == 0:
		return to, wrong("Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than %d.", windowAboveSize)
	}
	return to, nil
}

func set[T any](to *T, given *T) {
	if given != nil {
		*to = *given
	}
}

// Function is one function, by any name that Lambda takes. The error is an
// *Error.
func (s *State) Function(given string) (Function, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := functionName(given)
	f, found := s.functions[name]
	if !found {
		return Function{}, notFound("Function not found: %s", s.functionARN(name))
	}
	return f, nil
}

// Functions lists the functions by name.
func (s *State) Functions() []Function {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Function, 0, len(s.functions))
	for _, name := range slices.Sorted(maps.Keys(s.functions)) {
		list = append(list, s.functions[name])
	}
	return list
}

// Close returns when no poller is about to obey any more.
func (s *State) Close() { s.obeying.Wait() }
