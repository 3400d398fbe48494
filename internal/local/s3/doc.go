// Package s3 is S3 for the local machine: buckets, objects and uploads kept on
// the machine's own durable ground, spoken to over S3's wire protocol.
//
//	request ─► Handler: which operation, count it, check it ─► wire: decode and verify the body ─► State ─► answer
//	                                                                                             │
//	  body ─► ≤ 64 KiB: into the same group as the metadata ──────────────┐                       │
//	          larger: temporary file ─► fsync ─► rename ─► then metadata ─┴─► disk.Store ◄────────┘
//	                                                                          │ durable
//	  2xx ◄───────────────────────────────────────────────────────────────────┤
//	  event ◄── pending event, from the same group ◄──────────────────────────┘
//
// The state (state_*.go) knows nothing of HTTP. Its index is in memory in the
// order of the keys, about 200 bytes for each object; the store has a copy, and
// small bodies. Larger bodies are files with names made up here, so no key ever
// becomes a path. Files that no object refers to are swept at start. Conditions are judged
// and the write is applied under one lock, so of many conditional writers exactly
// one wins. A delete that succeeds while a conditional write's body arrives makes
// that write a conflict.
//
// An object that somebody wants to hear of leaves a pending event in the group
// that makes the object durable; it is removed once the event was taken. So a
// crash loses no event; it may repeat one, under the same id.
//
// The wire (wire_*.go) is github.com/johannesboyne/gofakes3 where that does as S3
// does: making and removing buckets, the beginning of uploads. It has
// no place for a request's conditions, for an ETag that is not an MD5 or for an
// error code of its user, so every request gets a backend of its own that knows
// its request (wire_backend.go), and these are ours: PUT, GET and HEAD of objects
// (ranges, parts, conditions, checksums), copies, deletes, listings, tags and
// attributes, forms with a file and their policy, the parts and the completion of
// uploads, the bucket's configurations, and the decoding and checking of bodies. What is not
// there answers NotImplemented as S3 does; versioning is the largest such part.
package s3
