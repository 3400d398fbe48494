package eventbridge

import (
	"context"
	"slices"

	"sluice/internal/local/disk"
)

// An event that rules hand from bus to bus goes so far and no further.
const (
	mostHops   = 5   // from its first bus
	mostVisits = 100 // of buses by one event, over all branches of its way
)

// routedEvent is an event that has arrived on a bus.
type routedEvent struct {
	event *event
	bus   string
	hops  int
}

// delivery is one event for one target, with what is needed if it fails.
type delivery struct {
	event *event
	sink  *sink
	body  []byte
}

// routing gathers what a set of events leads to.
type routing struct {
	table      *routes
	way        []routedEvent // of the event at hand, from bus to bus
	deliveries []delivery
	failed     []failure
	archived   []disk.Change
}

// route matches events, writes them to archives and delivers them. With a list
// of rule ARNs only these rules of the first bus are asked. It returns when
// everything is durable: messages in their queues, failed ones as pending.
func (s *State) route(ctx context.Context, events []routedEvent, onlyRules []string) error {
	r := routing{table: s.routes.Load()}
	for _, first := range events {
		r.way = append(r.way[:0], first)
		s.follow(&r, onlyRules)
	}
	return s.carryOutAll(ctx, &r)
}

// routeTo delivers an event to the targets of one rule, whatever its pattern. The
// event is on no bus, but for those that the rule hands it to.
func (s *State) routeTo(ctx context.Context, rule *Rule, e *event) error {
	r := routing{table: s.routes.Load()}
	for i := range rule.sinks {
		r.aim(&rule.sinks[i], routedEvent{event: e, bus: rule.Bus})
	}
	s.follow(&r, nil)
	return s.carryOutAll(ctx, &r)
}

// follow goes the way of an event from bus to bus.
func (s *State) follow(r *routing, onlyRules []string) {
	if len(r.way) > 0 {
		r.way[0].event.look(r.table.looked)
	}
	for i := 0; i < len(r.way); i++ {
		arrived := r.way[i]
		bus := r.table.buses[arrived.bus]
		if bus == nil {
			// AWS takes the event and drops it; so do we, but not in silence.
			s.cfg.Log.Warn("eventbridge: an event for an unknown bus was dropped", "bus", arrived.bus)
			continue
		}
		r.archive(bus, arrived.event)
		if arrived.hops > 0 {
			r.match(bus, arrived, nil)
		} else {
			r.match(bus, arrived, onlyRules)
		}
	}
}

// carryOutAll makes durable what a routing has gathered.
func (s *State) carryOutAll(ctx context.Context, r *routing) error {
	if len(r.archived) > 0 {
		if err := durable(ctx, s.store.Enqueue(r.archived...)); err != nil {
			return err
		}
	}
	// A caller that has gone away must not leave a delivery half told.
	return s.deliver(context.WithoutCancel(ctx), r.deliveries, r.failed)
}

func (r *routing) match(bus *busRoutes, arrived routedEvent, onlyRules []string) {
	for _, rule := range bus.rules {
		if onlyRules != nil && !slices.Contains(onlyRules, rule.arn) {
			continue
		}
		if !rule.compiled.Match(arrived.event.lookup) {
			continue
		}
		for i := range rule.sinks {
			r.aim(&rule.sinks[i], arrived)
		}
	}
}

// aim turns a match into a delivery to a queue, an arrival on another bus, or a
// failure: a message that cannot be made, a way that is too long or leads
// nowhere.
func (r *routing) aim(k *sink, arrived routedEvent) {
	d := delivery{event: arrived.event, sink: k, body: arrived.event.body}
	if k.bus != "" {
		switch {
		case r.table.buses[k.bus] == nil:
			r.fail(d, "NO_RESOURCE", "Event bus "+k.bus+" does not exist.")
		case arrived.hops >= mostHops || len(r.way) >= mostVisits:
			r.fail(d, "EVENT_REQUEST_REJECTED", "The event has passed through too many event buses.")
		default:
			r.way = append(r.way, routedEvent{event: arrived.event, bus: k.bus, hops: arrived.hops + 1})
		}
		return
	}
	if k.transform != nil {
		body, err := k.transform(arrived.event)
		if err != nil {
			r.fail(d, "INVALID_JSON", err.Error())
			return
		}
		d.body = body
	}
	r.deliveries = append(r.deliveries, d)
}

func (r *routing) fail(d delivery, code, message string) {
	r.failed = append(r.failed, failure{d, &TargetError{Code: code, Message: message, Permanent: true}})
}

// archive notes the event for the archives that want it; a replayed event is
// there already.
func (r *routing) archive(bus *busRoutes, e *event) {
	if len(bus.archives) == 0 {
		return
	}
	if e.ReplayName != "" {
		return
	}
	for _, a := range bus.archives {
		if a.compiled == nil || a.compiled.Match(e.lookup) {
			r.archived = append(r.archived, disk.Change{Bucket: a.bucket(), Key: archiveKey(e), Value: e.body})
		}
	}
}
