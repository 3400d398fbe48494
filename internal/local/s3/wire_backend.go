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

func (b backend) conditions() Conditions {
	return Conditions{IfMatch: b.c.get("If-Match"), IfNoneMatch: b.c.get("If-None-Match")}
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
	b.c.w.Header().Set("x-amz-bucket-region", b.c.state.cfg.Region)
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

func (b backend) PutObject(bucket, key string, _ map[string]string, input io.Reader, size int64, _ *gofakes3.PutConditions) (gofakes3.PutObjectResult, error) {
	none := gofakes3.PutObjectResult{}
	headers, err := headersToKeep(b.c.r.Header)
	if err != nil {
		return none, b.refuse(err)
	}
	o, err := b.c.state.Put(b.c.r.Context(), Write{Bucket: bucket, Key: key, Headers: headers, Body: input, Size: size,
		If: b.conditions(), Checksum: b.c.checksum, Origin: b.c.origin()})
	if err != nil {
		return none, b.refuse(err)
	}
	b.c.describeWrite(o)
	return none, nil
}

// checksum is what the client said of the body, which was found true.
func (c *call) checksum() *Checksum { return c.body.checksum }

func (c *call) describeWrite(o *Object) {
	c.describeChecksum(o.Checksum)
	c.describeEncryption(o)
}

func (c *call) describeEncryption(o *Object) {
	if sse := o.Headers["x-amz-server-side-encryption"]; sse != "" {
		c.w.Header().Set("x-amz-server-side-encryption", sse)
	}
}

// DeleteMulti is never asked: gofakes3 drops the ETags of the list.
func (b backend) DeleteMulti(string, ...string) (gofakes3.MultiDeleteResult, error) {
	return gofakes3.MultiDeleteResult{}, b.refuse(notImplemented())
}
