// Package eventbridge is Amazon EventBridge on one machine: event buses, rules
// with patterns, targets, archives and replays, durable in a disk.Store.
//
// The way of an event:
//
//  1. PutEvents (over the wire, or State.Put from inside the machine) checks
//     every entry by itself and gives it an id; what is wrong with one is its
//     own result and does not disturb its neighbours.
//  2. The event is marshalled once, and of its detail only that is decoded which
//     some rule or archive looks at; the whole, when a target's template asks for
//     it. The enabled rules of its bus are asked, in their compiled form, whether
//     they take it; a rule's target is a queue or another bus, whose rules are
//     asked in turn, a bounded number of times.
//  3. Matched queue targets become deliveries, with the target's Input,
//     InputPath or InputTransformer applied, and are handed to Targets together.
//     The call answers when all of them are durable.
//  4. A delivery that its target did not take is written down as pending and
//     tried again by Run, with growing pauses, as long as the target's
//     RetryPolicy allows; after that, or at once if no retry can help, the event
//     goes to the target's dead-letter queue with the attributes that AWS sets.
//     Pending deliveries survive a restart.
//  5. A rule of the default bus with a schedule (rate(…) or cron(…)) says a
//     Scheduled Event when it is due, to its own targets and to nobody else, so no
//     archive keeps it either. When it is due next is kept on disk: what came due
//     while the machine was off is said once when it starts, however often it was
//     (AWS has no such times), and after that the schedule goes on in its phase.
//     AWS does not say when a rate is due first: here when it has passed once.
//  6. Archives keep the events of their bus; a replay puts them on the bus
//     again, marked with its name.
//
// Buses, rules, targets, archives and replays are kept as one small record
// each. Readers see an immutable routing table that every change replaces, so
// that PutEvents takes no lock.
//
// Handler speaks the AWS JSON 1.1 protocol over a State. Files named state_*.go,
// put.go, event.go, route.go, deliver.go, pending.go, clock.go, archive.go and replay.go
// know nothing of HTTP; wire*.go know nothing of rules.
package eventbridge
