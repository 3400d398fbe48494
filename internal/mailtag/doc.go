// Package mailtag joins what becomes of a mail to the request that caused it.
//
//	notify   ─ Of: request, tenant, … ─► tags of SendEmail ─► SES
//	feedback ◄─ About ───────────────── tags of SES's events ◄┘
//
// SES gives the tags of a mail back in every event about it, so nothing has to be
// looked up. A tag's value is at most 256 of [A-Za-z0-9_-]
// (https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_MessageTag.html); what does not fit is left
// out if the join can do without it. No tag tells an address or a word of a text.
package mailtag
