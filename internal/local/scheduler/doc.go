// Package scheduler is Amazon EventBridge Scheduler on one machine, as far as
// schedules are concerned that run once.
//
// The way of a schedule:
//
//  1. CreateSchedule checks the expression (at(yyyy-mm-ddThh:mm:ss) in a time
//     zone), and the target: the universal target lambda:updateEventSourceMapping,
//     or a queue. What could not be carried out here is refused at once, with
//     ValidationException: rate(…), cron(…), flexible windows, other targets.
//  2. [State.Run] sleeps until the next one is due, calls its target through
//     [Targets], and notes on disk that it is done; with ActionAfterCompletion
//     DELETE it is gone. What came due while the machine was off is carried out
//     when it starts. A machine that dies in between calls the target twice.
//  3. A target that fails is tried again after a growing pause, as the retry
//     policy says; then the input goes to the dead-letter queue, if there is one.
//
// The clock is passed in; nothing is later than a second, where the cloud is
// exact to a minute. There is one schedule group, default. Roles are not checked.
//
// Handler speaks the service's REST protocol below /schedules over a State. Files
// named wire*.go know nothing of targets, the others nothing of HTTP.
package scheduler
