package conformance

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

const (
	s3Integrity = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html"
	s3Errors    = s3Reference + "ErrorResponses.html"
)

// s3Sums are the checksums that S3 knows, with the fields of the SDK.
var s3Sums = []struct {
	name string
	hash func() hash.Hash
	put  func(*s3.PutObjectInput) **string
	got  func(*s3.GetObjectOutput) *string
}{
	{"CRC32", func() hash.Hash { return crc32.NewIEEE() }, func(in *s3.PutObjectInput) **string { return &in.ChecksumCRC32 }, func(out *s3.GetObjectOutput) *string { return out.ChecksumCRC32 }},
	{"CRC32C", func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) }, func(in *s3.PutObjectInput) **string { return &in.ChecksumCRC32C }, func(out *s3.GetObjectOutput) *string { return out.ChecksumCRC32C }},
	{"CRC64NVME", func() hash.Hash { return crc64.New(crc64.MakeTable(0x9A6C9329AC4BC9B5)) }, func(in *s3.PutObjectInput) **string { return &in.ChecksumCRC64NVME }, func(out *s3.GetObjectOutput) *string { return out.ChecksumCRC64NVME }},
	{"SHA1", sha1.New, func(in *s3.PutObjectInput) **string { return &in.ChecksumSHA1 }, func(out *s3.GetObjectOutput) *string { return out.ChecksumSHA1 }},
	{"SHA256", sha256.New, func(in *s3.PutObjectInput) **string { return &in.ChecksumSHA256 }, func(out *s3.GetObjectOutput) *string { return out.ChecksumSHA256 }},
}

