// Package objects is conditional S3, and the only room that knows what 412 and
// 409 mean there.
//
// S3 is Sluice's only database. Its conditional writes decide who was first:
// [Store.Create] writes only what does not exist (If-None-Match: *), and
// [Store.Replace] only what has not changed since it was read (If-Match). A 412
// says that the condition is false; a 409 says that two writes met and nobody
// won, so it is tried again. An ETag is a checksum of the content, so whoever
// uses it as a version puts something into the body that differs.
//
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html)
package objects
