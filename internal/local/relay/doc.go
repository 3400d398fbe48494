// Package relay hands the mails of the local outbox to a real mail server.
//
//	outbox ─► what is newer than the start and has no mark ─► one recipient after the other ─► mail server
//	                                                            ├─ 250: mark
//	                                                            ├─ 5xx: bounce (the event flows), mark
//	                                                            ├─ 4xx: again later, this recipient alone
//	                                                            └─ no connection, no login: everything waits
//
// The first time that a data folder has a relay, the newest mail of its outbox
// is written down: that mail and all older ones stay where they are, so nobody
// is suddenly sent the mails of last month. What is accepted later is relayed,
// also when it was accepted while the relay was off for a time.
//
// A recipient's mark is durable before the next recipient's turn. If the process
// dies after the server has taken a mail and before the mark is on the disk, or
// the connection breaks before the server's answer is here, the mail goes out
// again: at least once, never not at all. The window is one mail wide. Its
// Message-ID is the same both times, by which most mail programs show it once.
//
// Mails leave in the order in which they were accepted. One that the server puts
// off (4xx) does not hold up the ones behind it: it waits, for longer every time
// up to [mostDelay], and is never given up. A refusal for good (5xx) becomes a
// bounce of that recipient: its address goes onto the suppression list and the
// event to the bus, as if SES had told it. Recipients that SES itself would not
// have delivered to (suppressed, the mailbox simulator) are not relayed.
//
// The events Email Sent and Email Delivered come when the outbox takes a mail,
// before it is relayed; a bounce may follow, as it may on AWS.
package relay
