package s3

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func (m *machine) begin(t *testing.T, key string, change func(*s3.CreateMultipartUploadInput)) *string {
	t.Helper()
	in := &s3.CreateMultipartUploadInput{Bucket: aws.String(testBucket), Key: &key, ContentType: aws.String("text/csv")}
	if change != nil {
		change(in)
	}
	out, err := m.CreateMultipartUpload(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return out.UploadId
}

func (m *machine) part(t *testing.T, key string, id *string, number int32, body string) types.CompletedPart {
	t.Helper()
	out, err := m.UploadPart(t.Context(), &s3.UploadPartInput{Bucket: aws.String(testBucket), Key: &key, UploadId: id, PartNumber: &number, Body: strings.NewReader(body)})
	if err != nil {
		t.Fatal(err)
	}
	return types.CompletedPart{PartNumber: &number, ETag: out.ETag, ChecksumCRC32: out.ChecksumCRC32}
}

func (m *machine) complete(t *testing.T, key string, id *string, change func(*s3.CompleteMultipartUploadInput), parts ...types.CompletedPart) (string, error) {
	t.Helper()
	in := &s3.CompleteMultipartUploadInput{Bucket: aws.String(testBucket), Key: &key, UploadId: id, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}}
	if change != nil {
		change(in)
	}
	out, err := m.CompleteMultipartUpload(t.Context(), in)
	if err != nil {
		return "", err
	}
	return *out.ETag, nil
}

func multipartETag(parts ...string) string {
	sum := md5.New()
	for _, p := range parts {
		one := md5.Sum([]byte(p))
		sum.Write(one[:])
	}
	return fmt.Sprintf(`"%s-%d"`, hex.EncodeToString(sum.Sum(nil)), len(parts))
}

func TestAMultipartUploadSurvivesRestarts(t *testing.T) {
	folder := t.TempDir()
	first, last := text(leastPartSize), text(1234)
	m := onDisk(t, folder, nil)
	id := m.begin(t, "big.csv", nil)
	m.part(t, "big.csv", id, 2, "not this one")
	one := m.part(t, "big.csv", id, 1, first)
	m.stop()

	m = onDisk(t, folder, nil)
	two := m.part(t, "big.csv", id, 2, last)
	m.part(t, "big.csv", id, 7, text(100_000)) // never listed
	parts, err := m.ListParts(t.Context(), &s3.ListPartsInput{Bucket: aws.String(testBucket), Key: aws.String("big.csv"), UploadId: id})
	if err != nil || len(parts.Parts) != 3 || *parts.Parts[1].Size != 1234 {
		t.Fatalf("parts %+v, %v", parts, err)
	}
	uploads, err := m.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: aws.String(testBucket)})
	if err != nil || len(uploads.Uploads) != 1 || *uploads.Uploads[0].UploadId != *id {
		t.Fatalf("uploads %+v, %v", uploads, err)
	}
	etag, err := m.complete(t, "big.csv", id, nil, one, two)
	if want := multipartETag(first, last); err != nil || etag != want {
		t.Fatalf("ETag %s, want %s, %v", etag, want, err)
	}
	again, err := m.complete(t, "big.csv", id, nil, one, two)
	if err != nil || again != etag {
		t.Errorf("completed again: %s, %v", again, err)
	}
	m.stop()

	m = onDisk(t, folder, nil)
	if got := m.read(t, "big.csv"); got != first+last {
		t.Errorf("%d other bytes", len(got))
	}
	head, err := m.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String(testBucket), Key: aws.String("big.csv"), IfMatch: &etag})
	if err != nil || *head.ETag != etag || *head.ContentType != "text/csv" {
		t.Errorf("head %v", err)
	}
	out, err := m.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(testBucket), Key: aws.String("big.csv"), Range: aws.String(fmt.Sprintf("bytes=%d-%d", leastPartSize-5, leastPartSize+4))})
	if err != nil || *out.ContentLength != 10 {
		t.Errorf("range over parts: %v", err)
	}
	m.put(t, "big.csv", "small now")
	if left, _ := os.ReadDir(filepath.Join(folder, "blobs")); len(left) != 0 {
		t.Errorf("%d files are left", len(left))
	}
}

