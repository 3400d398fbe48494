package conformance

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

// s3Bucket is a bucket of a case's own.
type s3Bucket struct {
	*s3.Client
	t    testing.TB
	ctx  context.Context
	name *string
}

func newS3Bucket(t testing.TB, target Target) *s3Bucket {
	t.Helper()
	b := &s3Bucket{s3.NewFromConfig(target.Config), t, t.Context(), aws.String(name("bucket"))}
	if _, err := b.CreateBucket(b.ctx, &s3.CreateBucketInput{Bucket: b.name}); err != nil {
		t.Fatalf("create the bucket: %v", err)
	}
	return b
}

// put writes an object and answers its ETag, in quotes.
func (b *s3Bucket) put(key, body string) string {
	b.t.Helper()
	out, err := b.PutObject(b.ctx, &s3.PutObjectInput{Bucket: b.name, Key: &key, Body: strings.NewReader(body)})
	if err != nil {
		b.t.Fatalf("put %q: %v", key, err)
	}
	return *out.ETag
}

// remove deletes an object without conditions.
func (b *s3Bucket) remove(key string) {
	b.t.Helper()
	if _, err := b.DeleteObject(b.ctx, &s3.DeleteObjectInput{Bucket: b.name, Key: &key}); err != nil {
		b.t.Fatalf("delete %q: %v", key, err)
	}
}

// holds tells what an object's content must be; "" means that it is not there.
func (b *s3Bucket) holds(what, key, want string) {
	b.t.Helper()
	out, err := b.GetObject(b.ctx, &s3.GetObjectInput{Bucket: b.name, Key: &key})
	if err != nil {
		if want != "" || told(err) != "404 NoSuchKey" {
			b.t.Errorf("%s: %q is %s, want %.80q", what, key, told(err), want)
		}
		return
	}
	if got := s3Read(b.t, out.Body); got != want {
		b.t.Errorf("%s: %q has %.80q, want %.80q", what, key, got, want)
	}
}

func s3Read(t testing.TB, body io.ReadCloser) string {
	t.Helper()
	defer body.Close()
	content, err := io.ReadAll(body)
	if err != nil {
		t.Errorf("read a body: %v", err)
	}
	return string(content)
}

// upload begins a multipart upload.
func (b *s3Bucket) upload(key string) *string {
	b.t.Helper()
	out, err := b.CreateMultipartUpload(b.ctx, &s3.CreateMultipartUploadInput{Bucket: b.name, Key: &key})
	if err != nil {
		b.t.Fatalf("create an upload: %v", err)
	}
	return out.UploadId
}

// part uploads a part.
func (b *s3Bucket) part(key string, upload *string, number int32, body string) s3types.CompletedPart {
	b.t.Helper()
	out, err := b.UploadPart(b.ctx, &s3.UploadPartInput{Bucket: b.name, Key: &key, UploadId: upload, PartNumber: &number, Body: strings.NewReader(body)})
	if err != nil {
		b.t.Fatalf("upload part %d: %v", number, err)
	}
	return s3types.CompletedPart{PartNumber: &number, ETag: out.ETag}
}

func (b *s3Bucket) complete(key string, upload *string, change func(*s3.CompleteMultipartUploadInput), parts ...s3types.CompletedPart) (*s3.CompleteMultipartUploadOutput, error) {
	in := &s3.CompleteMultipartUploadInput{Bucket: b.name, Key: &key, UploadId: upload, MultipartUpload: &s3types.CompletedMultipartUpload{Parts: parts}}
	if change != nil {
		change(in)
	}
	return b.CompleteMultipartUpload(b.ctx, in)
}

// told is what a call was answered: "200", or the status and the error code,
// "412 PreconditionFailed". Without a body to read the code from it is the SDK's.
func told(err error) string {
	if err == nil {
		return "200"
	}
	var response *awshttp.ResponseError
	var api smithy.APIError
	switch {
	case errors.As(err, &response) && errors.As(err, &api):
		return fmt.Sprintf("%d %s", response.HTTPStatusCode(), api.ErrorCode())
	case errors.As(err, &response):
		return fmt.Sprint(response.HTTPStatusCode())
	}
	return err.Error()
}

// wantTold fails for another answer. A want that is only a status takes any
// code.
func wantTold(t testing.TB, what string, err error, want string) {
	t.Helper()
	got := told(err)
	if got != want && !(len(want) == 3 && strings.HasPrefix(got, want)) {
		t.Errorf("%s: %s, want %s (%v)", what, got, want, err)
	}
}

func quotedMD5(body string) string {
	sum := md5.Sum([]byte(body))
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

// filled is n bytes of which no two stretches are the same.
func filled(n int) string {
	var b bytes.Buffer
	for i := 0; b.Len() < n; i++ {
		b.WriteString(quotedMD5(fmt.Sprint(i)))
	}
	return b.String()[:n]
}

// send makes a request of the wire and answers status and body.
func send(t testing.TB, method, url string, header http.Header, body io.Reader) (int, http.Header, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		request.Header[name] = values
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header, s3Read(t, response.Body)
}
