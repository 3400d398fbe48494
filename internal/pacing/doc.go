// Package pacing keeps the model calls of one sandbox within its share of the
// account's quota, so that they are hardly ever throttled and little of the
// quota is left unused. It is pure: no network, the clock is passed in.
//
//	Room ─► how large a call may be ─► Admit(estimate) ─► wait, or a Pass ─► the call
//	                                                                          ├─► Settle(used)
//	                                                                          └─► Refused(why): nothing was charged
//
// Several sandboxes share a quota and never talk to each other: each of N keeps
// to its N-th part. Nobody knows how Amazon Bedrock counts a minute, so a share
// is kept in a way that suits every one of them (a bucket that refills, the
// clock's minute, the last sixty seconds): if all keep to their part of each of
// these windows, then so does their sum.
//
//	level    a bucket of a few seconds of the share: a call takes what it reserves,
//	         and gives back, or owes, the difference to what it used when it ends;
//	         what a short lull leaves over is made up for little by little; a long
//	         one leaves nothing, as then nobody has much to do, and all would make up
//	         for it at once
//	window   what was used in the last sixty seconds, and is reserved now
//	requests the same two for the number of calls, where that is limited too
//	gain     what part of its share the sandbox takes: 1 until a throttle shows that
//	         somebody else uses the quota, or that it is smaller than was said
//
// A quota that was not told is learned at the first throttle, from what was used
// in the minute before it, and looked for again when there was none for long.
//
// A throttle pauses the sandbox, lowers the gain and is remembered as a ceiling;
// the gain then comes back to just below that. Only after long without another,
// and so many calls that the throttles stay near one in a hundred, it feels its way
// above. More than its share it takes only after thousands of calls without one:
// then some sandbox must be idle, or the quota is larger than was said. If neither
// was so, the next try is after twice as many.
//
// A quota that is not known is not paced until the first throttle. What the
// sandbox used in the minute before that is then its share, and all goes on as
// if it had been told, except that it feels its way up sooner.
package pacing
