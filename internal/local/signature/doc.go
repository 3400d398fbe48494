// Package signature verifies AWS Signature Version 4, so that the local machine
// can be offered to others than itself.
//
//	request ─► claim: Authorization header, or the query of a presigned URL
//	             │ the key is known, the scope is this service's, the time is now,
//	             │ host and every x-amz-… header are signed
//	             ▼
//	           canonical request ─► string to sign ─► HMAC with the key of the scope ─► compared in constant time
//	             ▲
//	           payload: the body's SHA-256, or one of S3's names for what is not hashed at once
//
// What a signature says of the body is checked too: small bodies before the
// request goes on, chunks that are signed one by one while they are read, so that
// nobody reads to the end of a chunk that was changed. A large body of S3 whose
// hash is in its header is left to S3, which compares it in any case.
//
// The region of the scope is not judged: the machine stands for every region.
// Nothing is remembered of a request, as AWS does not either: a request that was
// overheard can be sent again while its date holds. The machine speaks HTTP, so
// what goes over a network that others read needs TLS in front of it, which must
// leave the Host header as it is.
//
// The rules are those of
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
// and, for S3's bodies,
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
package signature
