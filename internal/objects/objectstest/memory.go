// Package objectstest is S3 in memory for tests of those who use
// internal/objects: conditional writes, ranges and listing behave as S3's do,
// requests are counted, and faults can be put in their way.
package objectstest

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Memory implements objects.API.
type Memory struct {
	// Fault, if set, is asked before every request ("GetObject", "PutObject",
	// "ListObjectsV2"); an error is answered instead. After is asked after a
	// write took effect: its error is a lost response.
	Fault, After func(operation, key string) error

	mu      sync.Mutex
	objects map[string][]byte
	counts  map[string]int
}

// NewMemory is an empty bucket.
func NewMemory() *Memory { return &Memory{objects: map[string][]byte{}, counts: map[string]int{}} }

// Keys lists the keys with a prefix, sorted.
func (m *Memory) Keys(prefix string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var keys []string
	for key := range m.objects {
		if strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// Body is an object's content, nil if there is none.
func (m *Memory) Body(key string) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return bytes.Clone(m.objects[key])
}

// Set writes an object without counting it.
func (m *Memory) Set(key string, body []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.objects[key] = bytes.Clone(body)
}

// Remove deletes an object.
func (m *Memory) Remove(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.objects, key)
}

// Counts is how many requests of each kind were answered or refused. Keys such
// as "PutObject results" count a kind by the first part of the object's key.
func (m *Memory) Counts() map[string]int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.counts)
}

func (m *Memory) count(operation, key string) error {
	m.mu.Lock()
	m.counts[operation]++
	first, _, _ := strings.Cut(key, "/")
	m.counts[operation+" "+first]++
	m.mu.Unlock()
	if m.Fault != nil {
		return m.Fault(operation, key)
	}
	return nil
}

// GetObject implements objects.API.
func (m *Memory) GetObject(_ context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	key := aws.ToString(in.Key)
	if err := m.count("GetObject", key); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	body, found := m.objects[key]
	if !found {
		return nil, Error(http.StatusNotFound, "NoSuchKey")
	}
	if in.IfMatch != nil && *in.IfMatch != ETag(body) {
		return nil, Error(http.StatusPreconditionFailed, "PreconditionFailed")
	}
	etag := ETag(body)
	if in.Range != nil {
		var from int
		if _, err := fmt.Sscanf(*in.Range, "bytes=%d-", &from); err != nil {
			return nil, Error(http.StatusBadRequest, "InvalidArgument")
		}
		if from >= len(body) {
			return nil, Error(http.StatusRequestedRangeNotSatisfiable, "InvalidRange")
		}
		body = body[from:]
	}
	return &s3.GetObjectOutput{Body: io.NopCloser(bytes.NewReader(bytes.Clone(body))), ContentLength: aws.Int64(int64(len(body))), ETag: &etag}, nil
}

// PutObject implements objects.API.
func (m *Memory) PutObject(_ context.Context, in *s3.PutObjectInput, _ ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	key := aws.ToString(in.Key)
	if err := m.count("PutObject", key); err != nil {
		return nil, err
	}
	body, err := io.ReadAll(in.Body)
	if err != nil {
		return nil, err
	}
	etag, err := m.write(key, body, in.IfNoneMatch, in.IfMatch)
	if err == nil && m.After != nil {
		err = m.After("PutObject", key)
	}
	if err != nil {
		return nil, err
	}
	return &s3.PutObjectOutput{ETag: &etag}, nil
}

func (m *Memory) write(key string, body []byte, ifNoneMatch, ifMatch *string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	old, found := m.objects[key]
	switch {
	case ifNoneMatch != nil && found:
		return "", Error(http.StatusPreconditionFailed, "PreconditionFailed")
	case ifMatch != nil && !found:
		return "", Error(http.StatusNotFound, "NoSuchKey")
	case ifMatch != nil && *ifMatch != ETag(old):
		return "", Error(http.StatusPreconditionFailed, "PreconditionFailed")
	}
	m.objects[key] = body
	return ETag(body), nil
}

// ListObjectsV2 implements objects.API, a thousand keys a page.
func (m *Memory) ListObjectsV2(_ context.Context, in *s3.ListObjectsV2Input, _ ...func(*s3.Options)) (*s3.ListObjectsV2Output, error) {
	prefix := aws.ToString(in.Prefix)
	if err := m.count("ListObjectsV2", prefix); err != nil {
		return nil, err
	}
	keys := m.Keys(prefix)
	if after := aws.ToString(in.ContinuationToken); after != "" {
		at, _ := slices.BinarySearch(keys, after)
		keys = keys[min(at+1, len(keys)):]
	}
	out := &s3.ListObjectsV2Output{IsTruncated: aws.Bool(len(keys) > 1000)}
	for _, key := range keys[:min(len(keys), 1000)] {
		body := m.Body(key)
		out.Contents = append(out.Contents, types.Object{Key: aws.String(key), Size: aws.Int64(int64(len(body))), ETag: aws.String(ETag(body))})
	}
	if *out.IsTruncated {
		out.NextContinuationToken = aws.String(keys[999])
	}
	return out, nil
}

// ETag is what S3 answers for a content, quotes included.
func ETag(body []byte) string {
	sum := md5.Sum(body)
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

// Error is an answer of AWS with a status and an error code, as the SDK gives it.
func Error(status int, code string) error {
	return &awshttp.ResponseError{ResponseError: &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}},
		Err:      &smithy.GenericAPIError{Code: code, Message: code},
	}}
}
