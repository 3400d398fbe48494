package s3

import (
	"net/http"
	"strconv"
)

// putObject answers PutObject.
func (c *call) putObject() error {
	if !c.state.HasBucket(c.bucket) {
		return noSuchBucket()
	}
	c.describeBucket()
	size, err := strconv.ParseInt(c.get("Content-Length"), 10, 64)
	if err != nil || size < 0 {
		return missingLength()
	}
	headers, err := headersToKeep(c.r.Header)
	if err != nil {
		return err
	}
	o, err := c.state.Put(c.r.Context(), Write{Bucket: c.bucket, Key: c.key, Headers: headers, Body: c.body, Size: size,
		If: c.conditions(), Checksum: c.checksum, Origin: c.origin()})
	if err != nil {
		return err
	}
	c.describeWrite(o)
	c.w.Header().Set("ETag", quoted(o.ETag))
	c.w.WriteHeader(http.StatusOK)
	return nil
}

func missingLength() *Error {
	return refuse(http.StatusLengthRequired, "MissingContentLength", "You must provide the Content-Length HTTP header.")
}

// conditions are those of a write.
func (c *call) conditions() Conditions {
	return Conditions{IfMatch: c.get("If-Match"), IfNoneMatch: c.get("If-None-Match")}
}

func (c *call) describeBucket() { c.w.Header().Set("X-Amz-Bucket-Region", c.state.cfg.Region) }

// checksum is what the client said of the body, which was found true.
func (c *call) checksum() *Checksum { return c.body.checksum }

func (c *call) describeWrite(o *Object) {
	c.describeChecksum(o.Checksum)
	c.describeEncryption(o)
}

func (c *call) describeEncryption(o *Object) {
	if sse := o.Headers["x-amz-server-side-encryption"]; sse != "" {
		c.w.Header().Set("X-Amz-Server-Side-Encryption", sse)
	}
}
