package s3

import (
	"encoding/xml"
	"net/http"
)

// deleteObject answers DeleteObject. What is not there is deleted too.
func (c *call) deleteObject() error {
	err := c.state.Delete(c.r.Context(), c.bucket, c.key, Conditions{IfMatch: c.get("If-Match")}, "DeleteObject", c.origin())
	if err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

type deleteRequest struct {
	XMLName xml.Name `xml:"Delete"`
	Quiet   bool
	Object  []struct{ Key, VersionId, ETag string }
}

type deleteResult struct {
	XMLName   xml.Name `xml:"DeleteResult"`
	Namespace string   `xml:"xmlns,attr"`
	Deleted   []deletedObject
	Error     []undeletedObject
}

type deletedObject struct{ Key string }

type undeletedObject struct{ Key, Code, Message string }

// deleteObjects answers DeleteObjects: at most 1,000 keys, each on its own.
func (c *call) deleteObjects() error {
	document, err := c.body.small()
	if err != nil {
		return err
	}
	var in deleteRequest
	if xml.Unmarshal(document, &in) != nil || len(in.Object) == 0 || len(in.Object) > mostKeys {
		return malformedXML()
	}
	if !c.state.HasBucket(c.bucket) {
		return noSuchBucket()
	}
	out := deleteResult{Namespace: namespace}
	for _, one := range in.Object {
		err := c.deleteOne(one.Key, one.VersionId, one.ETag)
		if err != nil {
			e := asError(err)
			out.Error = append(out.Error, undeletedObject{one.Key, e.Code, e.Message})
		} else if !in.Quiet {
			out.Deleted = append(out.Deleted, deletedObject{one.Key})
		}
	}
	c.document(http.StatusOK, out)
	return nil
}

// deleteOne deletes one object of a DeleteObjects call; with an ETag, only that
// very object. Versions are not kept, so there is only the null version.
func (c *call) deleteOne(key, version, etag string) error {
	if version != "" && version != "null" {
		return refuse(http.StatusBadRequest, "NoSuchVersion", "The specified version does not exist.")
	}
	return c.state.Delete(c.r.Context(), c.bucket, key, Conditions{IfMatch: etag}, "DeleteObject", c.origin())
}
