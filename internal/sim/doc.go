// Package sim answers what a quota, a mapping and a load come to, in virtual
// time: how long it takes, how often it is throttled, what it costs. What it
// drives is the real thing: pacing.Governor, pack.Pool, and the windows of the
// quota that the local machine enforces.
//
//	load ─► queue ─► event source mapping ─► sandbox: pool ─► governor ─► service: quota, time, 503
//	          ▲ │                              │                            │
//	          │ └─► dead letters               ▼                            ▼
//	          └──────────────────────── not answered in time            answered
//
// There is one thread and one clock, which jumps from event to event: the same
// Config gives the same Result, and half an hour takes milliseconds.
//
// Beside ours there are two ways that a worker would be written without us, the
// AWS SDK's standard and adaptive retry modes. They are spared some of what
// befalls them in life: a timeout loses only the calls in flight, not the batch.
package sim
