package conformance

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// tags are an object's, as key=value; in S3's order.
func (b *s3Bucket) tags(key string) string {
	b.t.Helper()
	out, err := b.GetObjectTagging(b.ctx, &s3.GetObjectTaggingInput{Bucket: b.name, Key: &key})
	if err != nil {
		return told(err)
	}
	var all []string
	for _, t := range out.TagSet {
		all = append(all, *t.Key+"="+*t.Value)
	}
	return strings.Join(all, " ")
}

func (b *s3Bucket) wantTags(what, key, want string) {
	b.t.Helper()
	if got := b.tags(key); got != want {
		b.t.Errorf("%s: %s has the tags %q, want %q", what, key, got, want)
	}
}

func s3Tags(pairs ...string) *s3types.Tagging {
	t := &s3types.Tagging{TagSet: []s3types.Tag{}}
	for i := 0; i < len(pairs); i += 2 {
		t.TagSet = append(t.TagSet, s3types.Tag{Key: &pairs[i], Value: &pairs[i+1]})
	}
	return t
}

var s3TagCases = []Case{
	{"tags of an object", s3Reference + "API_PutObjectTagging.html", func(t testing.TB, target Target) {
		b := newS3Bucket(t, target)
		etag := b.put("k", "content")
		b.wantTags("before", "k", "")
		_, err := b.PutObjectTagging(b.ctx, &s3.PutObjectTaggingInput{Bucket: b.name, Key: aws.String("k"), Tagging: s3Tags("a", "1", "b c", "x+y/z@ạ")})
		wantTold(t, "put", err, "200")
		b.wantTags("put", "k", "a=1 b c=x+y/z@ạ")
		head, err := b.HeadObject(b.ctx, &s3.HeadObjectInput{Bucket: b.name, Key: aws.String("k")})
		if err != nil || *head.ETag != etag {
			t.Errorf("a tagging has changed the object: %v", err)
		}
		out, err := b.GetObject(b.ctx, &s3.GetObjectInput{Bucket: b.name, Key: aws.String("k")})
		if err != nil || aws.ToInt32(out.TagCount) != 2 || s3Read(t, out.Body) != "content" {
			t.Errorf("the count of the tags: %v, %v", aws.ToInt32(out.TagCount), err)
		}
		_, err = b.DeleteObjectTagging(b.ctx, &s3.DeleteObjectTaggingInput{Bucket: b.name, Key: aws.String("k")})
		wantTold(t, "delete", err, "200")
		b.wantTags("deleted", "k", "")
		_, err = b.PutObjectTagging(b.ctx, &s3.PutObjectTaggingInput{Bucket: b.name, Key: aws.String("none"), Tagging: s3Tags("a", "1")})
		wantTold(t, "no object", err, "404 NoSuchKey")
	}},
	{"a write may tag", s3Reference + "API_PutObject.html", func(t testing.TB, target Target) {
		b := newS3Bucket(t, target)
		_, err := b.PutObject(b.ctx, &s3.PutObjectInput{Bucket: b.name, Key: aws.String("k"), Body: strings.NewReader("1"), Tagging: aws.String("team=blue%20one&x=")})
		wantTold(t, "put", err, "200")
		b.wantTags("put", "k", "team=blue one x=")
		b.put("k", "2")
		b.wantTags("written again without", "k", "")
		made, err := b.CreateMultipartUpload(b.ctx, &s3.CreateMultipartUploadInput{Bucket: b.name, Key: aws.String("parts"), Tagging: aws.String("a=1")})
		wantTold(t, "create an upload", err, "200")
		_, err = b.complete("parts", made.UploadId, nil, b.part("parts", made.UploadId, 1, "content"))
		wantTold(t, "complete", err, "200")
		b.wantTags("of an upload", "parts", "a=1")
	}},
	{"a copy takes the tags or others", s3Reference + "API_CopyObject.html", func(t testing.TB, target Target) {
		b := newS3Bucket(t, target)
		_, err := b.PutObject(b.ctx, &s3.PutObjectInput{Bucket: b.name, Key: aws.String("k"), Body: strings.NewReader("1"), Tagging: aws.String("a=1")})
		wantTold(t, "put", err, "200")
		for key, c := range map[string]struct {
			directive s3types.TaggingDirective
			tags      *string
			metadata  s3types.MetadataDirective
			want      string
		}{
			"default":             {"", nil, "", "a=1"},
			"new metadata":        {"", nil, s3types.MetadataDirectiveReplace, "a=1"},
			"replaced":            {s3types.TaggingDirectiveReplace, aws.String("b=2"), "", "b=2"},
			"replaced by none":    {s3types.TaggingDirectiveReplace, nil, "", ""},
			"copied all the same": {s3types.TaggingDirectiveCopy, nil, "", "a=1"},
		} {
			_, err := b.CopyObject(b.ctx, &s3.CopyObjectInput{Bucket: b.name, Key: &key, CopySource: aws.String(*b.name + "/k"), TaggingDirective: c.directive, Tagging: c.tags, MetadataDirective: c.metadata})
			wantTold(t, key, err, "200")
			b.wantTags("a copy", key, c.want)
		}
	}},
	{"tags that S3 does not take", "https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html", func(t testing.TB, target Target) {
		b := newS3Bucket(t, target)
		b.put("k", "1")
		var many []string
		for i := range 11 {
			many = append(many, fmt.Sprint(i), "v")
		}
		for want, tags := range map[string]*s3types.Tagging{
			"400 BadRequest": s3Tags(many...), "400 InvalidTag": s3Tags("a", "1", "a", "2"),
		} {
			_, err := b.PutObjectTagging(b.ctx, &s3.PutObjectTaggingInput{Bucket: b.name, Key: aws.String("k"), Tagging: tags})
			wantTold(t, want, err, want)
		}
		for what, tags := range map[string]*s3types.Tagging{
			"a long key": s3Tags(strings.Repeat("k", 129), ""), "a long value": s3Tags("k", strings.Repeat("v", 257)), "AWS's own": s3Tags("aws:x", "1"), "a sign": s3Tags("k", "a#b"),
		} {
			_, err := b.PutObjectTagging(b.ctx, &s3.PutObjectTaggingInput{Bucket: b.name, Key: aws.String("k"), Tagging: tags})
			wantTold(t, what, err, "400 InvalidTag")
		}
		b.wantTags("afterwards", "k", "")
	}},
	{"tags of a bucket", s3Reference + "API_PutBucketTagging.html", func(t testing.TB, target Target) {
		b := newS3Bucket(t, target)
		_, err := b.GetBucketTagging(b.ctx, &s3.GetBucketTaggingInput{Bucket: b.name})
		wantTold(t, "before", err, "404 NoSuchTagSet")
		_, err = b.PutBucketTagging(b.ctx, &s3.PutBucketTaggingInput{Bucket: b.name, Tagging: s3Tags("team", "blue")})
		wantTold(t, "put", err, "200")
		out, err := b.GetBucketTagging(b.ctx, &s3.GetBucketTaggingInput{Bucket: b.name})
		if err != nil || len(out.TagSet) != 1 || *out.TagSet[0].Value != "blue" {
			t.Errorf("get: %+v, %v", out, err)
		}
		_, err = b.DeleteBucketTagging(b.ctx, &s3.DeleteBucketTaggingInput{Bucket: b.name})
		wantTold(t, "delete", err, "200")
	}},
	{"versioning tells the truth", s3Reference + "API_PutBucketVersioning.html", func(t testing.TB, target Target) {
		b := newS3Bucket(t, target)
		out, err := b.GetBucketVersioning(b.ctx, &s3.GetBucketVersioningInput{Bucket: b.name})
		if err != nil || out.Status != "" {
			t.Errorf("before: %+v, %v", out, err)
		}
		_, err = b.PutBucketVersioning(b.ctx, &s3.PutBucketVersioningInput{Bucket: b.name, VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusSuspended}})
		wantTold(t, "suspend", err, "200")
		out, err = b.GetBucketVersioning(b.ctx, &s3.GetBucketVersioningInput{Bucket: b.name})
		if err != nil || out.Status != s3types.BucketVersioningStatusSuspended {
			t.Errorf("suspended: %+v, %v", out, err)
		}
		b.put("k", "1")
		b.holds("in a bucket whose versioning is suspended", "k", "1")
	}},
	{"attributes of an object", s3Reference + "API_GetObjectAttributes.html", func(t testing.TB, target Target) {
		b := newS3Bucket(t, target)
		all := []s3types.ObjectAttributes{"ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"}
		sum := s3Sum(sha256.New(), "content")
		_, err := b.PutObject(b.ctx, &s3.PutObjectInput{Bucket: b.name, Key: aws.String("k"), Body: strings.NewReader("content"), ChecksumSHA256: &sum})
		wantTold(t, "put", err, "200")
		out, err := b.GetObjectAttributes(b.ctx, &s3.GetObjectAttributesInput{Bucket: b.name, Key: aws.String("k"), ObjectAttributes: all})
		if err != nil || `"`+aws.ToString(out.ETag)+`"` != quotedMD5("content") || aws.ToInt64(out.ObjectSize) != 7 || out.StorageClass != s3types.StorageClassStandard ||
			out.Checksum == nil || aws.ToString(out.Checksum.ChecksumSHA256) != sum || out.ObjectParts != nil {
			t.Errorf("%+v, %v", out, err)
		}
		_, err = b.GetObjectAttributes(b.ctx, &s3.GetObjectAttributesInput{Bucket: b.name, Key: aws.String("none"), ObjectAttributes: all})
		wantTold(t, "no object", err, "404 NoSuchKey")
		id := b.upload("parts")
		_, err = b.complete("parts", id, nil, b.part("parts", id, 1, filled(5<<20)), b.part("parts", id, 2, "rest"))
		wantTold(t, "complete", err, "200")
		out, err = b.GetObjectAttributes(b.ctx, &s3.GetObjectAttributesInput{Bucket: b.name, Key: aws.String("parts"), ObjectAttributes: all})
		if err != nil || out.ObjectParts == nil || aws.ToInt32(out.ObjectParts.TotalPartsCount) != 2 || !strings.HasSuffix(aws.ToString(out.ETag), "-2") {
			t.Errorf("of parts: %+v, %v", out, err)
		}
	}},
	{"parts have the checksum that was announced", s3Reference + "API_UploadPart.html", func(t testing.TB, target Target) {
		b := newS3Bucket(t, target)
		unasked := func(o *s3.Options) { o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired }
		begin := func(key string, kind s3types.ChecksumType) *string {
			out, err := b.CreateMultipartUpload(b.ctx, &s3.CreateMultipartUploadInput{Bucket: b.name, Key: &key, ChecksumAlgorithm: s3types.ChecksumAlgorithmCrc32c, ChecksumType: kind})
			if err != nil {
				t.Fatal(err)
			}
			return out.UploadId
		}
		put := func(key string, id, sum *string) (*s3.UploadPartOutput, error) {
			return b.UploadPart(b.ctx, &s3.UploadPartInput{Bucket: b.name, Key: &key, UploadId: id, PartNumber: aws.Int32(1), Body: strings.NewReader("content"), ChecksumCRC32C: sum}, unasked)
		}
		sum := s3Sum(s3Sums[1].hash(), "content")
		id := begin("composite", s3types.ChecksumTypeComposite)
		_, err := put("composite", id, nil)
		wantTold(t, "a part without its checksum", err, "400 InvalidRequest")
		_, err = b.UploadPart(b.ctx, &s3.UploadPartInput{Bucket: b.name, Key: aws.String("composite"), UploadId: id, PartNumber: aws.Int32(1), Body: strings.NewReader("content"),
			ChecksumSHA256: aws.String(s3Sum(sha256.New(), "content"))}, unasked)
		wantTold(t, "a part with another checksum", err, "400 InvalidRequest")
		part, err := put("composite", id, &sum)
		wantTold(t, "a part with its checksum", err, "200")
		one := s3types.CompletedPart{PartNumber: aws.Int32(1), ETag: part.ETag}
		_, err = b.complete("composite", id, nil, one)
		wantTold(t, "a list without the checksums", err, "400 InvalidRequest")
		one.ChecksumCRC32C = aws.String("AAAAAA==")
		_, err = b.complete("composite", id, nil, one)
		wantTold(t, "a list with a wrong one", err, "400 InvalidPart")
		one.ChecksumCRC32C = &sum
		done, err := b.complete("composite", id, nil, one)
		if err != nil || !strings.HasSuffix(aws.ToString(done.ChecksumCRC32C), "-1") {
			t.Errorf("complete: %+v, %v", done, err)
		}
		id = begin("whole", s3types.ChecksumTypeFullObject)
		part, err = put("whole", id, nil)
		wantTold(t, "a part of which the whole has a checksum", err, "200")
		done, err = b.complete("whole", id, nil, s3types.CompletedPart{PartNumber: aws.Int32(1), ETag: part.ETag})
		if err != nil || aws.ToString(done.ChecksumCRC32C) != sum {
			t.Errorf("complete the whole: %+v, %v", done, err)
		}
	}},
}
