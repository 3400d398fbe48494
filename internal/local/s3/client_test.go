package s3

import (
	"crypto/md5"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// What clients of other languages send and expect.

func TestHeadersInThePresignedQuery(t *testing.T) {
	m := inMemory(t)
	query := url.Values{"X-Amz-Signature": {"0"}, "x-amz-meta-who": {"js"}, "x-amz-storage-class": {"STANDARD_IA"},
		"x-amz-checksum-crc32": {"AAAAAA=="}, "x-amz-sdk-checksum-algorithm": {"CRC32"}, "x-amz-tagging": {"a=b"}}
	_, code := m.send(t, http.MethodPut, "/"+testBucket+"/k?"+query.Encode(), "hello", nil)
	if code != "" {
		t.Fatalf("the checksum of an empty body in the query: %q", code)
	}
	head, err := m.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String(testBucket), Key: aws.String("k")})
	if err != nil || head.Metadata["who"] != "js" || head.StorageClass != types.StorageClassStandardIa || head.TagCount != nil {
		t.Errorf("%+v, %v", head, err)
	}
	query.Del("X-Amz-Signature")
	if _, code := m.send(t, http.MethodPut, "/"+testBucket+"/k?"+query.Encode(), "hello", nil); code != "" {
		t.Fatal(code)
	}
	if head, err = m.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String(testBucket), Key: aws.String("k")}); err != nil || len(head.Metadata) != 0 {
		t.Errorf("without a signature in the query: %+v, %v", head, err)
	}
}

func TestUploadsThatCannotBe(t *testing.T) {
	m := inMemory(t)
	m.put(t, "source", "0123456789")
	create := func(algorithm types.ChecksumAlgorithm, kind types.ChecksumType) string {
		_, err := m.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: aws.String(testBucket), Key: aws.String("k"),
			ChecksumAlgorithm: algorithm, ChecksumType: kind})
		return code(err)
	}
	for algorithm, kind := range map[types.ChecksumAlgorithm]types.ChecksumType{"SHA256": "FULL_OBJECT", "CRC64NVME": "COMPOSITE", "CRC32": "HALF", "XXHASH64": ""} {
		if got := create(algorithm, kind); got != "InvalidRequest" {
			t.Errorf("%s %s: %q", algorithm, kind, got)
		}
	}
	begun, err := m.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: aws.String(testBucket), Key: aws.String("k")})
	if err != nil {
		t.Fatal(err)
	}
	copied := func(stretch string, number int32) (string, error) {
		out, err := m.UploadPartCopy(t.Context(), &s3.UploadPartCopyInput{Bucket: aws.String(testBucket), Key: aws.String("k"), UploadId: begun.UploadId,
			PartNumber: &number, CopySource: aws.String(testBucket + "/source"), CopySourceRange: &stretch})
		if err != nil {
			return "", err
		}
		return *out.CopyPartResult.ETag, nil
	}
	for _, stretch := range []string{"bytes=0-10", "bytes=5-", "bytes=-3", "bytes=5-4", "0-3", "bytes=a-b"} {
		_, err := copied(stretch, 1)
		wantCode(t, stretch, err, "InvalidArgument")
	}
	_, err = m.UploadPart(t.Context(), &s3.UploadPartInput{Bucket: aws.String(testBucket), Key: aws.String("k"), UploadId: begun.UploadId, PartNumber: aws.Int32(10_001), Body: strings.NewReader("x")})
	wantCode(t, "part 10,001", err, "InvalidArgument")
	etag, err := copied("bytes=2-9", 1)
	if err != nil {
		t.Fatal(err)
	}
	complete := func(size int64) error {
		_, err := m.CompleteMultipartUpload(t.Context(), &s3.CompleteMultipartUploadInput{Bucket: aws.String(testBucket), Key: aws.String("k"), UploadId: begun.UploadId,
			MpuObjectSize: &size, MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{PartNumber: aws.Int32(1), ETag: &etag}}}})
		return err
	}
	wantCode(t, "another size", complete(7), "InvalidRequest")
	wantCode(t, "its size", complete(8), "")
	if got := m.read(t, "k"); got != "23456789" {
		t.Errorf("read %q", got)
	}
}

func TestChecksumsOfCopies(t *testing.T) {
	m := inMemory(t)
	m.put(t, "source", "hello")
	copied := func(algorithm types.ChecksumAlgorithm) *types.CopyObjectResult {
		t.Helper()
		out, err := m.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: aws.String(testBucket), Key: aws.String("copy"), CopySource: aws.String(testBucket + "/source"), ChecksumAlgorithm: algorithm})
		if err != nil {
			t.Fatal(err)
		}
		return out.CopyObjectResult
	}
	if got := copied(""); aws.ToString(got.ChecksumCRC32) != "NhCmhg==" || got.ChecksumType != types.ChecksumTypeFullObject {
		t.Errorf("the source's: %+v", got)
	}
	if got := copied(types.ChecksumAlgorithmSha1); aws.ToString(got.ChecksumSHA1) != "qvTGHdzF6KLavt4PO0gs2a6pQ00=" || got.ChecksumCRC32 != nil {
		t.Errorf("one that is asked for: %+v", got)
	}
	_, err := m.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: aws.String(testBucket), Key: aws.String("copy"), CopySource: aws.String(testBucket + "/source"), ChecksumAlgorithm: "NONE"})
	wantCode(t, "an algorithm that is none", err, "InvalidRequest")
}

