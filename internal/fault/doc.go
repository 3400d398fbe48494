// Package fault classifies errors once, so that the edge can translate them.
//
// Whoever knows what an error means wraps it with its [Class]; everybody above
// only passes it on. internal/consume turns the class into what happens to the
// queue's message:
//
//	Retry  ─ it may go better next time: the message comes again after a backoff, and is parked after a few failures
//	Defer  ─ nothing failed, it is only not its time (quota, deadline): it comes again, and this does not count
//	Reject ─ the request is wrong and will never go: the handler says RequestRejected or AiFailed
//	Park   ─ it will not go better by itself: a person must look
package fault
