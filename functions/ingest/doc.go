// Package ingest turns a file under uploads/ into requests, a record each.
//
//	S3 Object Created ─► decode, validate: is it an upload of our bucket?
//	                  ─► claim: progress/<uploadId>/ingest.json, created once, with the definition pinned in it
//	                  ─► read the object as a stream, from the stored position
//	                       good record ─► RequestReceived   (large text under payloads/)
//	                       bad record  ─► RequestRejected   (file, line, every reason)
//	                     many calls in flight; the position moves over what is said, with all before it
//	                  ─► the position is stored every few seconds, and before the time is over:
//	                     then the message comes back at once and the reading goes on from there
//	                  ─► at the end: Done is stored, and UploadReceived said
//
// All ids follow from bucket, key, ETag and position. A second delivery of the
// event finds Done and says UploadReceived again, and nothing else; a reading
// that goes on somewhat before where it broke off repeats events with the ids
// they had.
//
// A file that cannot be read at all (its key, its definition, its format) is an
// upload of one record, which is rejected, so that whoever is named in the
// definition hears of it. An object that has changed since the event is left to
// its own event.
//
// A record in the form of a RequestReceived's data may name its own task,
// parameters, deadline and audit, which win over the definition's. Addresses in
// its notify are honoured: they are mailed about this very record, besides the
// upload's report.
//
// Three receives in a row that get no further end in the dead-letter queue.
// They are counted in the stored object, so a crash counts as well; a receive
// that got further, or met a throttle only, sets the count back.
package ingest
