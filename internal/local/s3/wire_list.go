package s3

import (
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// namespace of S3's documents.
const namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

const mostKeys = 1000

type listDocument struct {
	XMLName      xml.Name `xml:"ListBucketResult"`
	Namespace    string   `xml:"xmlns,attr"`
	Name         string
	Prefix       string
	Delimiter    string `xml:",omitempty"`
	MaxKeys      int
	EncodingType string `xml:",omitempty"`
	IsTruncated  bool

	// Of version 1.
	Marker     *string
	NextMarker string `xml:",omitempty"`
	// Of version 2.
	KeyCount              *int
	StartAfter            string `xml:",omitempty"`
	ContinuationToken     string `xml:",omitempty"`
	NextContinuationToken string `xml:",omitempty"`

	Contents       []listedObject
	CommonPrefixes []listedPrefix
}

type listedObject struct {
	Key               string
	LastModified      string
	ETag              string
	ChecksumAlgorithm string `xml:",omitempty"`
	Size              int64
	StorageClass      string
	Owner             *listedOwner
}

type listedOwner struct{ ID, DisplayName string }

type listedPrefix struct{ Prefix string }

// iso is how S3 writes a time in a document.
func iso(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// listObjects answers ListObjects and ListObjectsV2.
func (c *call) listObjects() error {
	most, err := c.maxKeys()
	if err != nil {
		return err
	}
	encode, err := c.encoding()
	if err != nil {
		return err
	}
	l := Listing{Prefix: c.query.Get("prefix"), Delimiter: c.query.Get("delimiter"), Most: most}
	second := c.query.Get("list-type") == "2"
	token := c.query.Get("continuation-token")
	switch {
	case !second:
		l.After = c.query.Get("marker")
	case c.has("continuation-token"):
		raw, err := base64.URLEncoding.DecodeString(token)
		if err != nil || len(raw) == 0 {
			return invalidArgument("The continuation token provided is incorrect")
		}
		l.After = string(raw)
	default:
		l.After = c.query.Get("start-after")
	}
	page, err := c.state.List(c.r.Context(), c.bucket, l)
	if err != nil {
		return err
	}
	d := listDocument{Namespace: namespace, Name: c.bucket, Prefix: encode(l.Prefix), Delimiter: encode(l.Delimiter),
		MaxKeys: most, EncodingType: c.query.Get("encoding-type"), IsTruncated: page.Next != ""}
	mine := c.owner()
	owner := &mine
	if second {
		count := len(page.Objects) + len(page.Prefixes)
		d.KeyCount, d.StartAfter, d.ContinuationToken = &count, encode(c.query.Get("start-after")), token
		if page.Next != "" {
			d.NextContinuationToken = base64.URLEncoding.EncodeToString([]byte(page.Next))
		}
		if c.query.Get("fetch-owner") != "true" {
			owner = nil
		}
	} else {
		marker := encode(l.After)
		d.Marker = &marker
		if l.Delimiter != "" {
			d.NextMarker = encode(page.Next)
		}
	}
	d.fill(page, owner, encode)
	c.document(http.StatusOK, d)
	return nil
}

func (d *listDocument) fill(page Page, owner *listedOwner, encode func(string) string) {
	for _, o := range page.Objects {
		one := listedObject{Key: encode(o.Key), LastModified: iso(o.Modified), ETag: quoted(o.ETag), Size: o.Size, StorageClass: "STANDARD", Owner: owner}
		if class := o.Headers[storageClass]; class != "" {
			one.StorageClass = class
		}
		if o.Checksum != nil {
			one.ChecksumAlgorithm = o.Checksum.Algorithm
		}
		d.Contents = append(d.Contents, one)
	}
	for _, p := range page.Prefixes {
		d.CommonPrefixes = append(d.CommonPrefixes, listedPrefix{encode(p)})
	}
}

func (c *call) maxKeys() (int, error) {
	given := c.query.Get("max-keys")
	if given == "" {
		return mostKeys, nil
	}
	n, err := strconv.ParseInt(given, 10, 32)
	if err != nil {
		return 0, invalidArgument("Provided max-keys not an integer or within integer range")
	}
	if n < 0 {
		return 0, invalidArgument("Argument maxKeys must be an integer between 0 and 2147483647")
	}
	return int(min(n, mostKeys)), nil
}

// encoding is how names are written: keys may hold what XML cannot.
func (c *call) encoding() (func(string) string, error) {
	switch c.query.Get("encoding-type") {
	case "":
		return func(s string) string { return s }, nil
	case "url":
		return percentEncoded, nil
	}
	return nil, invalidArgument("Invalid Encoding Method specified in Request")
}

// percentEncoded leaves what no decoder could take for something else.
func percentEncoded(s string) string {
	const hexDigits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		ch := s[i]
		if ch >= 'a' && ch <= 'z' || ch >= 'A' && ch <= 'Z' || ch >= '0' && ch <= '9' || strings.IndexByte("-_.~/*", ch) >= 0 {
			b.WriteByte(ch)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hexDigits[ch>>4])
		b.WriteByte(hexDigits[ch&15])
	}
	return b.String()
}
