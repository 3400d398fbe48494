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
//   - a complaint suppresses, and is the reason told whatever else there is;
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
// SES keeps a list of its own for the account, and may lose an event. So once a
// day (see [List.SweepIfDue]) what came to its list is taken over. It runs beside
// the mails: where nothing is mailed, nothing need be known.
//
// # Cost
//
// Check reads one object per address. A delivery is written once per address and
// day, however many mails there were (one read and one write), and a report that
// adds nothing is only read.
package suppression
