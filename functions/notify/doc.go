// Package notify mails those who asked for it.
//
//	Stored, AiFailed, RequestRejected, RequestParked (wantsMail), UploadCompleted (wantsReport)
//	  ─► who is to be mailed? requests/<tenant>/<id>.json, or the upload's definition; never the event
//	  ─► may they be? allowed domains; an address of doubtful form is not mailed
//	  ─► for each: is sending allowed at all? ─► claim ─► suppressed? ─► one SendEmail ─► claim marked as sent
//	  ─► Notified with every outcome, or NotificationSkipped if nobody may be mailed
//
// Only after Stored does the outcome of the mail end the request; the other
// events have ended it already.
//
// # One mail
//
// SES has no idempotency token, so every recipient has a claim (internal/claim),
// and SendEmail is tried once: the SDK would send twice when an answer is lost.
// The claim names what the mail is about, so that nobody is mailed twice without
// news: a request's result once and for all, its failure once per attempt, an
// upload's report once per UploadCompleted (track says one per level reached).
//
//	accepted                                sent
//	message or address refused              refused; trying again would not help
//	throttled                               the claim is freed, the message deferred
//	sending paused, account suspended       the claim is freed, the message parked with that cause
//	other refusals (rights, configuration)  likewise
//	no answer, or an error of SES's own     unknown: the claim is left to expire, and then it is sent again
//
// So there are never more mails than one and the number of answers that were
// lost between SES and the mark.
//
// # Who is not mailed
//
// An address under suppressions/ (internal/suppression) is skipped with its
// reason. It is looked up under the claim, last before SendEmail: a suppression
// that is in force before the claim is taken stops the mail, whoever holds the
// claim in the end. A mail that was sent before stays sent: its claim says so.
//
// While too many mails bounce or are called spam (internal/reputation), nobody is
// mailed: messages are deferred, for longer and longer, and go on when the rates
// have fallen or an operator has reset the counts. What is read of the counts is
// believed for some seconds, so a mail costs no read of them.
//
// # What a mail carries
//
// Its tags (internal/mailtag) join what becomes of it to the request: feedback
// hears of that. Where the API has a public URL, a report has a link to its page
// and the headers for unsubscribing in one click (internal/links).
//
// What SES says in an error may hold an address, so only its code goes into logs
// and events.
package notify
