// Package park keeps what could not be handled for a person, and says so.
//
//	every dead-letter queue ─► why is it here? ─► about whom? ─► parked/<tenant>/<request>/<attempt>.json ─► RequestParked
//
// Why a message is here, its attributes tell:
//
//	cause, class, function   a function gave up on it (internal/consume)
//	ERROR_CODE, RULE_ARN     EventBridge could not deliver it to the queue: class "undeliverable"
//	nothing                  it was received too often: somebody crashed or timed out over it: class "crash"
//
// About whom, its body tells: one of our events, a RequestReceived from upstream,
// S3's event about an upload (subject: the upload, record 0), or none of these
// (tenant "unknown", and an id that is the body's hash).
//
// # Whether the request ends
//
// RequestParked ends the request for its attempt if the message that was parked
// stood between the request and its end:
//
//	RequestReceived, AiCompleted        yes: nobody else has its next step
//	Stored, a mail was asked for        yes: the mail was what is missing
//	Stored, no mail was asked for       no: it ended with Stored
//	AiFailed, RequestRejected           no: it ended with them, only the mail about that is missing
//	UploadCompleted, S3's event         no: an upload is no request; track notes an upload whose intake is parked
//	anything in track's queue           no: only the bookkeeping is behind
//	not an event at all                 yes, except in track's queue: nothing else will be heard of it
//
// A RequestParked that could not be handled is kept and logged, but not said
// again: it would come back for ever.
//
// # Nothing is lost
//
// The object is only created, never replaced: a second message about the same
// attempt gets a key of its own, and the same message, delivered again, finds
// itself. Whatever fails leaves the message in its dead-letter queue, to come back
// later and later.
package park
