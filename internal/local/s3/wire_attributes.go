package s3

import (
	"encoding/xml"
	"net/http"
	"strconv"
	"strings"
)

// attributesDocument is what GetObjectAttributes answers:
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html
type attributesDocument struct {
	XMLName      xml.Name `xml:"GetObjectAttributesResponse"`
	Namespace    string   `xml:"xmlns,attr"`
	ETag         string   `xml:",omitempty"`
	Checksum     *sums
	ObjectParts  *partsCount
	StorageClass string `xml:",omitempty"`
	ObjectSize   *int64
}

type partsCount struct{ PartsCount int }

// sums is a checksum as documents have it.
type sums struct {
	ChecksumCRC32     string `xml:",omitempty"`
	ChecksumCRC32C    string `xml:",omitempty"`
	ChecksumCRC64NVME string `xml:",omitempty"`
	ChecksumSHA1      string `xml:",omitempty"`
	ChecksumSHA256    string `xml:",omitempty"`
	ChecksumSHA512    string `xml:",omitempty"`
	ChecksumMD5       string `xml:",omitempty"`
	ChecksumType      string `xml:",omitempty"`
}

// field is where the checksum of an algorithm is.
func (s *sums) field(algorithm string) *string {
	switch algorithm {
	case "CRC32":
		return &s.ChecksumCRC32
	case "CRC32C":
		return &s.ChecksumCRC32C
	case "CRC64NVME":
		return &s.ChecksumCRC64NVME
	case "SHA1":
		return &s.ChecksumSHA1
	case "SHA512":
		return &s.ChecksumSHA512
	case "MD5":
		return &s.ChecksumMD5
	}
	return &s.ChecksumSHA256
}

// sumsOf is the document of an object's checksum, nil for none.
func sumsOf(c *Checksum) *sums {
	if c == nil {
		return nil
	}
	s := &sums{ChecksumType: c.kind()}
	*s.field(c.Algorithm) = c.Value
	return s
}

// getAttributes answers GetObjectAttributes. Of the parts it tells the number, as
// S3 does for objects whose parts have no checksums.
func (c *call) getAttributes() error {
	o, err := c.state.Stat(c.r.Context(), c.bucket, c.key)
	if err != nil {
		return err
	}
	wanted := strings.Join(c.r.Header.Values("x-amz-object-attributes"), ",")
	if strings.TrimSpace(wanted) == "" {
		return invalidRequest("The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or empty")
	}
	out := attributesDocument{Namespace: namespace}
	for name := range strings.SplitSeq(wanted, ",") {
		switch strings.TrimSpace(name) {
		case "ETag":
			out.ETag = o.ETag
		case "Checksum":
			out.Checksum = sumsOf(o.Checksum)
		case "ObjectParts":
			if _, count, parts := strings.Cut(o.ETag, "-"); parts {
				n, err := strconv.Atoi(count)
				if err != nil {
					return err
				}
				out.ObjectParts = &partsCount{n}
			}
		case "StorageClass":
			out.StorageClass = "STANDARD"
			if class := o.Headers[storageClass]; class != "" {
				out.StorageClass = class
			}
		case "ObjectSize":
			out.ObjectSize = &o.Size
		default:
			return invalidArgument("Invalid attribute name specified.")
		}
	}
	c.w.Header().Set("Last-Modified", o.Modified.Format(http.TimeFormat))
	c.document(http.StatusOK, out)
	return nil
}
