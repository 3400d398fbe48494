package s3

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// tagging is the header by which a write tags its object. The tags are kept under
// this name among the object's headers, as a query string in the order of their
// keys.
const tagging = "x-amz-tagging"

// Limits of an object's tags:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
const (
	mostTags          = 10
	mostTagKeyChars   = 128
	mostTagValueChars = 256
)

func invalidTag(message string) *Error {
	return refuse(http.StatusBadRequest, "InvalidTag", "%s", message)
}

// checkTags judges tags as S3 does, and is the query string that they are kept
// as; "" for none. Errors: InvalidTag, BadRequest.
func checkTags(tags url.Values) (string, error) {
	if len(tags) > mostTags {
		return "", refuse(http.StatusBadRequest, "BadRequest", "Object tags cannot be greater than %d", mostTags)
	}
	for key, values := range tags {
		switch {
		case len(values) != 1:
			return "", invalidTag("Cannot provide multiple Tags with the same key")
		case strings.HasPrefix(key, "aws:"):
			return "", invalidTag("System tags cannot be added/updated by requester")
		case key == "" || !tagText(key, mostTagKeyChars):
			return "", invalidTag("The TagKey you have provided is invalid")
		case !tagText(values[0], mostTagValueChars):
			return "", invalidTag("The TagValue you have provided is invalid")
		}
	}
	return tags.Encode(), nil
}

// tagText tells whether a text is one that a tag may have.
func tagText(text string, most int) bool {
	if !utf8.ValidString(text) || utf8.RuneCountInString(text) > most {
		return false
	}
	return strings.IndexFunc(text, func(c rune) bool {
		return !unicode.IsLetter(c) && !unicode.IsNumber(c) && !unicode.IsSpace(c) && !strings.ContainsRune("+-=._:/@", c)
	}) < 0
}

// tagsIn reads the header of a write. Errors: InvalidArgument, and those of
// checkTags.
func tagsIn(h http.Header) (string, error) {
	given := h.Get("X-Amz-Tagging")
	if given == "" {
		return "", nil
	}
	tags, err := url.ParseQuery(given)
	for _, values := range tags {
		if len(values) > 1 {
			tags = nil
		}
	}
	if err != nil || tags == nil {
		return "", invalidArgument("The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.")
	}
	return checkTags(tags)
}

// tagDocument is a set of tags on the wire.
type tagDocument struct {
	XMLName   xml.Name `xml:"Tagging"`
	Namespace string   `xml:"xmlns,attr"`
	Tags      []tag    `xml:"TagSet>Tag"`
}

type tag struct{ Key, Value string }

// getTags, putTags and deleteTags answer the operations on an object's tags.
func (c *call) getTags() error {
	o, err := c.state.Stat(c.r.Context(), c.bucket, c.key)
	if err != nil {
		return err
	}
	out := tagDocument{Namespace: namespace}
	for pair := range strings.SplitSeq(o.Headers[tagging], "&") { // in order
		tags, err := url.ParseQuery(pair)
		if err != nil {
			return err
		}
		for key, values := range tags {
			out.Tags = append(out.Tags, tag{key, values[0]})
		}
	}
	c.document(http.StatusOK, out)
	return nil
}

func (c *call) putTags() error {
	document, err := c.body.small()
	if err != nil {
		return err
	}
	kept, err := tagsOf(document)
	if err != nil {
		return err
	}
	return c.state.SetTags(c.r.Context(), c.bucket, c.key, kept)
}

// tagsOf reads a document of tags. Errors: MalformedXML, and those of checkTags.
func tagsOf(document []byte) (string, error) {
	var in struct {
		XMLName xml.Name `xml:"Tagging"`
		Tags    []tag    `xml:"TagSet>Tag"`
	}
	if xml.Unmarshal(document, &in) != nil {
		return "", malformedXML()
	}
	tags := url.Values{}
	for _, t := range in.Tags {
		tags.Add(t.Key, t.Value)
	}
	return checkTags(tags)
}

func (c *call) deleteTags() error {
	if err := c.state.SetTags(c.r.Context(), c.bucket, c.key, ""); err != nil {
		return err
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

// routeTags names the operation on an object's tags.
func (c *call) routeTags() (string, func() error) {
	switch c.r.Method {
	case http.MethodGet:
		return "GetObjectTagging", c.getTags
	case http.MethodPut:
		return "PutObjectTagging", c.putTags
	case http.MethodDelete:
		return "DeleteObjectTagging", c.deleteTags
	}
	return "MethodNotAllowed", methodNotAllowed
}
