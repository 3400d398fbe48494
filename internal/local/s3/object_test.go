package s3

import (
	"bytes"
	"context"
	"crypto/md5"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"sluice/internal/fault"
)

func TestAnObjectComesBackAsItWent(t *testing.T) {
	m := inMemory(t)
	for _, size := range []int{0, 1, mostInStore, mostInStore + 1, 300_000} {
		key, body := fmt.Sprintf("một/ key+%d", size), text(size)
		put, err := m.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(testBucket), Key: &key, Body: strings.NewReader(body),
			ContentType: aws.String("text/plain; charset=utf-8"), CacheControl: aws.String("no-cache"), Metadata: map[string]string{"task": "summarize"}})
		if err != nil {
			t.Fatal(err)
		}
		if want := `"` + md5Hex(body) + `"`; *put.ETag != want {
			t.Errorf("%d bytes: ETag %s, want %s", size, *put.ETag, want)
		}
		got, err := m.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(testBucket), Key: &key, ChecksumMode: types.ChecksumModeEnabled})
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(got.Body)
		if err != nil || string(content) != body {
			t.Errorf("%d bytes: got %d other bytes, %v", size, len(content), err)
		}
		head, err := m.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String(testBucket), Key: &key})
		if err != nil {
			t.Fatal(err)
		}
		if *head.ContentLength != int64(size) || *head.ContentType != "text/plain; charset=utf-8" || head.Metadata["task"] != "summarize" ||
			*head.CacheControl != "no-cache" || *head.ETag != *put.ETag || got.ChecksumCRC32 == nil || time.Since(*head.LastModified) > time.Hour {
			t.Errorf("%d bytes: %d, %s, %v, %v, checksum %v", size, *head.ContentLength, *head.ContentType, head.Metadata, head.LastModified, got.ChecksumCRC32)
		}
	}
}

// net/http would write X-Amz-Meta-Task, and boto3 would call it Task.
func TestMetadataIsInLowerCaseOnTheWire(t *testing.T) {
	m := inMemory(t)
	if _, err := m.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(testBucket), Key: aws.String("k"), Body: strings.NewReader(""), Metadata: map[string]string{"task": "x"}}); err != nil {
		t.Fatal(err)
	}
	connection, err := net.Dial("tcp", strings.TrimPrefix(m.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	fmt.Fprintf(connection, "HEAD /%s/k HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", testBucket)
	if answer, err := io.ReadAll(connection); err != nil || !bytes.Contains(answer, []byte("\r\nx-amz-meta-task: x\r\n")) {
		t.Errorf("%s, %v", answer, err)
	}
}

func TestConditionsOfWrites(t *testing.T) {
	m := inMemory(t)
	here := m.put(t, "here", "one")
	cases := []struct {
		name, key, ifMatch, ifNoneMatch string
		want                            string
	}{
		{"create what is not there", "new", "", "*", ""},
		{"create what is there", "here", "", "*", "PreconditionFailed"},
		{"replace what is the same", "here", here, "", ""},
		{"replace, without quotes", "here", md5Hex("two"), "", ""},
		{"replace what has changed", "here", here, "", "PreconditionFailed"},
		{"replace what is not there", "gone", here, "", "NoSuchKey"},
		{"create unless this one", "here", "", here, "NotImplemented"},
	}
	for _, c := range cases {
		in := &s3.PutObjectInput{Bucket: aws.String(testBucket), Key: &c.key, Body: strings.NewReader("two")}
		if c.ifMatch != "" {
			in.IfMatch = &c.ifMatch
		}
		if c.ifNoneMatch != "" {
			in.IfNoneMatch = &c.ifNoneMatch
		}
		_, err := m.PutObject(t.Context(), in)
		wantCode(t, c.name, err, c.want)
	}
}

func TestOneOfManyConditionalWritersWins(t *testing.T) {
	m := onDisk(t, t.TempDir(), nil)
	for round := range 5 {
		key := fmt.Sprintf("claim-%d", round)
		winners := func(phase string, condition func(*s3.PutObjectInput)) int64 {
			var won atomic.Int64
			var writers sync.WaitGroup
			for w := range 16 {
				writers.Go(func() {
					in := &s3.PutObjectInput{Bucket: aws.String(testBucket), Key: &key, Body: strings.NewReader(fmt.Sprint(phase, w))}
					condition(in)
					if _, err := m.PutObject(context.Background(), in); err == nil {
						won.Add(1)
					} else if code(err) != "PreconditionFailed" {
						t.Error(err)
					}
				})
			}
			writers.Wait()
			return won.Load()
		}
		if n := winners("create", func(in *s3.PutObjectInput) { in.IfNoneMatch = aws.String("*") }); n != 1 {
			t.Fatalf("%d writers created the object", n)
		}
		etag := `"` + md5Hex(m.read(t, key)) + `"`
		if n := winners("replace", func(in *s3.PutObjectInput) { in.IfMatch = &etag }); n != 1 {
			t.Fatalf("%d writers replaced the object", n)
		}
	}
}

func TestConditionsOfReadsAndDeletes(t *testing.T) {
	m := inMemory(t)
	etag := m.put(t, "k", "body")
	other, past, future := `"0123"`, time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	reads := []struct {
		name string
		in   s3.GetObjectInput
		want int
	}{
		{"if-match", s3.GetObjectInput{IfMatch: &etag}, 200},
		{"if-match any", s3.GetObjectInput{IfMatch: aws.String("*")}, 200},
		{"if-match other", s3.GetObjectInput{IfMatch: &other}, 412},
		{"if-none-match", s3.GetObjectInput{IfNoneMatch: &etag}, 304},
		{"if-none-match other", s3.GetObjectInput{IfNoneMatch: &other}, 200},
		{"modified since", s3.GetObjectInput{IfModifiedSince: &past}, 200},
		{"not modified since", s3.GetObjectInput{IfModifiedSince: &future}, 304},
		{"unmodified since", s3.GetObjectInput{IfUnmodifiedSince: &future}, 200},
		{"not unmodified since", s3.GetObjectInput{IfUnmodifiedSince: &past}, 412},
		{"the ETag decides for", s3.GetObjectInput{IfMatch: &etag, IfUnmodifiedSince: &past}, 200},
		{"the ETag decides against", s3.GetObjectInput{IfNoneMatch: &etag, IfModifiedSince: &past}, 304},
	}
	for _, c := range reads {
		c.in.Bucket, c.in.Key = aws.String(testBucket), aws.String("k")
		_, err := m.GetObject(t.Context(), &c.in)
		if got := status(err); got != c.want {
			t.Errorf("GET %s: %d, want %d", c.name, got, c.want)
		}
		_, err = m.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: c.in.Bucket, Key: c.in.Key, IfMatch: c.in.IfMatch, IfNoneMatch: c.in.IfNoneMatch,
			IfModifiedSince: c.in.IfModifiedSince, IfUnmodifiedSince: c.in.IfUnmodifiedSince})
		if got := status(err); got != c.want {
			t.Errorf("HEAD %s: %d, want %d", c.name, got, c.want)
		}
	}
	deletes := []struct{ key, ifMatch, want string }{
		{"k", other, "PreconditionFailed"}, {"none", "*", "NoSuchKey"}, {"none", other, "NoSuchKey"}, {"none", "", ""}, {"k", etag, ""}, {"k", "*", "NoSuchKey"},
	}
	for _, c := range deletes {
		in := &s3.DeleteObjectInput{Bucket: aws.String(testBucket), Key: &c.key}
		if c.ifMatch != "" {
			in.IfMatch = &c.ifMatch
		}
		_, err := m.DeleteObject(t.Context(), in)
		wantCode(t, "delete "+c.key+" if "+c.ifMatch, err, c.want)
	}
}

