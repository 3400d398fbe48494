package eventbridge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// States of a replay.
const (
	ReplayStarting  = "STARTING"
	ReplayRunning   = "RUNNING"
	ReplayCancelled = "CANCELLED"
	ReplayCompleted = "COMPLETED"
	ReplayFailed    = "FAILED"
)

// Replay puts the events of an archive on their bus again.
type Replay struct {
	Name        string    `json:"name"`
	Description string    `json:"description,omitempty"`
	Archive     string    `json:"archive"`
	Bus         string    `json:"bus"`
	Rules       []string  `json:"rules,omitempty"` // ARNs; all if empty
	From        time.Time `json:"from"`            // arrival of events, inclusive
	To          time.Time `json:"to"`              // exclusive
	State       string    `json:"state"`
	Reason      string    `json:"reason,omitempty"`
	Started     time.Time `json:"started"`
	Ended       time.Time `json:"ended,omitzero"`
	LastKey     []byte    `json:"lastKey,omitempty"` // of the newest event that was put again
}

// LastReplayed is the arrival of the newest event that was put again.
func (r *Replay) LastReplayed() time.Time { return keyTime(r.LastKey) }

// Active tells that the replay is not over.
func (r *Replay) Active() bool { return r.State == ReplayStarting || r.State == ReplayRunning }

// ReplayARN is a replay's name in AWS.
func (s *State) ReplayARN(name string) string { return s.arn("replay/" + name) }

// StartReplay takes down a replay; Run carries it out, over restarts. Errors:
// ResourceAlreadyExistsException, ValidationException for what does not fit.
func (s *State) StartReplay(ctx context.Context, r Replay, archiveARN, busARN string) (*Replay, error) {
	_, archive, ok := strings.Cut(archiveARN, ":archive/")
	if !ok {
		return nil, invalid("Parameter EventSourceArn is not valid. Reason: Must contain an archive ARN.")
	}
	if !strings.Contains(busARN, ":event-bus/") {
		return nil, invalid("Parameter Destination.Arn is not valid. Reason: Must contain an event bus ARN.")
	}
	if !ruleNames.MatchString(r.Name) {
		return nil, invalid("1 validation error detected: Value '%s' at 'replayName' failed to satisfy constraint: "+
			"Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+ and have length between 1 and 64", r.Name)
	}
	if !r.From.Before(r.To) {
		return nil, invalid("Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime.")
	}
	r.Archive, r.Bus, r.State, r.Started = archive, busName(busARN), ReplayStarting, s.cfg.Now().UTC()
	s.mu.Lock()
	err := s.checkReplay(r)
	if err != nil {
		s.mu.Unlock()
		return nil, err
	}
	s.replays[r.Name] = &r
	t := s.save(bucketReplays, r.Name, &r)
	s.mu.Unlock()
	if err := durable(ctx, t); err != nil {
		return nil, err
	}
	select {
	case s.replayed <- struct{}{}:
	default:
	}
	return &r, nil
}

// checkReplay looks at what a replay needs; call it with mu held.
func (s *State) checkReplay(r Replay) error {
	if _, err := s.bus(r.Bus); err != nil {
		return err
	}
	a := s.archives[r.Archive]
	switch {
	case a == nil:
		return invalid("Parameter EventSourceArn is not valid. Reason: Archive %s does not exist.", r.Archive)
	case a.Bus != r.Bus:
		return invalid("Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted.")
	case s.replays[r.Name] != nil:
		return &Error{Code: codeExists, Message: "Replay " + r.Name + " already exists."}
	}
	return nil
}

// Replay describes a replay. Error: ResourceNotFoundException.
func (s *State) Replay(name string) (*Replay, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.replays[name]; r != nil {
		return r, nil
	}
	return nil, notFound("Replay %s does not exist.", name)
}

// CancelReplay stops a replay. Errors: ResourceNotFoundException,
// IllegalStatusException when it is over.
func (s *State) CancelReplay(ctx context.Context, name string) (*Replay, error) {
	return s.changeReplay(ctx, name, func(r *Replay) error {
		if !r.Active() {
			return &Error{Code: codeIllegalStatus, Message: "Replay " + name + " is not in a valid state for this operation."}
		}
		r.State, r.Ended = ReplayCancelled, s.cfg.Now().UTC()
		return nil
	})
}

