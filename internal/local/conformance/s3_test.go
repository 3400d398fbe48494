package conformance

import (
	"slices"
	"testing"
)

// s3Moto is where moto does otherwise than S3's documentation says.
var s3Moto = map[string]Difference{
	"PutObject If-None-Match takes only *":       {Reason: "an ETag is taken, and the object written"},
	"CompleteMultipartUpload If-Match":           {Reason: "the condition is not looked at"},
	"CopyObject If-None-Match and If-Match":      {Reason: "the conditions are not looked at"},
	"CopyObject conditions on the source":        {Reason: "If-Match with another ETag, and If-Unmodified-Since, are not looked at"},
	"DeleteObject If-Match *":                    {Reason: "* is taken for an ETag, so it matches nothing"},
	"DeleteObjects with ETags":                   {Reason: "the ETags are not looked at, so what has changed is deleted", Page: s3Reference + "API_ObjectIdentifier.html"},
	"GetObject and HeadObject mixed conditions":  {Reason: "* is taken for an ETag, and of two conditions each is judged alone"},
	"a delete during a conditional PutObject":    {Reason: "the write succeeds, as if nothing had happened"},
	"checksums are kept":                         {Reason: "no checksum comes back", Page: s3Reference + "API_GetObject.html"},
	"wrong checksums are refused":                {Reason: "a body that is not what its checksum says is written", Page: s3Integrity},
	"a wrong checksum of a part":                 {Reason: "a part that is not what its checksum says is taken", Page: s3Integrity},
	"checksums of a multipart upload":            {Reason: "the number of parts is missing in a checksum of checksums"},
	"Content-MD5":                                {Reason: "it is not looked at", Page: s3Reference + "API_PutObject.html"},
	"ranges":                                     {Reason: "a Range header that is none is answered 500"},
	"keys are what they are":                     {Reason: "a key of more than 1,024 bytes is taken"},
	"presigned URLs":                             {Reason: "what the URL says of the answer's headers is left out", Page: s3Reference + "API_GetObject.html"},
	"tags that S3 does not take":                 {Reason: "of two tags with one key the last is kept"},
	"parts have the checksum that was announced": {Reason: "a part's checksum is neither asked for nor compared"},
	"attributes of an object":                    {Reason: "Last-Modified is not a date of HTTP"},
	"an expired presigned URL":                   {Reason: "it is served"},
	"buckets":                                    {Reason: "a name with capitals and underscores is taken", Page: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html"},
	"list by prefix and delimiter":               {Reason: "a negative MaxKeys is taken"},
	"multipart errors":                           {Reason: "parts out of order are told as too small, and an upload that is gone is answered 500"},
	"Object Created, once per object":            {Reason: "all events have one id, each write is followed by Object Tags Added, the reason is ObjectCreated, and a delete tells of nothing"},
	"Object Created tells what was written":      {Reason: "the reason is ObjectCreated, and a tagging nobody did is told too"},
}

func TestConformanceS3(t *testing.T) {
	Conform(t, "S3", slices.Concat(s3ConditionCases, s3ContentCases, s3ObjectCases, s3TagCases), s3Moto)
}
