// Package mappings pauses an event source mapping: a queue feeds its function
// no more until a time, and then feeds it again by itself.
//
// It is for a quota that is used up for the day. Putting the messages back one
// by one would receive each of them again and again; a mapping that is off
// leaves them where they are, ages them by nothing but their retention, and
// costs nothing.
//
//	Pause ─► ListEventSourceMappings ─► CreateSchedule (or UpdateSchedule) ─► UpdateEventSourceMapping Enabled=false
//	          which mapping is it?       at(until): Enabled=true                   only once somebody will wake it
//	                                          │
//	            EventBridge Scheduler ────────┴─► UpdateEventSourceMapping Enabled=true, and the schedule is gone
//
// The schedule comes first: whoever dies in between leaves a mapping that is on
// and is told to be on, never one that is off for good. For the same reason the
// disabling is left out when its schedule is about to come due. The schedule's
// name is made of the mapping's id and the time, so any number of sandboxes that
// pause the same mapping until the same reset write the same schedule.
//
// The function that pauses its own queue is not ended by it: Lambda lets running
// invocations end, and messages that were received come back after their
// visibility timeout.
//
// The four calls are made with awsclient.Service, not with the SDK's clients: of
// the hundreds of operations of Lambda two are needed here, and the clients of the
// two services would add 1.5 ms to a cold start of 8 ms.
package mappings
