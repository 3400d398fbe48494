// Package admission judges requests before anybody is asked: whether the task is
// known, its parameters fit and its input can be had, whether anybody would get the
// answer, and what is written down of a request that is let in.
//
//	RequestReceived.data ─► Check ─► Checked: the question, the text, and everything that is wrong
//	                     ├► Skip ──┐ how it ends unasked, if nothing but a mail is wanted and nobody may be mailed
//	                     └► Status ┴► internal/requests: Admit
//
// Whoever takes requests in uses it, so that what one door lets in no other turns
// away: analyze for events, api for HTTP.
package admission
