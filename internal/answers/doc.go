// Package answers gets one answer for one record and pays for it once.
//
//	Begin(n) ─► Batch: the records that one invocation brought, each at its Seat
//	Seat.Ask ─► key = HMAC(tenant's key; task version, frame, model, parameters, input [, request])
//	         ─► answers/<key> there?  ─ this request's own, or its failure ─► the same again, with the same usage and cost
//	         │                        └ another request's                  ─► reused, nothing paid
//	         ├► somebody in this process is asking it? ─► wait for what becomes of that, then look again
//	         └► wait at the model's desk ─► a pack (internal/pack) ─► admitted (internal/pacing) ─► paid for (internal/budget) ─► call
//	                                                                                                                            │
//	            kept (If-None-Match) ─► Outcome ◄─ the answer to each record, checked against the task's schema ◄───────────────┘
//	              └─ somebody was first ─► theirs is the answer, ours is duplicate spend
//
// # Packs
//
// Records share a call if tenant, task, parameters, model and lane are the same.
// A full pack goes as soon as it is admitted; one that is not full waits only
// while records of the batch are still on their way to ask. As many calls are
// under way as the governor admits, and none waits for another: what a call
// said is kept, and its records return, as soon as it ends. A process that is
// killed pays again for the calls in flight at most.
//
//	ids do not match, malformed, refused, cut off, too long, broken   half as many records in each call, until the one that spoils it is alone
//	left out, or unfit                                                 once more with others, then alone, then it fails
//	throttled, overloaded                                              the same pack again when the governor says so
//	tokens of the day used up, or too little time left                 all that wait are deferred
//
// # Learning
//
// A process learns of each task and model how many tokens a text has, and how
// long answers are: max_tokens is their 99th percentile × 1.15 + 50, since it is
// reserved of the quota whether it is used or not. An answer that is cut off is
// asked for again with all that the task allows.
//
// # Twice the same
//
// Whatever is told of a request is read back from what is kept, so a second
// delivery tells the same, and two different ends of one request are impossible:
// failures are kept too, each for its own request. Every call is entered in the
// ledger before it is made and when it ends; what was paid twice for one answer,
// or for an answer that was lost, is entered as that.
//
// A tenant's key is itself an HMAC of the environment's secret and the tenant's
// name: equal inputs of two tenants have nothing in common.
package answers
