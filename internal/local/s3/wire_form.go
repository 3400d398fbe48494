package s3

import (
	"encoding/xml"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// mostFields is how long a form's fields before the file may be, together.
const mostFields = 20 << 10

type postResponse struct {
	XMLName                     xml.Name `xml:"PostResponse"`
	Location, Bucket, Key, ETag string
}

// postObject answers POST Object, a form with an object in it, as presigned posts
// make them: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
//
// Where signatures are asked for, forms are not let in: theirs is among the fields.
func (c *call) postObject() error {
	form, err := c.r.MultipartReader()
	if err != nil {
		return preconditionFailed("Bucket POST must be of the enclosure-type multipart/form-data")
	}
	fields, file, err := readFields(form)
	if err != nil {
		return err
	}
	// From here on the fields are what the headers of a PUT are.
	c.r.Header = http.Header{}
	for name, value := range fields {
		c.r.Header.Set(name, value)
	}
	c.r.Header.Set("X-Amz-Acl", fields["acl"])
	c.key = strings.ReplaceAll(fields["key"], "${filename}", file.FileName())
	fields["key"] = c.key
	least, most, err := allowed(fields, c.bucket, c.state.cfg.Now())
	if err != nil {
		return err
	}
	o, err := c.putForm(fields, &measured{from: file, least: least, most: most})
	if err != nil {
		return err
	}
	c.answerForm(fields, o)
	return nil
}

// readFields reads a form up to its file, which is to come last. Names are in
// lower case.
func readFields(form *multipart.Reader) (map[string]string, *multipart.Part, error) {
	fields := map[string]string{}
	for left := int64(mostFields); ; {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return nil, nil, invalidArgument("POST requires exactly one file upload per request.")
		}
		if err != nil {
			return nil, nil, refuse(http.StatusBadRequest, "MalformedPOSTRequest", "The body of your POST request is not well-formed multipart/form-data.")
		}
		name := strings.ToLower(part.FormName())
		if name == "file" {
			if fields["key"] == "" {
				return nil, nil, invalidArgument("Bucket POST must contain a field named 'key'. If it is specified, please check the order of the fields.")
			}
			return fields, part, nil
		}
		value, err := io.ReadAll(io.LimitReader(part, left+1))
		if err != nil {
			return nil, nil, reading(err)
		}
		if left -= int64(len(name) + len(value)); left < 0 {
			return nil, nil, refuse(http.StatusBadRequest, "MaxPostPreDataLengthExceededError", "Your POST request fields preceding the upload file were too large.")
		}
		fields[name] = string(value)
	}
}

// putForm writes the file, checked as the body of a PUT is.
func (c *call) putForm(fields map[string]string, file io.Reader) (*Object, error) {
	if err := c.checkClass(); err != nil {
		return nil, err
	}
	headers, err := headersToKeep(c.r.Header)
	if err != nil {
		return nil, err
	}
	if document := fields["tagging"]; document != "" {
		if headers[tagging], err = tagsOf([]byte(document)); err != nil {
			return nil, err
		}
	}
	body := &verified{from: file}
	if err := body.expectMD5(c.r.Header); err != nil {
		return nil, err
	}
	if err := body.expectChecksum(c.r.Header, nil); err != nil {
		return nil, err
	}
	c.body = body
	return c.state.write(c.r.Context(), Write{Bucket: c.bucket, Key: c.key, Headers: headers, Body: body, Size: -1,
		Checksum: c.checksum, Origin: c.origin()}, "POST Object")
}

// answerForm answers as the form wants it: by a redirect, a document or nothing.
func (c *call) answerForm(fields map[string]string, o *Object) {
	h := c.w.Header()
	h.Set("ETag", quoted(o.ETag))
	c.describeWrite(o)
	if to, err := url.Parse(fields["success_action_redirect"]); err == nil && to.IsAbs() && to.Host != "" {
		query := to.Query()
		for name, value := range map[string]string{"bucket": c.bucket, "key": c.key, "etag": quoted(o.ETag)} {
			query.Set(name, value)
		}
		to.RawQuery = query.Encode()
		h.Set("Location", to.String())
		c.w.WriteHeader(http.StatusSeeOther)
		return
	}
	location := "http://" + c.r.Host + "/" + c.bucket + "/" + percentEncoded(c.key)
	h.Set("Location", location)
	switch status, _ := strconv.Atoi(fields["success_action_status"]); status {
	case http.StatusCreated:
		c.document(status, postResponse{Location: location, Bucket: c.bucket, Key: c.key, ETag: quoted(o.ETag)})
	case http.StatusOK:
		c.w.WriteHeader(status)
	default:
		c.w.WriteHeader(http.StatusNoContent)
	}
}
