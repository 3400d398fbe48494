// Package ses is Amazon SES (API v2) on one machine: mails are taken, judged
// and rendered as SES would, and end in a durable outbox instead of somebody's
// inbox.
//
// The way of a mail:
//
//  1. SendEmail checks who sends (a verified identity), to whom (addresses, 50
//     at most), and what: subject and body, a raw MIME message, or a template
//     with its data. Nothing that could break out of a header line gets through.
//  2. Simple and template mails are rendered to MIME; raw ones are parsed, so
//     that every mail in the outbox has subject, text and HTML to read.
//  3. The mail is written to the outbox under a message id. The call answers
//     when it is durable.
//  4. What became of it is decided per recipient: delivered, unless the address
//     is on the suppression list or is one of the mailbox simulator's
//     (bounce@, complaint@, ooto@, suppressionlist@simulator.amazonses.com).
//     If the mail's configuration set has an EventBridge destination, these
//     events are handed to Publisher in the shape that SES documents, before
//     the call answers.
//
// Feedback brings about what comes later or never on one machine: bounces,
// complaints and delays of a mail that was already sent.
//
// SendBulkEmail fills one template for up to 50 destinations, each on its own.
//
// Identities are verified as soon as they are created. Identities, configuration
// sets, templates, the suppression list and the outbox are kept in a disk.Store.
//
// Handler speaks SES's REST protocol below /v2/email/ over a State. Files named
// wire*.go know nothing of mails, the others nothing of HTTP.
package ses
