package s3

import (
	"encoding/xml"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/johannesboyne/gofakes3"
)

func (b backend) CreateMultipartUpload(bucket, key string, _ map[string]string) (gofakes3.UploadID, error) {
	headers, err := headersToKeep(b.c.r.Header)
	if err != nil {
		return "", b.refuse(err)
	}
	algorithm := strings.ToUpper(b.c.get("X-Amz-Checksum-Algorithm"))
	if algorithm != "" && !slices.Contains(algorithms, algorithm) {
		return "", b.refuse(unsupportedAlgorithm())
	}
	whole, err := wholeOf(algorithm, strings.ToUpper(b.c.get("X-Amz-Checksum-Type")))
	if err != nil {
		return "", b.refuse(err)
	}
	id, err := b.c.state.CreateUpload(b.c.r.Context(), bucket, key, headers, algorithm, whole)
	if err != nil {
		return "", b.refuse(err)
	}
	if algorithm != "" {
		b.c.w.Header().Set("X-Amz-Checksum-Algorithm", algorithm)
		b.c.w.Header().Set("X-Amz-Checksum-Type", (&upload{Algorithm: algorithm, Whole: whole}).checksumType())
	}
	return gofakes3.UploadID(id), nil
}

// wholeOf tells of what an upload's checksum is to be: of the whole content, which
// only a CRC can be, or of the parts' checksums.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
func wholeOf(algorithm, kind string) (bool, error) {
	crc := strings.HasPrefix(algorithm, "CRC")
	switch {
	case kind != "" && algorithm == "":
		return false, invalidRequest("The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.")
	case kind != "" && kind != "FULL_OBJECT" && kind != "COMPOSITE":
		return false, invalidRequest("Value for x-amz-checksum-type header is invalid.")
	case kind == "FULL_OBJECT" && !crc, kind == "COMPOSITE" && algorithm == "CRC64NVME":
		return false, invalidRequest("The %s checksum type cannot be used with the %s checksum algorithm.", kind, strings.ToLower(algorithm))
	}
	return kind == "FULL_OBJECT" || algorithm == "CRC64NVME", nil
}

func (b backend) UploadPart(bucket, key string, id gofakes3.UploadID, number int, size int64, input io.Reader) (string, error) {
	p, err := b.c.state.PutPart(b.c.r.Context(), string(id), number, Write{Bucket: bucket, Key: key, Body: input, Size: size, Checksum: b.c.checksum})
	if err != nil {
		return "", b.refuse(err)
	}
	if p.Checksum != nil {
		b.c.w.Header().Set(checksumHeaders[p.Checksum.Algorithm], p.Checksum.Value)
	}
	return quoted(p.ETag), nil
}

func (b backend) AbortMultipartUpload(bucket, key string, id gofakes3.UploadID) error {
	if err := b.c.state.AbortUpload(b.c.r.Context(), bucket, key, string(id)); err != nil {
		return b.refuse(err)
	}
	return nil
}

// CompleteMultipartUpload is never asked: the wire answers it itself.
func (b backend) CompleteMultipartUpload(string, string, gofakes3.UploadID, *gofakes3.CompleteMultipartUploadRequest) (gofakes3.VersionID, string, error) {
	return "", "", b.refuse(notImplemented())
}

// ListParts is never asked: the wire answers it itself.
func (b backend) ListParts(string, string, gofakes3.UploadID, int, int64) (*gofakes3.ListMultipartUploadPartsResult, error) {
	return nil, b.refuse(notImplemented())
}

