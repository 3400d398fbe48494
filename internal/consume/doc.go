// Package consume is the way into a function: it turns the batch of messages
// that an event source mapping brings into one decision per message.
//
//	SQS batch ─► Message (EventBridge record in it) ─► the handler, many at a time ─► nil     done: the mapping deletes it
//	                                                                               ├► Defer   back, after its time; does not count
//	                                                                               ├► Retry   back, after a backoff; the third failure gives up
//	                                                                               └► Park    gives up
//
// There is no barrier: every message is settled when its own handler returns,
// and one that fails, panics or is poison changes nothing for its neighbours
// (partial batch responses). Giving up sends the message with its cause to the
// queue's dead-letter queue, which park drains; a message that is there without
// a cause came by its receive count, so somebody crashed or timed out over it.
//
// # Workflows
//
// A function may be a step of a Step Functions workflow as well: then a message is
// {"taskToken", "record"}, and its handler sees the record and nothing else. What
// becomes of it is told to the workflow (SendTaskSuccess, SendTaskFailure) and not
// to the queue, and the message is done:
//
//	nil                        {"said": detail-type, "record": the event that was said}
//	Defer, a minute or more    {"said": "", "until": when}; the workflow waits, and sends it again
//	any other                  the error Sluice.<class>; the workflow retries, or gives up
//
// Whom nobody waits for any more is done too. An event that names an execution
// and comes without a token was put back after its workflow gave up: it goes by
// the choreography. [Serve] is for steps that need no queue.
//
// When the invocation's time runs out, what was not begun goes back at once and
// nothing is counted against it.
package consume
