// Package reputation keeps count of what becomes of our mails, and stops all
// sending before SES would.
//
//	feedback ─► Add: sends, permanent bounces, complaints ─► reputation/state.json
//	notify   ─► Standing ◄──────────────────────────────────┘   stopped? then mails wait
//	operator ─► Reset
//
// SES reviews an account at 5 % bounces or 0.1 % complaints and pauses it at 10 %
// or 0.5 % (https://docs.aws.amazon.com/ses/latest/dg/reputationdashboard-messages.html),
// and then nothing goes out any more, of anybody in the account. So we stop
// earlier, by ourselves: at [MaxBounces] or [MaxComplaints] of the mails of the
// last [Window], once they are [MinSends] or more.
//
// # How it is counted
//
// What becomes of a mail is counted on the day (UTC) on which the mail was sent,
// so that a bounce and its send leave the window together. As SES does, only
// permanent bounces count, those of addresses that its own list suppressed do
// not, and mails to its mailbox simulator count for nothing. Bounces and
// complaints are counted once each, however often they are told (the first
// [keptIDs] of a day); sends are told apart by batch only, so a batch that is
// taken again after a lost answer may count its sends twice.
//
// # How it ends
//
// While it is stopped nothing new is sent, so the rates fall as days leave the
// window; or an operator resets, and all mails from before count no more. Whether
// it is stopped is worked out from the counts whenever it is asked; what the
// object says of it is for people.
package reputation
