package erasure

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"sluice/internal/objects"
	"sluice/internal/upload"
)

// API is what is called of S3.
type API interface {
	objects.API
	ListObjectVersions(context.Context, *s3.ListObjectVersionsInput, ...func(*s3.Options)) (*s3.ListObjectVersionsOutput, error)
	DeleteObjects(context.Context, *s3.DeleteObjectsInput, ...func(*s3.Options)) (*s3.DeleteObjectsOutput, error)
	ListMultipartUploads(context.Context, *s3.ListMultipartUploadsInput, ...func(*s3.Options)) (*s3.ListMultipartUploadsOutput, error)
	ListParts(context.Context, *s3.ListPartsInput, ...func(*s3.Options)) (*s3.ListPartsOutput, error)
	AbortMultipartUpload(context.Context, *s3.AbortMultipartUploadInput, ...func(*s3.Options)) (*s3.AbortMultipartUploadOutput, error)
}

// Bucket erases from a bucket.
type Bucket struct {
	api  API
	name string
}

// New erases from a bucket, whether it keeps versions or not.
func New(api API, bucket string) *Bucket { return &Bucket{api, bucket} }

// Count is what became of the objects of one prefix.
type Count struct {
	Prefix string `json:"prefix"`
	// Looked counts versions, Removed those that went and Bytes their size, Rewritten
	// objects that others' lines were left in, Left what is the subject's still.
	Looked    int   `json:"looked"`
	Removed   int   `json:"removed"`
	Rewritten int   `json:"rewritten"`
	Bytes     int64 `json:"bytes"`
	Left      int   `json:"left"`
}

// found is what a pass does with what is the subject's: with a version, and what
// is others' of it, and with an unfinished upload.
type found struct {
	version    func(context.Context, version, []byte, *Count) error
	unfinished func(context.Context, unfinished, *Count) error
}

// Erase removes what is the subject's and then looks again at everything; with dry
// it only counts what it would remove. The counts are in the order of the
// prefixes. Erasing again is harmless, so after an error it is simply run again.
func (b *Bucket) Erase(ctx context.Context, s Subject, dry bool) ([]Count, error) {
	if !s.Valid() {
		return nil, errors.New("the subject must be a tenant, and an id of it if any")
	}
	if err := b.findFile(ctx, &s); err != nil {
		return nil, err
	}
	counts := map[string]*Count{}
	err := b.pass(ctx, s, counts, found{
		func(ctx context.Context, v version, left []byte, c *Count) error { return b.drop(ctx, v, left, c, dry) },
		func(ctx context.Context, u unfinished, c *Count) error {
			bytes, err := b.abort(ctx, u, dry)
			c.Removed, c.Bytes = c.Removed+1, c.Bytes+bytes
			return err
		},
	})
	if err != nil {
		return nil, err
	}
	if !dry {
		err := b.pass(ctx, s, counts, found{
			func(_ context.Context, _ version, _ []byte, c *Count) error { c.Left++; return nil },
			func(_ context.Context, _ unfinished, c *Count) error { c.Left++; return nil },
		})
		if err != nil {
			return nil, err
		}
		for _, c := range counts {
			c.Looked /= 2
		}
	}
	var all []Count
	for _, c := range counts {
		all = append(all, *c)
	}
	slices.SortFunc(all, func(a, b Count) int { return strings.Compare(a.Prefix, b.Prefix) })
	return all, nil
}

// findFile finds the file of an upload's record; the intake says which it was.
func (b *Bucket) findFile(ctx context.Context, s *Subject) error {
	id, _ := s.upload()
	if id == "" {
		return nil
	}
	intake, _, err := upload.LoadIntake(ctx, objects.New(b.api, b.name), id)
	switch {
	case errors.Is(err, objects.ErrNotFound):
		return nil
	case err != nil:
		return err
	case intake.Tenant != s.Tenant:
		return fmt.Errorf("upload %s is not one of tenant %s", id, s.Tenant)
	case !intake.Done:
		return fmt.Errorf("upload %s is still being read; erase it when it has ended", id)
	}
	s.file = intake.File
	return nil
}

