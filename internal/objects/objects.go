package objects

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"sluice/internal/fault"
)

// API is what is called of S3.
type API interface {
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
	ListObjectsV2(context.Context, *s3.ListObjectsV2Input, ...func(*s3.Options)) (*s3.ListObjectsV2Output, error)
}

// Errors that callers decide on. None of them goes away by trying again.
var (
	// ErrNotFound: there is no object under the key.
	ErrNotFound = errors.New("no such object")
	// ErrExists: Create found an object under the key.
	ErrExists = errors.New("object exists")
	// ErrChanged: Replace found another object than the one that was read, or
	// none; so does Open when the object is no longer the one that was asked for.
	ErrChanged = errors.New("object has changed")
	// ErrTooLarge: the object is larger than what the caller wanted to read.
	ErrTooLarge = errors.New("object is too large")
)

// Store reads and writes the objects of one bucket.
type Store struct {
	api    API
	bucket string
}

// New makes a store of the bucket.
func New(api API, bucket string) *Store { return &Store{api, bucket} }

// Bucket is the bucket's name.
func (s *Store) Bucket() string { return s.bucket }

// Object is an object's content and its ETag, quoted as S3 gives it.
type Object struct {
	Body []byte
	ETag string
}

// Get reads a whole object of at most limit bytes (0: no limit). Errors:
// ErrNotFound, ErrTooLarge, or what S3 answered.
func (s *Store) Get(ctx context.Context, key string, limit int64) (Object, error) {
	r, err := s.Open(ctx, key, 0, "")
	if err != nil {
		return Object{}, err
	}
	defer r.Close()
	if limit > 0 && r.Size > limit {
		return Object{}, fmt.Errorf("%w: %s has %d bytes, more than %d", ErrTooLarge, key, r.Size, limit)
	}
	body, err := io.ReadAll(r)
	if err != nil {
		return Object{}, fmt.Errorf("read %s: %w", key, err)
	}
	return Object{body, r.ETag}, nil
}

// Reader streams an object. Close it.
type Reader struct {
	io.ReadCloser
	// Size is what is left to read from the offset, ETag the object's.
	Size int64
	ETag string
}

// Open streams an object from a byte offset; with an etag, only that very
// object. Errors: ErrNotFound, ErrChanged, or what S3 answered.
func (s *Store) Open(ctx context.Context, key string, offset int64, etag string) (*Reader, error) {
	in := &s3.GetObjectInput{Bucket: &s.bucket, Key: &key}
	if offset > 0 {
		in.Range = aws.String(fmt.Sprintf("bytes=%d-", offset))
	}
	if etag != "" {
		in.IfMatch = &etag
	}
	out, err := s.api.GetObject(ctx, in)
	switch {
	case err == nil:
		return &Reader{out.Body, aws.ToInt64(out.ContentLength), aws.ToString(out.ETag)}, nil
	case fault.Status(err) == http.StatusNotFound:
		return nil, fmt.Errorf("get %s: %w", key, ErrNotFound)
	case fault.Status(err) == http.StatusPreconditionFailed:
		return nil, fmt.Errorf("get %s: %w", key, ErrChanged)
	case fault.Status(err) == http.StatusRequestedRangeNotSatisfiable:
		return &Reader{io.NopCloser(bytes.NewReader(nil)), 0, etag}, nil
	}
	return nil, fmt.Errorf("get %s: %w", key, err)
}

// Put writes the object, whatever is there. It returns the new ETag.
func (s *Store) Put(ctx context.Context, key, contentType string, body io.ReadSeeker) (string, error) {
	return s.put(ctx, key, contentType, body, func(*s3.PutObjectInput) {})
}

// Create writes the object only if there is none under the key, and returns its
// ETag. With ErrExists somebody wrote it before; that may have been this very
// call, whose first answer was lost: compare the content to know.
func (s *Store) Create(ctx context.Context, key, contentType string, body []byte) (string, error) {
	etag, err := s.put(ctx, key, contentType, bytes.NewReader(body), func(in *s3.PutObjectInput) { in.IfNoneMatch = aws.String("*") })
	if fault.Status(err) == http.StatusPreconditionFailed {
		return "", fmt.Errorf("create %s: %w", key, ErrExists)
	}
	return etag, err
}

// Replace writes the object only if its ETag is still the given one, and returns
// the new one. ErrChanged as for Create: it may have been this very call.
func (s *Store) Replace(ctx context.Context, key, contentType string, body []byte, etag string) (string, error) {
	next, err := s.put(ctx, key, contentType, bytes.NewReader(body), func(in *s3.PutObjectInput) { in.IfMatch = &etag })
	if status := fault.Status(err); status == http.StatusPreconditionFailed || status == http.StatusNotFound {
		return "", fmt.Errorf("replace %s: %w", key, ErrChanged)
	}
	return next, err
}

const (
	conflictTries = 8
	conflictPause = 20 * time.Millisecond
)

func (s *Store) put(ctx context.Context, key, contentType string, body io.ReadSeeker, condition func(*s3.PutObjectInput)) (string, error) {
	for try := 1; ; try++ {
		in := &s3.PutObjectInput{Bucket: &s.bucket, Key: &key, Body: body, ContentType: &contentType}
		condition(in)
		out, err := s.api.PutObject(ctx, in)
		if err == nil {
			return aws.ToString(out.ETag), nil
		}
		if fault.Status(err) != http.StatusConflict || try == conflictTries {
			return "", fmt.Errorf("put %s: %w", key, err)
		}
		// 409: another write to the key was under way and neither is decided.
		pause := rand.N(conflictPause << min(try, 6))
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("put %s: %w", key, ctx.Err())
		case <-time.After(pause):
		}
		if _, err := body.Seek(0, io.SeekStart); err != nil {
			return "", fmt.Errorf("put %s: %w", key, err)
		}
	}
}

// Info is one object of a listing.
type Info struct {
	Key  string
	Size int64
	ETag string
}

// List yields the objects under a prefix in the order of their keys. An error
// ends it.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		pages := s3.NewListObjectsV2Paginator(s.api, &s3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: &prefix})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(Info{}, fmt.Errorf("list %s: %w", prefix, err))
				return
			}
			for _, o := range page.Contents {
				if !yield(info(o), nil) {
					return
				}
			}
		}
	}
}

func info(o types.Object) Info {
	return Info{aws.ToString(o.Key), aws.ToInt64(o.Size), aws.ToString(o.ETag)}
}

// Content types of what is stored.
const (
	JSON   = "application/json"
	NDJSON = "application/x-ndjson"
	CSV    = "text/csv; charset=utf-8"
	HTML   = "text/html; charset=utf-8"
	Text   = "text/plain; charset=utf-8"
)
