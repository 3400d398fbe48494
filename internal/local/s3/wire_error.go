package s3

import (
	"bytes"
	"encoding/xml"
	"net/http"
)

// fail answers an error. A refusal of ours is for the client; anything else is
// for the log too.
func (c *call) fail(err error) {
	e := asError(err)
	if e.Status >= http.StatusInternalServerError && e.Code == "InternalError" {
		c.state.cfg.Log.Error("s3: a request failed", "request", c.id, "error", err.Error())
	}
	c.w.Header().Del("ETag")
	if c.r.Method == http.MethodHead || e.Status == http.StatusNotModified {
		c.w.WriteHeader(e.Status)
		return
	}
	d := errorDocument{Code: e.Code, Message: e.Message, Condition: e.Condition,
		Resource: c.r.URL.Path, RequestID: c.id, HostID: c.w.Header().Get("X-Amz-Id-2")}
	if copied := c.get("X-Amz-Copy-Source") != ""; !copied { // else it may be the source that is not there
		switch e.Code {
		case "NoSuchKey":
			d.Key = c.key
		case "NoSuchBucket":
			d.Bucket = c.bucket
		}
	}
	c.write(e.Status, d.xml())
}

// errorDocument is what an error says. Condition, Key (of NoSuchKey) and Bucket
// (of NoSuchBucket) are left out if they are empty.
type errorDocument struct{ Code, Message, Condition, Key, Bucket, Resource, RequestID, HostID string }

// xml is the document as [xml.Marshal] would write it. Its reflection was an eighth
// of what a GET costs of an object that is not there, which callers often ask for.
func (d errorDocument) xml() []byte {
	b := bytes.NewBuffer(make([]byte, 0, 512))
	b.WriteString(xml.Header + "<Error>")
	for _, element := range []struct {
		name, text string
		optional   bool
	}{
		{"Code", d.Code, false}, {"Message", d.Message, false}, {"Condition", d.Condition, true}, {"Key", d.Key, true},
		{"BucketName", d.Bucket, true}, {"Resource", d.Resource, false}, {"RequestId", d.RequestID, false}, {"HostId", d.HostID, false},
	} {
		if element.optional && element.text == "" {
			continue
		}
		b.WriteString("<" + element.name + ">")
		_ = xml.EscapeText(b, []byte(element.text)) // a buffer takes everything
		b.WriteString("</" + element.name + ">")
	}
	b.WriteString("</Error>")
	return b.Bytes()
}
