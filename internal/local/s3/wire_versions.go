package s3

import (
	"encoding/xml"
	"net/http"
)

// versionsDocument is what ListObjectVersions answers of a bucket without
// versions: every object is its own only one, "null".
type versionsDocument struct {
	XMLName             xml.Name `xml:"ListVersionsResult"`
	Namespace           string   `xml:"xmlns,attr"`
	Name                string
	Prefix              string
	Delimiter           string `xml:",omitempty"`
	KeyMarker           string
	VersionIDMarker     string `xml:"VersionIdMarker"`
	NextKeyMarker       string `xml:",omitempty"`
	NextVersionIDMarker string `xml:"NextVersionIdMarker,omitempty"`
	MaxKeys             int
	EncodingType        string `xml:",omitempty"`
	IsTruncated         bool
	Version             []listedVersion
	CommonPrefixes      []listedPrefix
}

type listedVersion struct {
	VersionID string `xml:"VersionId"`
	IsLatest  bool
	listedObject
}

// onlyVersion is the id of the version that an object has where none are kept.
const onlyVersion = "null"

// listVersions answers ListObjectVersions.
func (c *call) listVersions() error {
	most, err := c.maxKeys()
	if err != nil {
		return err
	}
	encode, err := c.encoding()
	if err != nil {
		return err
	}
	l := Listing{Prefix: c.query.Get("prefix"), Delimiter: c.query.Get("delimiter"), Most: most, After: c.query.Get("key-marker")}
	page, err := c.state.List(c.r.Context(), c.bucket, l)
	if err != nil {
		return err
	}
	out := versionsDocument{Namespace: namespace, Name: c.bucket, Prefix: encode(l.Prefix), Delimiter: encode(l.Delimiter), KeyMarker: encode(l.After),
		VersionIDMarker: c.query.Get("version-id-marker"), MaxKeys: most, EncodingType: c.query.Get("encoding-type"), IsTruncated: page.Next != ""}
	if page.Next != "" {
		out.NextKeyMarker, out.NextVersionIDMarker = encode(page.Next), onlyVersion
	}
	var listed listDocument
	listed.fill(page, &listedOwner{c.state.cfg.Account, "local"}, encode)
	for _, one := range listed.Contents {
		out.Version = append(out.Version, listedVersion{onlyVersion, true, one})
	}
	out.CommonPrefixes = listed.CommonPrefixes
	c.document(http.StatusOK, out)
	return nil
}
