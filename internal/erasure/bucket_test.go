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
	"sync"
	"time"

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
	uploads   []begun             // never ended, by key
	writes    int
	page      int       // how much is listed at once; 0 is everything
	clock     time.Time // when things are written
	reads     sync.Mutex
}

type stored struct {
	id       string
	body     []byte
	mark     bool
	modified time.Time
}

type begun struct {
	key, id string
	parts   []int64
	at      time.Time
}

func (b *bucket) put(key, body string) {
	b.writes++
	one := stored{id: onlyVersion, body: []byte(body), modified: b.clock}
	if !b.versioned {
		b.objects[key] = []stored{one}
		return
	}
	one.id = fmt.Sprint("v", b.writes)
	b.objects[key] = append(b.objects[key], one)
}

func (b *bucket) mark(key string) {
	b.writes++
	b.objects[key] = append(b.objects[key], stored{id: fmt.Sprint("v", b.writes), mark: true, modified: b.clock})
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
	b.reads.Lock() // cleaning reads many at a time
	defer b.reads.Unlock()
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

// entry is a line of the list of versions.
type entry struct {
	key    string
	one    stored
	latest bool
}

// list is every version and mark, by key and the newest first.
func (b *bucket) list() []entry {
	var all []entry
	for _, key := range b.keys() {
		for i, one := range slices.Backward(b.objects[key]) {
			all = append(all, entry{key, one, i == len(b.objects[key])-1})
		}
	}
	return all
}

func (b *bucket) ListObjectVersions(_ context.Context, in *s3.ListObjectVersionsInput, _ ...func(*s3.Options)) (*s3.ListObjectVersionsOutput, error) {
	out := &s3.ListObjectVersionsOutput{IsTruncated: aws.Bool(false)}
	all := b.list()
	if in.KeyMarker != nil {
		at := slices.IndexFunc(all, func(e entry) bool { return e.key == *in.KeyMarker && e.one.id == aws.ToString(in.VersionIdMarker) })
		if at < 0 {
			at = slices.IndexFunc(all, func(e entry) bool { return e.key > *in.KeyMarker }) - 1
		}
		all = all[at+1:]
	}
	for i, e := range all {
		if !strings.HasPrefix(e.key, aws.ToString(in.Prefix)) {
			continue
		}
		if e.one.mark {
			out.DeleteMarkers = append(out.DeleteMarkers, types.DeleteMarkerEntry{Key: &e.key, VersionId: &e.one.id, IsLatest: &e.latest, LastModified: &e.one.modified})
		} else {
			out.Versions = append(out.Versions, types.ObjectVersion{Key: &e.key, VersionId: &e.one.id, IsLatest: &e.latest, LastModified: &e.one.modified,
				ETag: aws.String(etagOf(e.one.body)), Size: aws.Int64(int64(len(e.one.body)))})
		}
		if n := len(out.Versions) + len(out.DeleteMarkers); n == b.page && i < len(all)-1 {
			out.IsTruncated, out.NextKeyMarker, out.NextVersionIdMarker = aws.Bool(true), &e.key, &e.one.id
			break
		}
	}
	return out, nil
}

func (b *bucket) DeleteObjects(_ context.Context, in *s3.DeleteObjectsInput, _ ...func(*s3.Options)) (*s3.DeleteObjectsOutput, error) {
	out := &s3.DeleteObjectsOutput{}
	if len(in.Delete.Objects) > most {
		return nil, refused(http.StatusBadRequest)
	}
	for _, o := range in.Delete.Objects {
		all := b.objects[*o.Key]
		if o.ETag != nil && (len(all) == 0 || etagOf(all[len(all)-1].body) != *o.ETag) {
			out.Errors = append(out.Errors, types.Error{Key: o.Key, VersionId: o.VersionId, Code: aws.String("PreconditionFailed")})
			continue
		}
		b.objects[*o.Key] = slices.DeleteFunc(all, func(one stored) bool { return one.id == *o.VersionId })
		if len(b.objects[*o.Key]) == 0 {
			delete(b.objects, *o.Key)
		}
	}
	return out, nil
}

func (b *bucket) ListMultipartUploads(_ context.Context, in *s3.ListMultipartUploadsInput, _ ...func(*s3.Options)) (*s3.ListMultipartUploadsOutput, error) {
	out := &s3.ListMultipartUploadsOutput{}
	for _, u := range b.uploads {
		if strings.HasPrefix(u.key, aws.ToString(in.Prefix)) {
			out.Uploads = append(out.Uploads, types.MultipartUpload{Key: &u.key, UploadId: &u.id, Initiated: &u.at})
		}
	}
	return out, nil
}

func (b *bucket) ListParts(_ context.Context, in *s3.ListPartsInput, _ ...func(*s3.Options)) (*s3.ListPartsOutput, error) {
	out := &s3.ListPartsOutput{}
	for _, u := range b.uploads {
		for _, size := range u.parts {
			if u.key == *in.Key && u.id == *in.UploadId {
				out.Parts = append(out.Parts, types.Part{Size: &size})
			}
		}
	}
	return out, nil
}

func (b *bucket) AbortMultipartUpload(_ context.Context, in *s3.AbortMultipartUploadInput, _ ...func(*s3.Options)) (*s3.AbortMultipartUploadOutput, error) {
	b.uploads = slices.DeleteFunc(b.uploads, func(u begun) bool { return u.key == *in.Key && u.id == *in.UploadId })
	return &s3.AbortMultipartUploadOutput{}, nil
}
