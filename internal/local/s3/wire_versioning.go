package s3

import (
	"encoding/xml"
	"net/http"
)

// versioning is the query name of a bucket's versioning.
const versioning = "versioning"

type versioningDocument struct {
	XMLName   xml.Name `xml:"VersioningConfiguration"`
	Namespace string   `xml:"xmlns,attr,omitempty"`
	Status    string   `xml:",omitempty"`
	MFADelete string   `xml:"MfaDelete,omitempty"`
}

// getVersioning answers GetBucketVersioning: nothing of a bucket that never had a
// status, or Suspended.
func (c *call) getVersioning() error {
	status, err := c.state.Config(c.bucket, versioning)
	if err != nil {
		return err
	}
	c.document(http.StatusOK, versioningDocument{Namespace: namespace, Status: status})
	return nil
}

// putVersioning answers PutBucketVersioning. Versions are not kept here, so only
// their suspension is taken: to take Enabled in silence would lose what somebody
// means to keep.
func (c *call) putVersioning() error {
	document, err := c.body.small()
	if err != nil {
		return err
	}
	var in versioningDocument
	if xml.Unmarshal(document, &in) != nil {
		return malformedXML()
	}
	switch in.Status {
	case "Suspended":
		return c.state.SetConfig(c.r.Context(), c.bucket, versioning, in.Status)
	case "Enabled":
		if !c.state.HasBucket(c.bucket) {
			return noSuchBucket()
		}
		return refuse(http.StatusNotImplemented, "NotImplemented", "The local machine does not keep versions of objects; versioning cannot be enabled here.")
	}
	return refuse(http.StatusBadRequest, "IllegalVersioningConfigurationException", "The Versioning element must be specified")
}