// pass looks at every version and every unfinished upload, and does with each that
// is the subject's what it is told to.
func (b *Bucket) pass(ctx context.Context, s Subject, counts map[string]*Count, do found) error {
	looked := func(key string) *Count {
		prefix, _, _ := strings.Cut(key, "/")
		if counts[prefix] == nil {
			counts[prefix] = &Count{Prefix: prefix + "/"}
		}
		counts[prefix].Looked++
		return counts[prefix]
	}
	uploads := map[string]bool{} // whose progress it is, by upload
	err := b.versions(ctx, "", func(all []version) error {
		for _, v := range all {
			c := looked(v.key)
			left, theirs, err := b.judge(ctx, s, v, uploads)
			if err == nil && theirs {
				err = do.version(ctx, v, left, c)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return b.unfinished(ctx, "", func(u unfinished) error {
		c := looked(u.key)
		if s.byKey(u.key, "") != remove {
			return nil
		}
		return do.unfinished(ctx, u, c)
	})
}

// judge tells whether a version is the subject's, and what is others' of it.
func (b *Bucket) judge(ctx context.Context, s Subject, v version, uploads map[string]bool) (left []byte, theirs bool, err error) {
	judged := s.byKey(v.key, v.etag)
	switch {
	case judged == read && v.mark, judged == keep:
		return nil, false, nil // a mark holds nothing
	case judged == remove:
		return nil, true, nil
	case strings.HasPrefix(v.key, "progress/"):
		theirs, err = b.ownsProgress(ctx, s, v.key, uploads)
		return nil, theirs, err
	}
	body, err := b.get(ctx, v)
	if err != nil {
		return nil, false, err
	}
	left, theirs = s.byContent(body)
	return left, theirs, nil
}

// ownsProgress tells whether an upload is the tenant's. Its intake and its progress
// say so; its problems do not.
func (b *Bucket) ownsProgress(ctx context.Context, s Subject, key string, known map[string]bool) (bool, error) {
	parts := strings.Split(key, "/")
	id := parts[1]
	if theirs, looked := known[id]; looked {
		return theirs, nil
	}
	for _, name := range []string{"ingest.json", "track.json"} {
		object, err := objects.New(b.api, b.name).Get(ctx, "progress/"+id+"/"+name, 0)
		if errors.Is(err, objects.ErrNotFound) {
			continue
		}
		if err != nil {
			return false, err
		}
		known[id] = s.owns(object.Body)
		return known[id], nil
	}
	// Its newest version was removed already; older ones are judged by themselves.
	known[id] = false
	return false, nil
}

// drop removes a version, or writes what is others' in its place.
func (b *Bucket) drop(ctx context.Context, v version, left []byte, c *Count, dry bool) error {
	if len(left) > 0 && v.latest {
		c.Rewritten++
		if dry {
			return nil
		}
		if err := b.rewrite(ctx, v, left); err != nil {
			return err
		}
		if v.id == onlyVersion {
			return nil // it was replaced by what was written
		}
	}
	c.Removed++
	c.Bytes += v.size
	if dry {
		return nil
	}
	stay, err := b.remove(ctx, []version{v})
	c.Removed -= len(stay)
	return err
}

func (b *Bucket) rewrite(ctx context.Context, v version, left []byte) error {
	_, err := b.api.PutObject(ctx, &s3.PutObjectInput{Bucket: &b.name, Key: &v.key, Body: bytes.NewReader(left), ContentType: aws.String(objects.NDJSON), IfMatch: &v.etag})
	if err != nil {
		return fmt.Errorf("rewrite %s: %w", v.key, err)
	}
	return nil
}

func (b *Bucket) get(ctx context.Context, v version) ([]byte, error) {
	in := &s3.GetObjectInput{Bucket: &b.name, Key: &v.key}
	if v.id != onlyVersion {
		in.VersionId = &v.id
	}
	out, err := b.api.GetObject(ctx, in)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", v.key, err)
	}
	defer out.Body.Close()
	body, err := io.ReadAll(out.Body)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", v.key, err)
	}
	return body, nil
}