func TestRefusedCompletions(t *testing.T) {
	m := inMemory(t)
	id := m.begin(t, "k", nil)
	one, two := m.part(t, "k", id, 1, "too small"), m.part(t, "k", id, 2, "last")
	wrong := types.CompletedPart{PartNumber: aws.Int32(1), ETag: aws.String(`"00"`)}
	missing := types.CompletedPart{PartNumber: aws.Int32(9), ETag: one.ETag}
	cases := []struct {
		want  string
		parts []types.CompletedPart
	}{
		{"EntityTooSmall", []types.CompletedPart{one, two}}, {"InvalidPartOrder", []types.CompletedPart{two, one}},
		{"InvalidPart", []types.CompletedPart{wrong}}, {"InvalidPart", []types.CompletedPart{missing}}, {"MalformedXML", nil},
	}
	for _, c := range cases {
		_, err := m.complete(t, "k", id, nil, c.parts...)
		wantCode(t, c.want, err, c.want)
	}
	m.put(t, "k", "there")
	_, err := m.complete(t, "k", id, func(in *s3.CompleteMultipartUploadInput) { in.IfNoneMatch = aws.String("*") }, one)
	wantCode(t, "if-none-match", err, "PreconditionFailed")
	_, err = m.complete(t, "k", id, func(in *s3.CompleteMultipartUploadInput) { in.IfMatch = aws.String(`"00"`) }, one)
	wantCode(t, "if-match", err, "PreconditionFailed")
	if _, err = m.complete(t, "k", id, func(in *s3.CompleteMultipartUploadInput) { in.IfMatch = aws.String(md5Hex("there")) }, one); err != nil {
		t.Error(err)
	}
	if got := m.read(t, "k"); got != "too small" {
		t.Errorf("read %q", got)
	}
	gone := m.begin(t, "k", nil)
	m.part(t, "k", gone, 1, text(100_000))
	if _, err := m.AbortMultipartUpload(t.Context(), &s3.AbortMultipartUploadInput{Bucket: aws.String(testBucket), Key: aws.String("k"), UploadId: gone}); err != nil {
		t.Error(err)
	}
	_, err = m.complete(t, "k", gone, nil, one)
	wantCode(t, "after abort", err, "NoSuchUpload")
}

func TestPartsThatAreCopied(t *testing.T) {
	m := inMemory(t)
	source := text(leastPartSize + 100)
	m.put(t, "source", source)
	id := m.begin(t, "k", nil)
	var parts []types.CompletedPart
	for i, stretch := range []string{fmt.Sprintf("bytes=0-%d", leastPartSize-1), fmt.Sprintf("bytes=%d-%d", leastPartSize, leastPartSize+99)} {
		number := int32(i + 1)
		out, err := m.UploadPartCopy(t.Context(), &s3.UploadPartCopyInput{Bucket: aws.String(testBucket), Key: aws.String("k"), UploadId: id, PartNumber: &number,
			CopySource: aws.String(testBucket + "/source"), CopySourceRange: &stretch})
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, types.CompletedPart{PartNumber: &number, ETag: out.CopyPartResult.ETag})
	}
	if _, err := m.complete(t, "k", id, nil, parts...); err != nil || m.read(t, "k") != source {
		t.Errorf("copied by parts: %v", err)
	}
}

func TestChecksumsOfUploads(t *testing.T) {
	m := inMemory(t)
	first, last := text(leastPartSize), "the rest"
	for _, kind := range []types.ChecksumType{types.ChecksumTypeComposite, types.ChecksumTypeFullObject} {
		key := string(kind)
		id := m.begin(t, key, func(in *s3.CreateMultipartUploadInput) {
			in.ChecksumAlgorithm, in.ChecksumType = types.ChecksumAlgorithmCrc32, kind
		})
		one, two := m.part(t, key, id, 1, first), m.part(t, key, id, 2, last)
		if kind == types.ChecksumTypeFullObject {
			_, err := m.complete(t, key, id, func(in *s3.CompleteMultipartUploadInput) {
				in.ChecksumCRC32, in.ChecksumType = aws.String("AAAAAA=="), kind
			}, one, two)
			wantCode(t, "wrong checksum of the whole", err, "BadDigest")
		}
		if _, err := m.complete(t, key, id, nil, one, two); err != nil {
			t.Fatal(err)
		}
		head, err := m.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String(testBucket), Key: &key, ChecksumMode: types.ChecksumModeEnabled})
		if err != nil || head.ChecksumCRC32 == nil || strings.HasSuffix(*head.ChecksumCRC32, "-2") != (kind == types.ChecksumTypeComposite) {
			t.Errorf("%s: %v, %v", kind, head.ChecksumCRC32, err)
		}
		if got := m.read(t, key); got != first+last { // the client checks it too
			t.Errorf("%s: other bytes", kind)
		}
	}
}

func TestAPartMayBeEmpty(t *testing.T) {
	m := inMemory(t)
	ctx, bucket, key := t.Context(), aws.String(testBucket), aws.String("nothing")
	made, err := m.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: bucket, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	_, err = m.UploadPart(ctx, &s3.UploadPartInput{Bucket: bucket, Key: key, UploadId: made.UploadId, PartNumber: aws.Int32(0), Body: strings.NewReader("")})
	wantCode(t, "part 0", err, "InvalidArgument")
	part, err := m.UploadPart(ctx, &s3.UploadPartInput{Bucket: bucket, Key: key, UploadId: made.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader("")})
	if err != nil || *part.ETag != `"`+md5Hex("")+`"` {
		t.Fatalf("%+v, %v", part, err)
	}
	_, err = m.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: bucket, Key: key, UploadId: made.UploadId,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{PartNumber: aws.Int32(1), ETag: part.ETag}}}})
	wantCode(t, "complete", err, "")
	if got := m.read(t, "nothing"); got != "" {
		t.Errorf("it has %q", got)
	}
}
