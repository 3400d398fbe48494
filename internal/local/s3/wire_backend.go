package s3

import (
	"io"

	"github.com/johannesboyne/gofakes3"
)

// backend is what gofakes3 calls for one request. Its methods remember their
// error in the call, which answers it with its own code and status.
type backend struct{ c *call }

var (
	_ gofakes3.Backend          = backend{}
	_ gofakes3.MultipartBackend = backend{}
)

// refuse remembers the error for the answer.
func (b backend) refuse(err error) error {
	b.c.refused = err
	return err
}

// ListBuckets is never asked: the wire answers it itself.
func (b backend) ListBuckets() ([]gofakes3.BucketInfo, error) {
	return nil, b.refuse(notImplemented())
}

func (b backend) CreateBucket(name string) error {
	if err := b.c.state.CreateBucket(b.c.r.Context(), name); err != nil {
		return b.refuse(err)
	}
	return nil
}

// BucketExists is asked first by every operation on a bucket.
func (b backend) BucketExists(name string) (bool, error) {
	if !b.c.state.HasBucket(name) {
		return false, b.refuse(noSuchBucket())
	}
	b.c.describeBucket()
	return true, nil
}

func (b backend) DeleteBucket(name string) error {
	if err := b.c.state.DeleteBucket(b.c.r.Context(), name); err != nil {
		return b.refuse(err)
	}
	return nil
}

// ForceDeleteBucket is MinIO's, not S3's.
func (b backend) ForceDeleteBucket(string) error { return b.refuse(notImplemented()) }

// ListBucket and GetObject are never asked: the wire answers both itself.
func (b backend) ListBucket(string, *gofakes3.Prefix, gofakes3.ListBucketPage) (*gofakes3.ObjectList, error) {
	return nil, b.refuse(notImplemented())
}

func (b backend) GetObject(string, string, *gofakes3.ObjectRangeRequest) (*gofakes3.Object, error) {
	return nil, b.refuse(notImplemented())
}

// HeadObject, CopyObject and DeleteObject neither: gofakes3 has no place for the
// checksum of a copy, and tells of marks of deletion where there are none.
func (b backend) HeadObject(string, string) (*gofakes3.Object, error) {
	return nil, b.refuse(notImplemented())
}

func (b backend) CopyObject(string, string, string, string, map[string]string) (gofakes3.CopyObjectResult, error) {
	return gofakes3.CopyObjectResult{}, b.refuse(notImplemented())
}

func (b backend) DeleteObject(string, string) (gofakes3.ObjectDeleteResult, error) {
	return gofakes3.ObjectDeleteResult{}, b.refuse(notImplemented())
}

// PutObject neither: gofakes3 would route once more, set every header twice and
// compute the MD5 a second time.
func (b backend) PutObject(string, string, map[string]string, io.Reader, int64, *gofakes3.PutConditions) (gofakes3.PutObjectResult, error) {
	return gofakes3.PutObjectResult{}, b.refuse(notImplemented())
}

// DeleteMulti is never asked: gofakes3 drops the ETags of the list.
func (b backend) DeleteMulti(string, ...string) (gofakes3.MultiDeleteResult, error) {
	return gofakes3.MultiDeleteResult{}, b.refuse(notImplemented())
}
