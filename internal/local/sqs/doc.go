// Package sqs is the local machine's Amazon SQS: a pure state, and a wire that
// speaks its protocol (AWS JSON 1.0, and the older query protocol on top of it)
// so that any AWS client can use it.
//
// The flow of a message:
//
//	SendMessage ─► queue.later (delayed) ─┐
//	     │                                ▼ its time has come
//	     └──────────────────────────► shelf (visible) ─► ReceiveMessage ─► queue.later (in flight)
//	                                      ▲                    │                  │
//	                                      │                    │ received too     ├─► DeleteMessage
//	                                      │                    │ often            │
//	                                      │                    ▼                  │
//	                                      │            dead-letter queue          │
//	                                      └───────────── visibility timeout ◄─────┘
//
// [State] keeps of every message only what it needs to decide (about 200
// bytes); bodies lie in the [disk.Store]. Each queue has two heaps, of what
// becomes visible later and of what retention removes, and a shelf of what is
// visible: for a standard queue the message groups take turns, so that a noisy
// one does not starve the others; for a FIFO queue every group keeps its order.
// No operation looks at messages that it does not touch, so a queue of 100,000
// is as fast as a queue of ten.
//
// Every operation changes memory and enqueues the same change to the store
// under one lock, and answers when that change is durable. So whatever was
// answered survives kill -9: messages, visibility deadlines, receive counts,
// queues, running move tasks. A receive of ten messages is one group of
// changes.
//
// A long poll waits in its queue's line. A message that becomes visible wakes
// the first one in the line at once, whether it was sent, released, moved, or
// its visibility timeout ended.
//
// Where AWS's documentation leaves a choice, this package does what AWS was
// seen to do: on a standard queue every receipt handle ever given out works,
// also after its visibility timeout; on a FIFO queue only the newest, in time.
// A message moved to a dead-letter queue keeps its id, its receive count and,
// on a standard queue, its age; one moved back by a move task is a new message.
// One wait of AWS's is absent: a deleted queue's name is free at once.
package sqs
