package s3

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// keptHeaders are the request headers that an object is given back with, beside
// x-amz-meta-…, and how they are called there.
var keptHeaders = map[string]string{
	"Content-Type": "content-type", "Cache-Control": "cache-control", "Content-Disposition": "content-disposition",
	"Content-Encoding": "content-encoding", "Content-Language": "content-language", "Expires": "expires",
	"X-Amz-Storage-Class": storageClass, "X-Amz-Website-Redirect-Location": "x-amz-website-redirect-location",
	"X-Amz-Server-Side-Encryption":                    "x-amz-server-side-encryption",
	"X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id":     "x-amz-server-side-encryption-aws-kms-key-id",
	"X-Amz-Server-Side-Encryption-Bucket-Key-Enabled": "x-amz-server-side-encryption-bucket-key-enabled",
}

const (
	metadataPrefix    = "x-amz-meta-"
	mostMetadataBytes = 2 << 10
)

// headersToKeep are the headers of a write that belong to the object. Errors:
// MetadataTooLarge, and those of its tags.
func headersToKeep(h http.Header) (map[string]string, error) {
	kept := map[string]string{"content-type": "binary/octet-stream", "x-amz-server-side-encryption": "AES256"}
	size := 0
	for name, values := range h {
		if lower, is := keptHeaders[name]; is {
			if v := h.Get(name); v != "" {
				kept[lower] = v
			}
			continue
		}
		if isMetadata(name) {
			lower := strings.ToLower(name)
			kept[lower] = strings.Join(values, ",")
			size += len(lower) - len(metadataPrefix) + len(kept[lower])
		}
	}
	if kept[storageClass] == "STANDARD" {
		delete(kept, storageClass) // which S3 does not tell
	}
	if size > mostMetadataBytes {
		return nil, refuse(http.StatusBadRequest, "MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size")
	}
	tags, err := tagsIn(h)
	if tags != "" {
		kept[tagging] = tags
	}
	return kept, err
}

func isMetadata(header string) bool {
	return len(header) >= len(metadataPrefix) && strings.EqualFold(header[:len(metadataPrefix)], metadataPrefix)
}

// readConditions are those of the request; prefix is "" or "X-Amz-Copy-Source-".
func (c *call) readConditions(prefix string) ReadConditions {
	date := func(header string) time.Time {
		given := c.get(prefix + header)
		if given == "" {
			return time.Time{}
		}
		t, err := http.ParseTime(given)
		if err != nil {
			return time.Time{} // as if it were not there
		}
		return t
	}
	return ReadConditions{c.get(prefix + "If-Match"), c.get(prefix + "If-None-Match"), date("If-Modified-Since"), date("If-Unmodified-Since")}
}

// overrides are the query names by which a GET changes what it is answered with.
var overrides = []string{"cache-control", "content-disposition", "content-encoding", "content-language", "content-type", "expires"}

// getObject answers GET and HEAD of an object.
func (c *call) getObject() error {
	o, content, err := c.state.Open(c.r.Context(), c.bucket, c.key)
	if err != nil {
		return err
	}
	defer content.Close()
	h := c.w.Header()
	h.Set("Last-Modified", o.Modified.Format(http.TimeFormat))
	switch failed := c.readConditions("").failed(o); failed {
	case "":
	case "If-None-Match", "If-Modified-Since":
		h.Set("ETag", quoted(o.ETag))
		c.w.WriteHeader(http.StatusNotModified)
		return nil
	default:
		return preconditionFailed(failed)
	}
	from, length, partial, ok := parseRange(c.get("Range"), o.Size)
	if given := c.query.Get("partNumber"); given != "" {
		if c.get("Range") != "" {
			return invalidRequest("Cannot specify both Range header and partNumber query parameter")
		}
		if from, length, err = c.stretchOf(o, given); err != nil {
			return err
		}
		partial = o.Size > 0
	}
	if !ok {
		h.Set("Content-Range", fmt.Sprintf("bytes */%d", o.Size))
		return refuse(http.StatusRequestedRangeNotSatisfiable, "InvalidRange", "The requested range is not satisfiable")
	}
	c.describe(o)
	status := http.StatusOK
	if partial {
		status = http.StatusPartialContent
		h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, from+length-1, o.Size))
	} else if o.Checksum != nil && strings.EqualFold(c.get("X-Amz-Checksum-Mode"), "ENABLED") {
		c.describeChecksum(o.Checksum)
	}
	h.Set("Content-Length", strconv.FormatInt(length, 10))
	c.w.WriteHeader(status)
	if c.r.Method == http.MethodHead {
		return nil
	}
	body := content.Range(from, length)
	defer body.Close()
	if n, err := io.Copy(c.w, body); err != nil {
		// Too late to say so: the connection ends short of its Content-Length.
		c.state.cfg.Log.Warn("s3: an object was not sent to its end", "request", c.id, "sent", n, "of", length, "error", err.Error())
	}
	return nil
}

func quoted(etag string) string { return `"` + etag + `"` }

func (c *call) describe(o *Object) {
	h := c.w.Header()
	for name, value := range o.Headers {
		if name == tagging {
			h.Set("X-Amz-Tagging-Count", strconv.Itoa(strings.Count(value, "&")+1))
			continue
		}
		if strings.HasPrefix(name, metadataPrefix) {
			h[name] = []string{value} // in lower case: some clients keep the case of the wire
			continue
		}
		h.Set(name, value)
	}
	h.Set("ETag", quoted(o.ETag))
	h.Set("Accept-Ranges", "bytes")
	for _, name := range overrides {
		if v := c.query["response-"+name]; len(v) > 0 && v[0] != "" {
			h.Set(name, v[0])
		}
	}
}

func (c *call) describeChecksum(sum *Checksum) {
	if sum == nil {
		return
	}
	c.w.Header().Set(checksumHeaders[sum.Algorithm], sum.Value)
	c.w.Header().Set("X-Amz-Checksum-Type", sum.kind())
}

// parseRange reads a Range header for a content of the size: where to begin, how
// much, and whether that is a part. It is not ok if the range is outside. As S3
// does, it answers the whole for what is no single range of bytes.
func parseRange(header string, size int64) (from, length int64, partial, ok bool) {
	spec, is := strings.CutPrefix(header, "bytes=")
	first, last, dash := strings.Cut(strings.TrimSpace(spec), "-")
	if !is || !dash || strings.Contains(spec, ",") {
		return 0, size, false, true
	}
	start, err := parsePosition(first)
	end, wrong := parsePosition(last)
	switch {
	case err != nil || wrong != nil || start < 0 && end < 0:
		return 0, size, false, true
	case start < 0: // the last so many
		length = min(end, size)
		return size - length, length, true, length > 0
	case start >= size || end >= 0 && end < start:
		return 0, 0, false, false
	case end < 0 || end >= size:
		end = size - 1
	}
	return start, end - start + 1, true, true
}

// parsePosition is a number, or -1 for none.
func parsePosition(s string) (int64, error) {
	if s == "" {
		return -1, nil
	}
	n, err := strconv.ParseUint(s, 10, 63)
	return int64(n), err
}
