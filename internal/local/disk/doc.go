// Package disk is the durable ground under every state of the local machine:
// keys and values in buckets, in one bbolt file, with a journal before it.
//
// A state changes its memory under its own lock, hands the same change to
// [Store.Enqueue] before it lets go of the lock, and answers its caller only
// when [Ticket.Wait] has returned nil. So the order on disk is the order in
// memory, and what was answered survives kill -9.
//
// The flow of a change:
//
//	Enqueue ─► the waiting group ─► one goroutine writes all that waits to the journal ─► every ticket of the group answers
//	               │                        │                  │
//	               │                        │                  └─► every ten seconds another one settles it in the file
//	               └──── Get looks here ────┴──── and here, before it looks into the file
//
// A commit appends to the journal and costs one fsync however much it holds, so
// whatever arrives while one commit runs shares the next one (group commit): one
// writer alone gets the disk's own pace, sixty-four get almost sixty-four times
// that. Where several were at work a moment ago, a commit waits about as long as it
// takes, 2 ms at most, for the others to join it.
//
// The last write of a key wins, in a group and until it is settled, so a message
// that is sent and deleted within seconds never costs a page of the file. It is
// settled in pieces, so that no commit waits long for the disk. After a
// kill [Open] settles what the journals hold. A journal that ends in a group that
// was not written whole is as if that had never come: nobody was told that it did.
//
// Every value carries a checksum, which [Store.Get] and [Store.Scan] verify.
// A damaged file or journal is told as [ErrDamaged] with its path; nothing is repaired
// or dropped in silence. A failed write ends the store: every later ticket
// answers that error, and [Store.Failed] tells the machine to stop, since its
// memory is then ahead of its disk.
//
// The file is read through a memory map. Nothing needs it in memory as a whole:
// every two seconds of writing its pages are let go of (on Linux), so that the
// process shows what it works with; the system caches the file as it sees fit.
//
// [Memory] keeps the same promises without a file, until the process ends.
package disk
