package s3

import (
	"encoding/xml"
	"net/http"
	"slices"
)

// storageClass is the header of an object's class; one of STANDARD is kept
// without it.
const storageClass = "x-amz-storage-class"

// classes are those that an object may be of. They differ in what they cost only,
// so here in nothing: what is archived elsewhere can be read at once.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
var classes = []string{
	"STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER", "DEEP_ARCHIVE",
	"OUTPOSTS", "GLACIER_IR", "SNOW", "EXPRESS_ONEZONE", "FSX_OPENZFS", "FSX_ONTAP",
}

// private are the canned ACLs that a bucket takes whose ownership is enforced, as
// that of every new bucket is: they grant nothing to others.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
var private = []string{"", "private", "bucket-owner-full-control", "bucket-owner-read"}

// checkClass refuses a storage class that there is not, and leave for others.
// Errors: InvalidStorageClass, AccessControlListNotSupported.
func (c *call) checkClass() error {
	if class := c.get("X-Amz-Storage-Class"); class != "" && !slices.Contains(classes, class) {
		return refuse(http.StatusBadRequest, "InvalidStorageClass", "The storage class you specified is not valid")
	}
	if !slices.Contains(private, c.get("X-Amz-Acl")) {
		return noACLs()
	}
	for _, grant := range []string{"X-Amz-Grant-Full-Control", "X-Amz-Grant-Read", "X-Amz-Grant-Read-Acp", "X-Amz-Grant-Write", "X-Amz-Grant-Write-Acp"} {
		if c.get(grant) != "" {
			return noACLs()
		}
	}
	return nil
}

func noACLs() *Error {
	return refuse(http.StatusBadRequest, "AccessControlListNotSupported", "The bucket does not allow ACLs")
}

type aclDocument struct {
	XMLName   xml.Name `xml:"AccessControlPolicy"`
	Namespace string   `xml:"xmlns,attr"`
	Owner     listedOwner
	Grants    []aclGrant `xml:"AccessControlList>Grant"`
}

type aclGrant struct {
	Grantee    aclGrantee
	Permission string
}

type aclGrantee struct {
	Namespace string `xml:"xmlns:xsi,attr"`
	Type      string `xml:"xsi:type,attr"`
	listedOwner
}

// routeACL serves the ACL of a bucket or an object. There is the owner's alone.
func (c *call) routeACL(of string) (string, func() error) {
	switch c.r.Method {
	case http.MethodGet:
		return "Get" + of + "Acl", c.getACL
	case http.MethodPut:
		return "Put" + of + "Acl", func() error { return c.mustBeThere(noACLs()) }
	}
	return "MethodNotAllowed", methodNotAllowed
}

// mustBeThere is NoSuchBucket or NoSuchKey, or else what is given.
func (c *call) mustBeThere(otherwise error) error {
	if c.key != "" {
		if _, err := c.state.Stat(c.r.Context(), c.bucket, c.key); err != nil {
			return err
		}
	} else if !c.state.HasBucket(c.bucket) {
		return noSuchBucket()
	}
	return otherwise
}

func (c *call) getACL() error {
	if err := c.mustBeThere(nil); err != nil {
		return err
	}
	owner := c.owner()
	c.document(http.StatusOK, aclDocument{Namespace: namespace, Owner: owner, Grants: []aclGrant{
		{aclGrantee{"http://www.w3.org/2001/XMLSchema-instance", "CanonicalUser", owner}, "FULL_CONTROL"}}})
	return nil
}

// owner is who owns every bucket and object here.
func (c *call) owner() listedOwner { return listedOwner{c.state.cfg.Account, "local"} }