func (s *State) changeReplay(ctx context.Context, name string, change func(*Replay) error) (*Replay, error) {
	s.mu.Lock()
	old := s.replays[name]
	if old == nil {
		s.mu.Unlock()
		return nil, notFound("Replay %s does not exist.", name)
	}
	changed := *old
	if err := change(&changed); err != nil {
		s.mu.Unlock()
		return nil, err
	}
	s.replays[name] = &changed
	t := s.save(bucketReplays, name, &changed)
	s.mu.Unlock()
	return &changed, durable(ctx, t)
}

// Replays lists replays by name, by state or archive if given.
func (s *State) Replays(prefix, state, archiveARN, token string, limit int) ([]*Replay, string, error) {
	_, archive, _ := strings.Cut(archiveARN, ":archive/")
	s.mu.Lock()
	defer s.mu.Unlock()
	names := slices.Sorted(maps.Keys(s.replays))
	names = slices.DeleteFunc(names, func(n string) bool {
		r := s.replays[n]
		return !strings.HasPrefix(n, prefix) || state != "" && r.State != state || archive != "" && r.Archive != archive
	})
	names, next, err := page(names, token, limit)
	if err != nil {
		return nil, "", err
	}
	replays := make([]*Replay, len(names))
	for i, n := range names {
		replays[i] = s.replays[n]
	}
	return replays, next, nil
}

func (s *State) runReplays(ctx context.Context) error {
	for {
		s.mu.Lock()
		active := slices.DeleteFunc(slices.Collect(maps.Values(s.replays)), func(r *Replay) bool { return !r.Active() })
		s.mu.Unlock()
		for _, r := range active {
			if err := s.carryOut(ctx, r); err != nil {
				return fmt.Errorf("eventbridge: replay %s: %w", r.Name, err)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.replayed:
		}
	}
}

// errStopped ends a replay that was cancelled meanwhile.
var errStopped = errors.New("the replay was cancelled")

// carryOut puts the events of a replay again, from where it stands.
func (s *State) carryOut(ctx context.Context, r *Replay) error {
	end := func(state, reason string) error {
		_, err := s.changeReplay(ctx, r.Name, func(r *Replay) error {
			if !r.Active() {
				return errStopped
			}
			r.State, r.Reason, r.Ended = state, reason, s.cfg.Now().UTC()
			return nil
		})
		if errors.Is(err, errStopped) {
			return nil
		}
		return err
	}
	a, err := s.Archive(r.Archive)
	if err != nil {
		return end(ReplayFailed, "The archive does not exist any more.")
	}
	keys, err := s.archivedKeys(a, r.From, r.To, r.LastKey)
	if err != nil {
		return err
	}
	for chunk := range slices.Chunk(keys, mostEntries) {
		if ctx.Err() != nil {
			return nil
		}
		if err := s.replayChunk(ctx, r, a, chunk); err != nil {
			return err
		}
		_, err := s.changeReplay(ctx, r.Name, func(r *Replay) error {
			if !r.Active() {
				return errStopped
			}
			r.State, r.LastKey = ReplayRunning, chunk[len(chunk)-1]
			return nil
		})
		if errors.Is(err, errStopped) || ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return end(ReplayCompleted, "")
}

func (s *State) replayChunk(ctx context.Context, r *Replay, a *Archive, keys [][]byte) error {
	var events []routedEvent
	for _, key := range keys {
		body, found, err := s.store.Get(a.bucket(), key)
		if err != nil {
			return err
		}
		if !found {
			continue // forgotten since
		}
		var env envelope
		if err := json.Unmarshal(body, &env); err != nil {
			return fmt.Errorf("archived event %x: %w", key, err)
		}
		env.ReplayName = r.Name
		e, err := newEvent(env.head, string(env.Detail))
		if err != nil {
			return fmt.Errorf("archived event %x: %w", key, err)
		}
		e.ingested = s.cfg.Now()
		events = append(events, routedEvent{event: e, bus: r.Bus})
	}
	var only []string
	if len(r.Rules) > 0 {
		only = r.Rules
	}
	return s.route(ctx, events, only)
}

var errEnough = errors.New("behind the range")

// archivedKeys lists the events of an archive that arrived in [from, to) and
// sort behind a key.
func (s *State) archivedKeys(a *Archive, from, to time.Time, behind []byte) ([][]byte, error) {
	var keys [][]byte
	err := s.store.Scan(a.bucket(), nil, func(key, _ []byte) error {
		at := keyTime(key)
		if !at.Before(to) {
			return errEnough
		}
		if !at.Before(from) && bytes.Compare(key, behind) > 0 {
			keys = append(keys, bytes.Clone(key))
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return keys, err
}
