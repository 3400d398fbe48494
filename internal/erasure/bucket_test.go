package erasure

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// bucket is a bucket in memory, with versions or without.
type bucket struct {
	API
	versioned bool
	objects   map[string][]stored // the newest last
	writes    int
}

type stored struct {
	id   string
	body []byte
	mark bool
}

func (b *bucket) put(key, body string) {
	b.writes++
	one := stored{id: onlyVersion, body: []byte(body)}
	if !b.versioned {
		b.objects[key] = []stored{one}
		return
	}
	one.id = fmt.Sprint("v", b.writes)
	b.objects[key] = append(b.objects[key], one)
}

func (b *bucket) mark(key string) {
	b.writes++
	b.objects[key] = append(b.objects[key], stored{id: fmt.Sprint("v", b.writes), mark: true})
}

func (b *bucket) keys() []string { return slices.Sorted(maps.Keys(b.objects)) }

// text is all that the bucket holds, keys and every version.
func (b *bucket) text() string {
	var all strings.Builder
	for _, key := range b.keys() {
		for _, one := range b.objects[key] {
			fmt.Fprintf(&all, "%s: %s\n", key, one.body)
		}
	}
	return all.String()
}

func etagOf(body []byte) string { return fmt.Sprintf(`"%x"`, body) }

func refused(status int) error {
	return &awshttp.ResponseError{ResponseError: &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}}, Err: fmt.Errorf("status %d", status)}}
}

func (b *bucket) GetObject(_ context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	all := b.objects[*in.Key]
	for i, one := range slices.Backward(all) {
		if in.VersionId == nil && i == len(all)-1 && !one.mark || in.VersionId != nil && one.id == *in.VersionId {
			return &s3.GetObjectOutput{Body: io.NopCloser(bytes.NewReader(one.body)), ContentLength: aws.Int64(int64(len(one.body))), ETag: aws.String(etagOf(one.body))}, nil
		}
	}
	return nil, refused(http.StatusNotFound)
}

func (b *bucket) PutObject(_ context.Context, in *s3.PutObjectInput, _ ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	all := b.objects[*in.Key]
	if in.IfMatch != nil && (len(all) == 0 || etagOf(all[len(all)-1].body) != *in.IfMatch) {
		return nil, refused(http.StatusPreconditionFailed)
	}
	body, err := io.ReadAll(in.Body)
	b.put(*in.Key, string(body))
	return &s3.PutObjectOutput{}, err
}

func (b *bucket) ListObjectVersions(context.Context, *s3.ListObjectVersionsInput, ...func(*s3.Options)) (*s3.ListObjectVersionsOutput, error) {
	out := &s3.ListObjectVersionsOutput{}
	for _, key := range b.keys() {
		for i, one := range slices.Backward(b.objects[key]) {
			latest := aws.Bool(i == len(b.objects[key])-1)
			if one.mark {
				out.DeleteMarkers = append(out.DeleteMarkers, types.DeleteMarkerEntry{Key: aws.String(key), VersionId: aws.String(one.id), IsLatest: latest})
				continue
			}
			out.Versions = append(out.Versions, types.ObjectVersion{Key: aws.String(key), VersionId: aws.String(one.id), IsLatest: latest,
				ETag: aws.String(etagOf(one.body)), Size: aws.Int64(int64(len(one.body)))})
		}
	}
	return out, nil
}

func (b *bucket) DeleteObjects(_ context.Context, in *s3.DeleteObjectsInput, _ ...func(*s3.Options)) (*s3.DeleteObjectsOutput, error) {
	for _, o := range in.Delete.Objects {
		b.objects[*o.Key] = slices.DeleteFunc(b.objects[*o.Key], func(one stored) bool { return one.id == *o.VersionId })
		if len(b.objects[*o.Key]) == 0 {
			delete(b.objects, *o.Key)
		}
	}
	return &s3.DeleteObjectsOutput{}, nil
}
