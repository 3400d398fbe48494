package s3

import (
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"strconv"
	"strings"
)

type bucketsDocument struct {
	XMLName           xml.Name       `xml:"ListAllMyBucketsResult"`
	Namespace         string         `xml:"xmlns,attr"`
	Buckets           []listedBucket `xml:"Buckets>Bucket"`
	Owner             listedOwner
	ContinuationToken string `xml:",omitempty"`
	Prefix            string `xml:",omitempty"`
}

type listedBucket struct {
	Name         string
	CreationDate string
	BucketRegion string `xml:",omitempty"`
}

const mostBuckets = 10_000

// listBuckets answers ListBuckets, in pages if the client wants them:
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html
func (c *call) listBuckets() error {
	if c.r.Method != http.MethodGet {
		return methodNotAllowed()
	}
	most := mostBuckets
	if given := c.query.Get("max-buckets"); given != "" {
		n, err := strconv.Atoi(given)
		if err != nil || n < 1 || n > mostBuckets {
			return invalidArgument("Argument max-buckets must be an integer between 1 and %d", mostBuckets)
		}
		most = n
	}
	after, err := base64.URLEncoding.DecodeString(c.query.Get("continuation-token"))
	if err != nil {
		return invalidArgument("The continuation token provided is incorrect")
	}
	region := ""
	if c.has("max-buckets") || c.has("prefix") || c.has("bucket-region") {
		region = c.state.cfg.Region
	}
	d := bucketsDocument{Namespace: namespace, Owner: c.owner(), Prefix: c.query.Get("prefix")}
	for _, one := range c.state.Buckets() {
		if one.Name <= string(after) || !strings.HasPrefix(one.Name, d.Prefix) {
			continue
		}
		if len(d.Buckets) == most {
			d.ContinuationToken = base64.URLEncoding.EncodeToString([]byte(d.Buckets[most-1].Name))
			break
		}
		d.Buckets = append(d.Buckets, listedBucket{one.Name, iso(one.Created), region})
	}
	c.document(http.StatusOK, d)
	return nil
}
