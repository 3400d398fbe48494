// Package bus says events: it puts them on the environment's bus by ten and by
// bytes, tries again what EventBridge refused entry by entry, and moves an input
// that is too large for an event to payloads/ (claim check).
//
//	Publish ──┐
//	Publish ──┼─► gathered for a moment ─► PutEvents (≤ 10 entries, < 1 MB) ─► each caller gets its own entry's outcome
//	Publish ──┘                                  └─ failed entries only: again, with backoff
//
// Where one thing is done at a time ([NewDirect]), nothing is gathered: what is
// published together shares calls, and goes out at once.
//
// PutEvents answers 200 even when entries failed; who discards that output loses
// events. A caller that got nil knows that its event is on the bus.
// (https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html)
package bus
