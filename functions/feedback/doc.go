// Package feedback hears what became of our mails, and sees to it that nobody is
// mailed who must not be.
//
//	SES's events on the default bus (Send, Delivery, Bounce, Complaint, Reject, Rendering Failure, DeliveryDelay)
//	  ─► is it ours? the rule lets in those of the environment's configuration set
//	  ─► which request caused the mail? the mail's tags (internal/mailtag)
//	  ─► suppressions/<key>.json (internal/suppression)
//	  ─► EmailDelivered, EmailBounced, EmailComplained
//	  ─► reputation/state.json (internal/reputation), once per batch
//	the rule's own clock on the same queue, once an hour (aws.events, Scheduled Event)
//	  ─► once a day: SES's own suppression list, what came to it and what is gone (internal/suppression)
//
// What each of them does:
//
//	Delivery                     ends a row of transient bounces            EmailDelivered
//	Bounce, permanent            suppresses; counts                         EmailBounced
//	Bounce, transient or not     counts towards a row; one that is about    EmailBounced
//	  determined                 the mail (its size, its content) does not
//	Complaint                    suppresses, whatever else is known; counts EmailComplained
//	Complaint of type not-spam   the owner says that it is no spam: nothing
//	Reject, Rendering Failure    the mail never left SES, its address is    EmailBounced
//	                             not to blame
//	Send                         counts
//	DeliveryDelay                SES goes on trying: is logged
//	Open, Click, Subscription    are not asked for: mails are not tracked, and
//	                             no contact list of SES's is used; would be logged
//
// The address that a report names may be another one than the one that was mailed
// (a mail that is forwarded, an alias). As every mail of ours goes to one address,
// that one is suppressed as well: it is what would be mailed again.
//
// A mail that has no tags of ours was sent by somebody else with the configuration
// set: its addresses are suppressed and counted, and nothing is said.
//
// # Twice, late, in any order
//
// The suppression is in force before the event about it is said. Both bear
// repetition: the list converges, and an event's id names the mail, the recipient
// and the report. The counts are added last, for what went well.
//
// # The clock
//
// The clock says that a sweep may be due; whether it is, suppressions/sweep.json
// tells. So it is said more often than needed: a sweep that failed is only logged,
// and the next hour goes on with it. No message waits for that, and none is parked. A
// list that is longer than an invocation brings the clock's message back at once.
//
// SES's reports hold addresses and headers, so no error and no log line quotes
// them.
package feedback
