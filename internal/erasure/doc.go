// Package erasure removes what the bucket holds of a tenant or of one request, and
// proves it.
//
//	every version of every object ─► Subject.of ─► keep │ remove │ rewrite (a segment with others' lines)
//	                                                        └─► gone, older versions too
//	the same look again ─► Proof: for each prefix what went, and that nothing is left
//
// Keys tell most; answers, segments, progress and what is parked are read. A record
// of an upload is in its file too, so the file goes, and the upload's report; the
// other records' results stay.
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
package erasure