func TestChecksumsInHeaders(t *testing.T) {
	m := inMemory(t)
	sum := md5.Sum([]byte("hello"))
	for header, want := range map[string]string{
		"x-amz-checksum-md5=" + base64.StdEncoding.EncodeToString(sum[:]): "",
		"x-amz-checksum-md5=AAAAAAAAAAAAAAAAAAAAAA==":                     "BadDigest",
		"x-amz-checksum-foo=AAAA":                                         "InvalidRequest",
		"x-amz-trailer=x-amz-checksum-foo":                                "InvalidRequest",
		"x-amz-storage-class=COSY":                                        "InvalidStorageClass",
		"x-amz-acl=public-read":                                           "AccessControlListNotSupported",
		"x-amz-grant-read=id=1":                                           "AccessControlListNotSupported",
		"x-amz-acl=private":                                               "",
	} {
		name, value, _ := strings.Cut(header, "=")
		if _, code := m.send(t, http.MethodPut, "/"+testBucket+"/k", "hello", map[string]string{name: value}); code != want {
			t.Errorf("%s: %q, want %q", header, code, want)
		}
	}
}

func TestListBucketsInPages(t *testing.T) {
	m := inMemory(t)
	for _, name := range []string{"logs-1", "logs-2", "logs-3"} {
		if _, err := m.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name}); err != nil {
			t.Fatal(err)
		}
	}
	var names []string
	pages := s3.NewListBucketsPaginator(m.Client, &s3.ListBucketsInput{Prefix: aws.String("logs-"), MaxBuckets: aws.Int32(2)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range page.Buckets {
			names = append(names, *one.Name)
		}
	}
	if !slices.Equal(names, []string{"logs-1", "logs-2", "logs-3"}) {
		t.Errorf("names %q", names)
	}
	_, err := m.ListBuckets(t.Context(), &s3.ListBucketsInput{MaxBuckets: aws.Int32(0)})
	wantCode(t, "no buckets", err, "InvalidArgument")
}

func TestWhatABucketHasNot(t *testing.T) {
	m := inMemory(t)
	m.put(t, "k", "1")
	bucket := aws.String(testBucket)
	acl, err := m.GetObjectAcl(t.Context(), &s3.GetObjectAclInput{Bucket: bucket, Key: aws.String("k")})
	if err != nil || len(acl.Grants) != 1 || acl.Grants[0].Permission != types.PermissionFullControl || aws.ToString(acl.Grants[0].Grantee.ID) != aws.ToString(acl.Owner.ID) {
		t.Errorf("ACL %+v, %v", acl, err)
	}
	_, err = m.GetObjectAcl(t.Context(), &s3.GetObjectAclInput{Bucket: bucket, Key: aws.String("none")})
	wantCode(t, "ACL of nothing", err, "NoSuchKey")
	_, err = m.GetBucketAcl(t.Context(), &s3.GetBucketAclInput{Bucket: aws.String("none-such")})
	wantCode(t, "ACL of no bucket", err, "NoSuchBucket")
	_, err = m.GetBucketWebsite(t.Context(), &s3.GetBucketWebsiteInput{Bucket: bucket})
	wantCode(t, "website", err, "NoSuchWebsiteConfiguration")
	_, err = m.GetBucketReplication(t.Context(), &s3.GetBucketReplicationInput{Bucket: bucket})
	wantCode(t, "replication", err, "ReplicationConfigurationNotFoundError")
	_, err = m.GetObjectLockConfiguration(t.Context(), &s3.GetObjectLockConfigurationInput{Bucket: bucket})
	wantCode(t, "object lock", err, "ObjectLockConfigurationNotFoundError")
	_, err = m.PutBucketWebsite(t.Context(), &s3.PutBucketWebsiteInput{Bucket: bucket, WebsiteConfiguration: &types.WebsiteConfiguration{IndexDocument: &types.IndexDocument{Suffix: aws.String("i")}}})
	wantCode(t, "a website", err, "NotImplemented")
	response, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, m.url+"/"+testBucket+"/k", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(response)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil || answer.StatusCode != http.StatusNoContent || answer.Header.Get("x-amz-delete-marker") != "" {
		t.Errorf("a delete: %d %v", answer.StatusCode, answer.Header)
	}
}