func s3Sum(h hash.Hash, content string) string {
	h.Write([]byte(content))
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

var s3ContentCases = []Case{
	{"checksums are kept", s3Integrity, func(t testing.TB, target Target) {
		b := newS3Bucket(t, target)
		for _, sum := range s3Sums {
			want := s3Sum(sum.hash(), "content")
			in := &s3.PutObjectInput{Bucket: b.name, Key: &sum.name, Body: strings.NewReader("content")}
			*sum.put(in) = &want
			_, err := b.PutObject(b.ctx, in)
			wantTold(t, sum.name, err, "200")
			out, err := b.GetObject(b.ctx, &s3.GetObjectInput{Bucket: b.name, Key: &sum.name, ChecksumMode: s3types.ChecksumModeEnabled})
			wantTold(t, sum.name, err, "200")
			if err == nil && (aws.ToString(sum.got(out)) != want || s3Read(t, out.Body) != "content") {
				t.Errorf("%s: %q, want %q", sum.name, aws.ToString(sum.got(out)), want)
			}
		}
	}},
	{"wrong checksums are refused", s3Errors, func(t testing.TB, target Target) {
		b := newS3Bucket(t, target)
		for _, sum := range s3Sums {
			in := &s3.PutObjectInput{Bucket: b.name, Key: &sum.name, Body: strings.NewReader("content")}
			*sum.put(in) = aws.String(s3Sum(sum.hash(), "something else"))
			_, err := b.PutObject(b.ctx, in)
			wantTold(t, sum.name, err, "400 BadDigest")
			b.holds(sum.name, sum.name, "")
		}
	}},
	{"Content-MD5", s3Errors, func(t testing.TB, target Target) {
		b := newS3Bucket(t, target)
		for md5, want := range map[string]string{"mgNkuembtIDdJeHwKEyFVQ==": "200", "AAAAAAAAAAAAAAAAAAAAAA==": "400 BadDigest", "short": "400 InvalidDigest"} {
			_, err := b.PutObject(b.ctx, &s3.PutObjectInput{Bucket: b.name, Key: aws.String("k"), Body: strings.NewReader("content"), ContentMD5: &md5})
			wantTold(t, md5, err, want)
		}
	}},
	{"a wrong checksum of a part", s3Errors, func(t testing.TB, target Target) {
		b := newS3Bucket(t, target)
		_, err := b.UploadPart(b.ctx, &s3.UploadPartInput{Bucket: b.name, Key: aws.String("k"), UploadId: b.upload("k"), PartNumber: aws.Int32(1),
			Body: strings.NewReader("content"), ChecksumSHA256: aws.String(s3Sum(sha256.New(), "something else"))})
		wantTold(t, "SHA256", err, "400 BadDigest")
	}},
	{"ranges", s3Reference + "API_GetObject.html", func(t testing.TB, target Target) {
		b := newS3Bucket(t, target)
		b.put("k", "0123456789")
		for _, c := range []struct{ asked, body, told, contentRange string }{
			{"bytes=0-2", "012", "200", "bytes 0-2/10"},
			{"bytes=7-", "789", "200", "bytes 7-9/10"},
			{"bytes=-3", "789", "200", "bytes 7-9/10"},
			{"bytes=8-100", "89", "200", "bytes 8-9/10"},
			{"bytes=-100", "0123456789", "200", "bytes 0-9/10"},
			{"bytes=10-", "", "416 InvalidRange", ""},
			{"nonsense", "0123456789", "200", ""},
		} {
			out, err := b.GetObject(b.ctx, &s3.GetObjectInput{Bucket: b.name, Key: aws.String("k"), Range: &c.asked})
			wantTold(t, c.asked, err, c.told)
			if err == nil && (s3Read(t, out.Body) != c.body || aws.ToString(out.ContentRange) != c.contentRange || *out.ContentLength != int64(len(c.body))) {
				t.Errorf("%s: range %q, %d bytes", c.asked, aws.ToString(out.ContentRange), *out.ContentLength)
			}
		}
	}},
	{"metadata", s3Reference + "API_PutObject.html", func(t testing.TB, target Target) {
		b := newS3Bucket(t, target)
		_, err := b.PutObject(b.ctx, &s3.PutObjectInput{Bucket: b.name, Key: aws.String("k"), Body: strings.NewReader("x"), ContentType: aws.String("text/csv"),
			CacheControl: aws.String("no-store"), ContentDisposition: aws.String(`attachment; filename="a.csv"`), ContentLanguage: aws.String("vi"),
			ContentEncoding: aws.String("gzip"), Metadata: map[string]string{"one": "1", "two-words": "x y"}})
		wantTold(t, "put", err, "200")
		check := func(key, contentType, who string) {
			out, err := b.HeadObject(b.ctx, &s3.HeadObjectInput{Bucket: b.name, Key: &key})
			wantTold(t, "head "+key, err, "200")
			if err == nil && (aws.ToString(out.ContentType) != contentType || out.Metadata["one"] != who) {
				t.Errorf("%s: %q %v", key, aws.ToString(out.ContentType), out.Metadata)
			}
		}
		out, err := b.HeadObject(b.ctx, &s3.HeadObjectInput{Bucket: b.name, Key: aws.String("k")})
		wantTold(t, "head", err, "200")
		if *out.CacheControl != "no-store" || *out.ContentDisposition != `attachment; filename="a.csv"` || *out.ContentLanguage != "vi" ||
			*out.ContentEncoding != "gzip" || out.Metadata["two-words"] != "x y" || *out.ETag != quotedMD5("x") || *out.ContentLength != 1 {
			t.Errorf("head %+v", out)
		}
		check("k", "text/csv", "1")
		source := aws.String(*b.name + "/k")
		_, err = b.CopyObject(b.ctx, &s3.CopyObjectInput{Bucket: b.name, Key: aws.String("copy"), CopySource: source, Metadata: map[string]string{"one": "ignored"}})
		wantTold(t, "copy", err, "200")
		check("copy", "text/csv", "1")
		_, err = b.CopyObject(b.ctx, &s3.CopyObjectInput{Bucket: b.name, Key: aws.String("replaced"), CopySource: source, MetadataDirective: s3types.MetadataDirectiveReplace,
			ContentType: aws.String("text/plain"), Metadata: map[string]string{"one": "2"}})
		wantTold(t, "copy and replace", err, "200")
		check("replaced", "text/plain", "2")
		_, err = b.CopyObject(b.ctx, &s3.CopyObjectInput{Bucket: b.name, Key: aws.String("k"), CopySource: source})
		wantTold(t, "copy to itself", err, "400 InvalidRequest")
		b.put("plain", "x")
	}},
	{"keys are what they are", "https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html", func(t testing.TB, target Target) {
		b := newS3Bucket(t, target)
		for _, key := range []string{"a b+c%d&e=f?g#h", "thư/mục/ một.txt", "a//b", "folder/", "~tilde", `back\slash`, "quote'\"<>"} {
			b.put(key, "of "+key)
			b.holds("a key", key, "of "+key)
		}
		_, err := b.PutObject(b.ctx, &s3.PutObjectInput{Bucket: b.name, Key: aws.String(strings.Repeat("k", 1025)), Body: strings.NewReader("x")})
		wantTold(t, "a key of 1,025 bytes", err, "400 KeyTooLongError")
	}},
	{"presigned URLs", "https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html", func(t testing.TB, target Target) {
		b := newS3Bucket(t, target)
		signer := s3.NewPresignClient(b.Client)
		put, err := signer.PresignPutObject(b.ctx, &s3.PutObjectInput{Bucket: b.name, Key: aws.String("a b.txt")})
		if err != nil {
			t.Fatal(err)
		}
		if status, _, body := send(t, http.MethodPut, put.URL, nil, strings.NewReader("signed")); status != http.StatusOK {
			t.Errorf("PUT: %d %s", status, body)
		}
		get, err := signer.PresignGetObject(b.ctx, &s3.GetObjectInput{Bucket: b.name, Key: aws.String("a b.txt"), ResponseContentType: aws.String("text/csv"),
			ResponseContentDisposition: aws.String(`attachment; filename="x.csv"`)})
		if err != nil {
			t.Fatal(err)
		}
		status, header, body := send(t, http.MethodGet, get.URL, nil, nil)
		if status != http.StatusOK || body != "signed" || header.Get("Content-Type") != "text/csv" || header.Get("Content-Disposition") != `attachment; filename="x.csv"` {
			t.Errorf("GET: %d %q %v", status, body, header)
		}
	}},
	{"an expired presigned URL", "https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html", func(t testing.TB, target Target) {
		b := newS3Bucket(t, target)
		b.put("k", "x")
		get, err := s3.NewPresignClient(b.Client).PresignGetObject(b.ctx, &s3.GetObjectInput{Bucket: b.name, Key: aws.String("k")}, s3.WithPresignExpires(time.Second))
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(2100 * time.Millisecond)
		if status, _, body := send(t, http.MethodGet, get.URL, nil, nil); status != http.StatusForbidden || !strings.Contains(body, "<Code>AccessDenied</Code>") {
			t.Errorf("%d %s, want 403 AccessDenied", status, body)
		}
	}},
	{"buckets", s3Errors, func(t testing.TB, target Target) {
		b := newS3Bucket(t, target)
		_, err := b.CreateBucket(b.ctx, &s3.CreateBucketInput{Bucket: b.name})
		wantTold(t, "one's own bucket again, in us-east-1", err, "200")
		_, err = b.CreateBucket(b.ctx, &s3.CreateBucketInput{Bucket: aws.String("No_Bucket")})
		wantTold(t, "a name that is none", err, "400 InvalidBucketName")
		_, err = b.ListObjectsV2(b.ctx, &s3.ListObjectsV2Input{Bucket: aws.String(name("none"))})
		wantTold(t, "list of no bucket", err, "404 NoSuchBucket")
		_, err = b.HeadBucket(b.ctx, &s3.HeadBucketInput{Bucket: aws.String(name("none"))})
		wantTold(t, "head of no bucket", err, "404")
		b.put("k", "x")
		_, err = b.DeleteBucket(b.ctx, &s3.DeleteBucketInput{Bucket: b.name})
		wantTold(t, "delete a bucket with an object", err, "409 BucketNotEmpty")
		b.remove("k")
		_, err = b.DeleteBucket(b.ctx, &s3.DeleteBucketInput{Bucket: b.name})
		wantTold(t, "delete an empty bucket", err, "200")
	}},
}
