package s3

import (
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"strings"

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

func (b backend) ListBuckets() ([]gofakes3.BucketInfo, error) {
	var all []gofakes3.BucketInfo
	for _, one := range b.c.state.Buckets() {
		all = append(all, gofakes3.BucketInfo{Name: one.Name, CreationDate: gofakes3.NewContentTime(one.Created)})
	}
	return all, nil
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

// HeadObject is asked for the source of a copy.
func (b backend) HeadObject(bucket, key string) (*gofakes3.Object, error) {
	o, err := b.c.state.Stat(b.c.r.Context(), bucket, key)
	if err != nil {
		return nil, b.refuse(err)
	}
	return &gofakes3.Object{Name: key, Size: o.Size, Contents: http.NoBody}, nil
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
	if sse := o.Headers["x-amz-server-side-encryption"]; sse != "" {
		c.w.Header().Set("x-amz-server-side-encryption", sse)
	}
}

// changingHeaders are those of a copy that hold without a directive.
var changingHeaders = []string{"x-amz-storage-class", "x-amz-website-redirect-location", "x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id"}

// CopyObject does not take gofakes3's metadata: it merges what must be replaced.
func (b backend) CopyObject(_, _, bucket, key string, _ map[string]string) (gofakes3.CopyObjectResult, error) {
	none := gofakes3.CopyObjectResult{}
	fromBucket, fromKey, err := b.c.copySource()
	if err != nil {
		return none, b.refuse(err)
	}
	c := Copying{FromBucket: fromBucket, FromKey: fromKey, FromIf: b.c.readConditions("x-amz-copy-source-"),
		Bucket: bucket, Key: key, If: b.conditions(), Origin: b.c.origin()}
	if strings.EqualFold(b.c.get("x-amz-metadata-directive"), "REPLACE") {
		headers, err := headersToKeep(b.c.r.Header)
		if err != nil {
			return none, b.refuse(err)
		}
		c.Headers = headers
	}
	for _, name := range changingHeaders {
		if v := b.c.get(name); v != "" {
			if c.Over == nil {
				c.Over = map[string]string{}
			}
			c.Over[name] = v
		}
	}
	if strings.EqualFold(b.c.get("x-amz-tagging-directive"), "REPLACE") {
		tags, err := tagsIn(b.c.r.Header)
		if err != nil {
			return none, b.refuse(err)
		}
		c.Tags = &tags
	}
	o, err := b.c.state.Copy(b.c.r.Context(), c)
	if err != nil {
		return none, b.refuse(err)
	}
	b.c.describeWrite(o)
	return gofakes3.CopyObjectResult{ETag: quoted(o.ETag), LastModified: gofakes3.NewContentTime(o.Modified)}, nil
}

func (b backend) DeleteObject(bucket, key string) (gofakes3.ObjectDeleteResult, error) {
	err := b.c.state.Delete(b.c.r.Context(), bucket, key, Conditions{IfMatch: b.c.get("If-Match")}, "DeleteObject", b.c.origin())
	if err != nil {
		return gofakes3.ObjectDeleteResult{}, b.refuse(err)
	}
	return gofakes3.ObjectDeleteResult{}, nil
}

// DeleteMulti is never asked: gofakes3 drops the ETags of the list.
func (b backend) DeleteMulti(string, ...string) (gofakes3.MultiDeleteResult, error) {
	return gofakes3.MultiDeleteResult{}, b.refuse(notImplemented())
}

type deleteRequest struct {
	XMLName xml.Name `xml:"Delete"`
	Quiet   bool
	Object  []struct{ Key, VersionId, ETag string }
}

type deleteResult struct {
	XMLName   xml.Name `xml:"DeleteResult"`
	Namespace string   `xml:"xmlns,attr"`
	Deleted   []deletedObject
	Error     []undeletedObject
}

type deletedObject struct{ Key string }

type undeletedObject struct{ Key, Code, Message string }

// deleteObjects answers DeleteObjects: at most 1,000 keys, each on its own.
func (c *call) deleteObjects() error {
	document, err := c.body.small()
	if err != nil {
		return err
	}
	var in deleteRequest
	if xml.Unmarshal(document, &in) != nil || len(in.Object) == 0 || len(in.Object) > mostKeys {
		return malformedXML()
	}
	if !c.state.HasBucket(c.bucket) {
		return noSuchBucket()
	}
	out := deleteResult{Namespace: namespace}
	for _, one := range in.Object {
		err := c.deleteOne(one.Key, one.VersionId, one.ETag)
		if err != nil {
			e := asError(err)
			out.Error = append(out.Error, undeletedObject{one.Key, e.Code, e.Message})
		} else if !in.Quiet {
			out.Deleted = append(out.Deleted, deletedObject{one.Key})
		}
	}
	c.document(http.StatusOK, out)
	return nil
}

// copySource reads x-amz-copy-source: [/]bucket/key, encoded as in a query.
func (c *call) copySource() (bucket, key string, err error) {
	source, version, _ := strings.Cut(c.get("x-amz-copy-source"), "?versionId=")
	decoded, err := url.QueryUnescape(source)
	bucket, key, ok := strings.Cut(strings.TrimPrefix(decoded, "/"), "/")
	if err != nil || !ok || key == "" || version != "" && version != "null" {
		return "", "", invalidArgument("Copy Source must mention the source bucket and key: sourcebucket/sourcekey")
	}
	return bucket, key, nil
}

// deleteOne deletes one object of a DeleteObjects call; with an ETag, only that
// very object. Versions are not kept, so there is only the null version.
func (c *call) deleteOne(key, version, etag string) error {
	if version != "" && version != "null" {
		return refuse(http.StatusBadRequest, "NoSuchVersion", "The specified version does not exist.")
	}
	return c.state.Delete(c.r.Context(), c.bucket, key, Conditions{IfMatch: etag}, "DeleteObject", c.origin())
}