func TestRanges(t *testing.T) {
	m := inMemory(t)
	small, large := text(100), text(200_000)
	m.put(t, "small", small)
	m.put(t, "large", large)
	m.put(t, "empty", "")
	for key, body := range map[string]string{"small": small, "large": large} {
		n := len(body)
		for header, want := range map[string]string{
			"bytes=0-9": body[:10], "bytes=10-": body[10:], "bytes=-7": body[n-7:], "bytes=95-1000000": body[95:], "bytes=-1000000": body,
			"bytes=0-0": body[:1], "bytes=0-4,6-8": body, "lines=1-2": body, "bytes=a-b": body, "bytes=-": body,
		} {
			out, err := m.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(testBucket), Key: &key, Range: &header})
			if err != nil {
				t.Errorf("%s %s: %v", key, header, err)
				continue
			}
			if got, err := io.ReadAll(out.Body); err != nil || string(got) != want {
				t.Errorf("%s %s: %d bytes, want %d, %v", key, header, len(got), len(want), err)
			}
		}
		for _, header := range []string{fmt.Sprintf("bytes=%d-", n), "bytes=9-3", "bytes=-0"} {
			_, err := m.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(testBucket), Key: &key, Range: &header})
			wantCode(t, header, err, "InvalidRange")
		}
	}
	_, err := m.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(testBucket), Key: aws.String("empty"), Range: aws.String("bytes=0-")})
	wantCode(t, "empty", err, "InvalidRange")
}

// repeated is a body of any size that is never in memory.
type repeated struct{ left int64 }

func (r *repeated) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), r.left))
	for i := range p[:n] {
		p[i] = byte(r.left-int64(i)) % 251
	}
	r.left -= int64(n)
	return n, nil
}

