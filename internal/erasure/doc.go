// Package erasure removes from the bucket: what it holds of a tenant or of one
// request, with a proof, and what is old.
//
// # Erase: whose
//
//	every version of every object ─► Subject.of ─► keep │ remove │ rewrite (a segment or bundle with others' lines)
//	                                                        └─► gone, older versions too
//	the same look again ─► Proof: for each prefix what went, and that nothing is left
//
// Keys tell most; answers and bundles of them, segments, progress and what is
// parked are read. A record of an upload is in its file too, so the file goes, and
// the upload's report; the other records' results stay.
//
// What stays, on purpose: suppressions/, since whoever asked not to be mailed must
// not be mailed again because he was forgotten, and reputation/; both know
// addresses by a keyed hash only. claims/ and budgets/ hold neither text nor
// addresses, and expire. A text above 56 KB lies under payloads/ by its hash: which
// of the tenant's belonged to one request cannot be told, so only a whole tenant's
// go; the rest expires.
//
// Outside of the bucket are the bus's archive, which expires, and copies that went
// out by mail. Messages on their way would write anew: erase what has ended.
//
// # Clean: how old
//
//	the chosen prefixes ─► every key: its versions, the oldest first ─► old? ─► in flight? ─► gone
//	                       └► unfinished multipart uploads ───────────► old? ─────────────► gone
//
// An object is as old as its last write; a version that was overwritten or deleted
// is as old as that. What is newer than what stays, stays too, so that no older
// version becomes the object again. The ages are those of the bucket's lifecycle
// rules ([Ages]), where nobody names another.
//
// What is in flight stays, unless forced: all that belongs to a request or an upload
// that has not ended, and whatever a message may refer to that waits in a queue
// ([Waiting]). Tasks, suppressions and reputation are removed only by force.
package erasure
