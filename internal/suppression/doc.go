// Package suppression knows who may not be mailed, and why.
//
//	feedback, api, cmd ─► Suppress, Transient, Delivered, Lift ─► suppressions/<key>.json
//	notify             ─► Check ◄─────────────────────────────────┤
//	analyze, api       ─► Permit.Nobody ◄─────────────────────────┘ with the domains that may be mailed
//
// The key is an HMAC of the address under a secret of the environment: whoever
// reads the bucket learns no address, and whoever does not know the secret cannot
// look one up.
//
// # What is written down
//
// An object holds what is known of an address, and is never deleted:
//
//	facts      for each reason the newest report of it
//	listed     for each reason the newest entry of SES's own list
//	unlisted   when the address was found to be on SES's list no longer
//	transient  the days (UTC) of bounces that may pass: mailbox full, nobody home
//	delivered  the newest day on which a mail was delivered
//	lifted     when an operator let the address be mailed again
//
// Every part only grows (a newest, a set of the newest), so reports may come
// twice, late and in any order: the same reports make the same object, and the
// same answer to [List.Check]. What is written only once in its place is
// compare-and-swapped.
//
// # Who is suppressed
//
// Reports from before lifted count for nothing. Of the others:
//
//   - what SES's list says counts as a report does, while the address is on it;
//   - a complaint suppresses, and is the reason told whatever else there is, even one
//     of SES's list that the list holds no longer;
//   - so does the wish of the owner (unsubscribed), then an operator's (manual);
//   - so does a permanent bounce;
//   - so do transient bounces on [TransientDays] different days within
//     [TransientWindow], if no mail was delivered on the last of them, between
//     them, or since. Days are counted and not mails, because a hundred mails of
//     one minute meet the same full mailbox.
//
// An address whose mails are answered by an absence note bounces transiently and
// is delivered on the same day, so it is never suppressed.
//
// # SES's own list
//
// SES keeps a list of its own for the account, where it puts who bounced or
// complained, and operators whom they like; and an event of SES may be lost. So once
// a day [List.SweepIfDue] goes through the whole of it, by pages:
//
//	SES's list ─► who came to it         ─► listed     suppressed here too
//	          └─► who was on it, and is
//	              not any more           ─► unlisted   free, if nothing else is known: of a report,
//	                                                   or of a complaint
//
// Who was on it, lies in suppressions/listed.json, in keys. Nothing goes the other
// way: SES's list is one of the whole account, and who wants no more mails of ours
// may want those of others. To let an address be mailed again, sluice ses lift takes
// it from both lists; whoever takes it from SES's alone lifts what SES alone knew.
//
// A sweep may take several invocations: what it has seen lies with SES's page token
// in suppressions/listing.json, and how far it came in suppressions/sweep.json,
// which is compare-and-swapped, so that one of many goes on with it. An address that
// SES leaves out of a page while its list changes is taken for gone until the next
// sweep; no mail reaches it, since SES keeps to its list.
//
// # Cost
//
// Check reads one object per address. A delivery is written once per address and
// day, however many mails there were (one read and one write), and a report that
// adds nothing is only read. A sweep asks SES for a thousand addresses per call, and
// reads and writes an object per address that came or went.
package suppression
