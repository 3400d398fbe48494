package s3

import (
	"encoding/xml"
	"net/http"
	"strconv"
)

type partsDocument struct {
	XMLName              xml.Name `xml:"ListPartsResult"`
	Namespace            string   `xml:"xmlns,attr"`
	Bucket               string
	Key                  string
	UploadID             string `xml:"UploadId"`
	Initiator, Owner     listedOwner
	StorageClass         string
	PartNumberMarker     int
	NextPartNumberMarker int `xml:",omitempty"`
	MaxParts             int
	IsTruncated          bool
	ChecksumAlgorithm    string `xml:",omitempty"`
	ChecksumType         string `xml:",omitempty"`
	Part                 []listedPart
}

type listedPart struct {
	PartNumber   int
	LastModified string
	ETag         string
	Size         int64
	*sums
}

const mostListedParts = 1000

// listParts answers ListParts. gofakes3 has no place for checksums.
func (c *call) listParts() error {
	number := func(name string, otherwise int) (int, error) {
		given := c.query.Get(name)
		if given == "" {
			return otherwise, nil
		}
		n, err := strconv.ParseInt(given, 10, 32)
		if err != nil || n < 0 {
			return 0, invalidArgument("Argument %s must be an integer between 0 and 2147483647", name)
		}
		return int(n), nil
	}
	marker, err := number("part-number-marker", 0)
	if err != nil {
		return err
	}
	most, err := number("max-parts", mostListedParts)
	if err != nil {
		return err
	}
	if !c.state.HasBucket(c.bucket) {
		return noSuchBucket()
	}
	id := c.query.Get("uploadId")
	u, parts, err := c.state.Parts(c.bucket, c.key, id, marker)
	if err != nil {
		return err
	}
	most = min(most, mostListedParts)
	owner := c.owner()
	out := partsDocument{Namespace: namespace, Bucket: c.bucket, Key: c.key, UploadID: id, Initiator: owner, Owner: owner, StorageClass: "STANDARD",
		PartNumberMarker: marker, MaxParts: most, ChecksumAlgorithm: u.Algorithm, ChecksumType: u.checksumType()}
	if class := u.Headers[storageClass]; class != "" {
		out.StorageClass = class
	}
	if len(parts) > most {
		parts, out.IsTruncated = parts[:most], true
	}
	for _, p := range parts {
		one := listedPart{PartNumber: p.Number, LastModified: iso(p.Modified), ETag: quoted(p.ETag), Size: p.Size, sums: sumsOf(p.Checksum)}
		if one.sums != nil {
			one.ChecksumType = "" // that is told of the upload
		}
		out.NextPartNumberMarker = p.Number
		out.Part = append(out.Part, one)
	}
	c.document(http.StatusOK, out)
	return nil
}

// checksumType is of what the object's checksum is to be, "" for none.
func (u *upload) checksumType() string {
	switch {
	case u.Algorithm == "":
		return ""
	case u.Whole:
		return "FULL_OBJECT"
	}
	return "COMPOSITE"
}

// stretchOf is where a part of an object lies. An object that was not made of
// parts has one. Errors: InvalidArgument, InvalidPartNumber (416).
func (c *call) stretchOf(o *Object, given string) (from, length int64, err error) {
	number, err := strconv.Atoi(given)
	if err != nil || number < 1 || number > mostParts {
		return 0, 0, invalidPartNumber()
	}
	if o.Upload == "" {
		if number > 1 {
			return 0, 0, noSuchPart()
		}
		return 0, o.Size, nil
	}
	if number > max(len(o.Pieces), 1) {
		return 0, 0, noSuchPart()
	}
	c.w.Header().Set("X-Amz-Mp-Parts-Count", strconv.Itoa(max(len(o.Pieces), 1)))
	for i, p := range o.Pieces {
		if i == number-1 {
			return from, p.Size, nil
		}
		from += p.Size
	}
	return 0, 0, nil
}

func noSuchPart() *Error {
	return refuse(http.StatusRequestedRangeNotSatisfiable, "InvalidPartNumber", "The requested partnumber is not satisfiable")
}
