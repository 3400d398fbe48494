package s3

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// changingHeaders are those of a copy that hold without a directive.
var changingHeaders = []string{storageClass, "x-amz-website-redirect-location", "x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id"}

type copyResult struct {
	XMLName      xml.Name `xml:"CopyObjectResult"`
	Namespace    string   `xml:"xmlns,attr"`
	LastModified string
	ETag         string
	*sums
}

// copyObject answers CopyObject. The copy has a checksum of the algorithm that is
// asked for, or else of its source's.
func (c *call) copyObject() error {
	in, err := c.copying()
	if err != nil {
		return err
	}
	o, err := c.state.Copy(c.r.Context(), in)
	if err != nil {
		return err
	}
	c.describeEncryption(o)
	c.document(http.StatusOK, copyResult{Namespace: namespace, LastModified: iso(o.Modified), ETag: quoted(o.ETag), sums: sumsOf(o.Checksum)})
	return nil
}

// copying reads what is to be copied, and what of it is to be replaced.
func (c *call) copying() (Copying, error) {
	fromBucket, fromKey, err := c.copySource()
	if err != nil {
		return Copying{}, err
	}
	in := Copying{FromBucket: fromBucket, FromKey: fromKey, FromIf: c.readConditions("X-Amz-Copy-Source-"), Bucket: c.bucket, Key: c.key,
		If: c.conditions(), Algorithm: strings.ToUpper(c.get("X-Amz-Checksum-Algorithm")), Origin: c.origin()}
	if in.Algorithm != "" && !slices.Contains(algorithms, in.Algorithm) {
		return in, unsupportedAlgorithm()
	}
	if strings.EqualFold(c.get("X-Amz-Metadata-Directive"), "REPLACE") {
		if in.Headers, err = headersToKeep(c.r.Header); err != nil {
			return in, err
		}
	}
	for _, name := range changingHeaders {
		if v := c.get(name); v != "" {
			if in.Over == nil {
				in.Over = map[string]string{}
			}
			in.Over[name] = v
		}
	}
	if strings.EqualFold(c.get("X-Amz-Tagging-Directive"), "REPLACE") {
		tags, err := tagsIn(c.r.Header)
		if err != nil {
			return in, err
		}
		in.Tags = &tags
	}
	return in, nil
}

// copySource reads x-amz-copy-source: [/]bucket/key, encoded as in a query.
func (c *call) copySource() (bucket, key string, err error) {
	source, version, _ := strings.Cut(c.get("X-Amz-Copy-Source"), "?versionId=")
	decoded, err := url.QueryUnescape(source)
	bucket, key, ok := strings.Cut(strings.TrimPrefix(decoded, "/"), "/")
	if err != nil || !ok || key == "" || version != "" && version != "null" {
		return "", "", invalidArgument("Copy Source must mention the source bucket and key: sourcebucket/sourcekey")
	}
	return bucket, key, nil
}