func TestALargeUploadIsNotHeldInMemory(t *testing.T) {
	folder := t.TempDir()
	m := onDisk(t, folder, nil)
	const size = 96 << 20
	sum := md5.New()
	io.Copy(sum, &repeated{size})
	request, err := http.NewRequest(http.MethodPut, m.url+"/"+testBucket+"/big", &repeated{size})
	if err != nil {
		t.Fatal(err)
	}
	request.ContentLength = size
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	runtime.ReadMemStats(&after)
	if want := fmt.Sprintf(`"%x"`, sum.Sum(nil)); response.Header.Get("ETag") != want {
		t.Errorf("%s, ETag %s, want %s", response.Status, response.Header.Get("ETag"), want)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 16<<20 {
		t.Errorf("%d MiB were allocated for it", grown>>20)
	}
	out, err := m.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(testBucket), Key: aws.String("big")})
	if err != nil {
		t.Fatal(err)
	}
	back := md5.New()
	if _, err := io.Copy(back, out.Body); err != nil || !bytes.Equal(back.Sum(nil), sum.Sum(nil)) {
		t.Errorf("another content came back, %v", err)
	}
	m.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String(testBucket), Key: aws.String("big")})
	if left, err := os.ReadDir(filepath.Join(folder, "blobs")); err != nil || len(left) > 0 {
		t.Errorf("after the delete: %v, %v", left, err)
	}
}

func TestCopies(t *testing.T) {
	m := inMemory(t)
	_, err := m.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(testBucket), Key: aws.String("a b+c/ü"), Body: strings.NewReader("body"),
		ContentType: aws.String("text/csv"), Metadata: map[string]string{"x": "1"}})
	if err != nil {
		t.Fatal(err)
	}
	source := testBucket + "/a%20b%2Bc/%C3%BC"
	copyTo := func(key string, change func(*s3.CopyObjectInput)) (*s3.HeadObjectOutput, error) {
		in := &s3.CopyObjectInput{Bucket: aws.String(testBucket), Key: &key, CopySource: &source}
		change(in)
		if _, err := m.CopyObject(t.Context(), in); err != nil {
			return nil, err
		}
		return m.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String(testBucket), Key: &key})
	}
	head, err := copyTo("plain", func(*s3.CopyObjectInput) {})
	if err != nil || *head.ContentType != "text/csv" || head.Metadata["x"] != "1" || m.read(t, "plain") != "body" {
		t.Errorf("plain copy: %+v, %v", head, err)
	}
	head, err = copyTo("replaced", func(in *s3.CopyObjectInput) {
		in.MetadataDirective, in.ContentType, in.Metadata = types.MetadataDirectiveReplace, aws.String("text/html"), map[string]string{"y": "2"}
	})
	if err != nil || *head.ContentType != "text/html" || head.Metadata["x"] != "" || head.Metadata["y"] != "2" {
		t.Errorf("replacing copy: %+v, %v", head, err)
	}
	refused := map[string]func(*s3.CopyObjectInput){
		"PreconditionFailed": func(in *s3.CopyObjectInput) { in.CopySourceIfNoneMatch = aws.String(md5Hex("body")) },
		"NoSuchKey":          func(in *s3.CopyObjectInput) { in.CopySource = aws.String(testBucket + "/none") },
		"NoSuchBucket":       func(in *s3.CopyObjectInput) { in.CopySource = aws.String("no-bucket/none") },
		"InvalidRequest":     func(in *s3.CopyObjectInput) { in.Key = aws.String("a b+c/ü") },
	}
	for want, change := range refused {
		_, err := copyTo("refused", change)
		wantCode(t, "copy", err, want)
	}
}

func TestCountsAndRefusals(t *testing.T) {
	m := inMemory(t)
	m.put(t, "a", "1")
	m.put(t, "b", "2")
	m.read(t, "a")
	if n := m.state.Counts(); n["PutObject"] != 2 || n["GetObject"] != 1 || n["CreateBucket"] != 1 {
		t.Errorf("counts %v", n)
	}
	_, err := m.PutObjectAcl(t.Context(), &s3.PutObjectAclInput{Bucket: aws.String(testBucket), Key: aws.String("a"), ACL: types.ObjectCannedACLPrivate})
	wantCode(t, "an access list", err, "AccessControlListNotSupported")
	if got := m.read(t, "a"); got != "1" {
		t.Errorf("an access list wrote %q", got)
	}
	_, err = m.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{Bucket: aws.String(testBucket), VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}})
	wantCode(t, "versions", err, "NotImplemented")
	_, err = m.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(testBucket), Key: aws.String(strings.Repeat("k", 1025)), Body: strings.NewReader("")})
	wantCode(t, "long key", err, "KeyTooLongError")
	_, err = m.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("none-such"), Key: aws.String("k"), Body: strings.NewReader("")})
	wantCode(t, "bucket", err, "NoSuchBucket")
	_, err = m.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(testBucket), Key: aws.String("k"), Body: strings.NewReader(""), Metadata: map[string]string{"m": text(3000)}})
	wantCode(t, "metadata", err, "MetadataTooLarge")
	response, err := http.Get(m.url + "/" + testBucket + "/none")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	if !bytes.Contains(body, []byte("<Code>NoSuchKey</Code>")) || !bytes.Contains(body, []byte("<Key>none</Key>")) || response.Header.Get("Access-Control-Allow-Origin") != "" || response.Header.Get("x-amz-request-id") == "" {
		t.Errorf("%s %v", body, response.Header)
	}
}

// status is the answer's status, 200 for no error.
func status(err error) int {
	if err == nil {
		return http.StatusOK
	}
	return fault.Status(err)
}
