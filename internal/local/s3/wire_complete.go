package s3

import (
	"encoding/xml"
	"net/http"
	"strconv"
)

// mostCompletion is the largest list of parts: 10,000 with their checksums.
const mostCompletion = 4 << 20

type completionRequest struct {
	XMLName xml.Name `xml:"CompleteMultipartUpload"`
	Parts   []struct {
		PartNumber int
		ETag       string
		sums
	} `xml:"Part"`
}

type completionResult struct {
	XMLName   xml.Name `xml:"CompleteMultipartUploadResult"`
	Namespace string   `xml:"xmlns,attr"`
	Location  string
	Bucket    string
	Key       string
	ETag      string
	*sums
}

// completeUpload answers CompleteMultipartUpload. gofakes3 drops the checksums of
// the list.
func (c *call) completeUpload() error {
	whole, err := checksumIn(c.r.Header)
	if err != nil {
		return err
	}
	document, err := c.body.document(mostCompletion)
	if err != nil {
		return err
	}
	var listed completionRequest
	if xml.Unmarshal(document, &listed) != nil {
		return malformedXML()
	}
	in := Completion{Bucket: c.bucket, Key: c.key, ID: c.query.Get("uploadId"), If: c.conditions(), Whole: whole, Origin: c.origin()}
	if given := c.get("X-Amz-Mp-Object-Size"); given != "" {
		size, err := strconv.ParseInt(given, 10, 64)
		if err != nil || size < 0 {
			return invalidRequest("Value for x-amz-mp-object-size header is invalid")
		}
		in.Size = &size
	}
	for _, p := range listed.Parts {
		in.Parts = append(in.Parts, PartRef{p.PartNumber, p.ETag, p.checksum()})
	}
	if !c.state.HasBucket(c.bucket) {
		return noSuchBucket()
	}
	o, err := c.state.CompleteUpload(c.r.Context(), in)
	if err != nil {
		return err
	}
	c.describeWrite(o)
	c.document(http.StatusOK, completionResult{Namespace: namespace, Location: "http://" + c.r.Host + "/" + c.bucket + "/" + percentEncoded(c.key),
		Bucket: c.bucket, Key: c.key, ETag: quoted(o.ETag), sums: sumsOf(o.Checksum)})
	return nil
}

// checksum is the one that a document has, nil for none.
func (s *sums) checksum() *Checksum {
	for _, algorithm := range algorithms {
		if value := *s.field(algorithm); value != "" {
			return &Checksum{algorithm, value}
		}
	}
	return nil
}