func (b backend) ListMultipartUploads(bucket string, marker *gofakes3.UploadListMarker, prefix gofakes3.Prefix, limit int64) (*gofakes3.ListMultipartUploadsResult, error) {
	uploads, err := b.c.state.Uploads(bucket)
	if err != nil {
		return nil, b.refuse(err)
	}
	out := &gofakes3.ListMultipartUploadsResult{Bucket: bucket, Prefix: prefix.Prefix, Delimiter: prefix.Delimiter, MaxUploads: limit}
	if marker != nil {
		out.KeyMarker, out.UploadIDMarker = marker.Object, marker.UploadID
	}
	rolling := Listing{Prefix: prefix.Prefix, Delimiter: prefix.Delimiter}
	for _, u := range uploads {
		if !strings.HasPrefix(u.Key, prefix.Prefix) || marker != nil && !u.behind(marker.Object, string(marker.UploadID), uploads) {
			continue
		}
		if name, rolled := rolling.rollUp(u.Key); rolled {
			if one := (gofakes3.CommonPrefix{Prefix: name}); !slices.Contains(out.CommonPrefixes, one) {
				out.CommonPrefixes = append(out.CommonPrefixes, one)
			}
			continue
		}
		if int64(len(out.Uploads)) == limit {
			out.IsTruncated = true
			break
		}
		out.NextKeyMarker, out.NextUploadIDMarker = u.Key, gofakes3.UploadID(u.ID)
		out.Uploads = append(out.Uploads, gofakes3.ListMultipartUploadItem{Key: u.Key, UploadID: gofakes3.UploadID(u.ID), StorageClass: "STANDARD",
			Initiated: gofakes3.NewContentTime(u.Initiated)})
	}
	if !out.IsTruncated {
		out.NextKeyMarker, out.NextUploadIDMarker = "", ""
	}
	return out, nil
}

// behind tells whether the upload comes after the markers in the list, which is
// in order.
func (u *upload) behind(key, id string, list []*upload) bool {
	if u.Key != key || id == "" {
		return u.Key > key
	}
	at := func(id string) int { return slices.IndexFunc(list, func(o *upload) bool { return o.ID == id }) }
	return at(u.ID) > at(id)
}

type copyPartResult struct {
	XMLName      xml.Name `xml:"CopyPartResult"`
	Namespace    string   `xml:"xmlns,attr"`
	LastModified string
	ETag         string
	*sums
}

// uploadPart answers UploadPart. A part may be empty: an upload of nothing has
// one part of nothing. gofakes3 takes that for a missing length.
func (c *call) uploadPart() error {
	number, err := strconv.Atoi(c.query.Get("partNumber"))
	if err != nil || number < 1 || number > mostParts {
		return invalidPartNumber()
	}
	if c.get("Content-Length") != "0" {
		return c.gofakes3()
	}
	if !c.state.HasBucket(c.bucket) {
		return noSuchBucket()
	}
	etag, err := backend{c}.UploadPart(c.bucket, c.key, gofakes3.UploadID(c.query.Get("uploadId")), number, 0, c.r.Body)
	if err != nil {
		return err
	}
	c.w.Header().Set("ETag", etag)
	c.w.WriteHeader(http.StatusOK)
	return nil
}

// uploadPartCopy answers UploadPartCopy: a part that is a stretch of an object.
func (c *call) uploadPartCopy() error {
	number, err := strconv.Atoi(c.query.Get("partNumber"))
	if err != nil {
		number = 0 // which no part has
	}
	bucket, key, err := c.copySource()
	if err != nil {
		return err
	}
	o, content, err := c.state.Open(c.r.Context(), bucket, key)
	if err != nil {
		return err
	}
	defer content.Close()
	if failed := c.readConditions("X-Amz-Copy-Source-").failed(o); failed != "" {
		return preconditionFailed("x-amz-copy-source-" + failed)
	}
	from, length := int64(0), o.Size
	if given := c.get("X-Amz-Copy-Source-Range"); given != "" {
		if from, length, err = copyRange(given, o.Size); err != nil {
			return err
		}
	}
	body := content.Range(from, length)
	defer body.Close()
	p, err := c.state.CopyPart(c.r.Context(), c.query.Get("uploadId"), number, Write{Bucket: c.bucket, Key: c.key, Body: body, Size: length})
	if err != nil {
		return err
	}
	out := copyPartResult{Namespace: namespace, LastModified: iso(p.Modified), ETag: quoted(p.ETag)}
	if out.sums = sumsOf(p.Checksum); out.sums != nil {
		out.ChecksumType = "" // that is told of objects
	}
	c.document(http.StatusOK, out)
	return nil
}

// copyRange reads bytes=first-last, which must lie within the source.
func copyRange(given string, size int64) (from, length int64, err error) {
	spec, is := strings.CutPrefix(given, "bytes=")
	first, last, dash := strings.Cut(spec, "-")
	from, wrong := parsePosition(first)
	to, bad := parsePosition(last)
	if !is || !dash || wrong != nil || bad != nil || from < 0 || to < from || to >= size {
		return 0, 0, invalidArgument("Range specified is not valid for source object of size: %d", size)
	}
	return from, to - from + 1, nil
}
