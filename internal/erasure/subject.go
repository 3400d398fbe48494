package erasure

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"

	"sluice/events"
	"sluice/internal/requests"
	"sluice/internal/upload"
)

// Subject is whose data is erased: a tenant's, or one request's or upload's of it.
type Subject struct {
	Tenant string
	// Request is the id of a request, of an upload or of a record of one; "" is all
	// of the tenant's.
	Request string
	// file is the upload's file, if the request came in one.
	file events.UploadFile
}

// Valid tells whether the subject names somebody.
func (s Subject) Valid() bool {
	return events.ValidTenant(s.Tenant) && (s.Request == "" || events.ValidRequestID(s.Request))
}

var uploadForm = regexp.MustCompile(`^(u[a-z2-7]{24})(-[1-9][0-9]{0,8})?$`)

// upload is the id of the upload that the request is or belongs to, "" if none;
// whole tells that it is the upload itself.
func (s Subject) upload() (id string, whole bool) {
	parts := uploadForm.FindStringSubmatch(s.Request)
	if parts == nil {
		return "", false
	}
	return parts[1], parts[2] == ""
}

// Kept are prefixes that nothing is removed from; see the package.
var Kept = []string{"suppressions/", "reputation/", "claims/", "budgets/", "tasks/"}

// verdict is what becomes of an object.
type verdict int

const (
	keep verdict = iota
	remove
	// read: the key does not tell, the content does.
	read
)

// byKey judges what the key tells.
func (s Subject) byKey(key, etag string) verdict {
	prefix, rest, _ := strings.Cut(key, "/")
	for _, kept := range Kept {
		if prefix+"/" == kept {
			return keep
		}
	}
	owner, below, _ := strings.Cut(rest, "/")
	id, whole := s.upload()
	switch prefix {
	case "uploads", "payloads", "requests", "reports", "parked":
		return s.owned(prefix, owner, key, below, etag)
	case "progress":
		if s.Request == "" {
			return read
		}
		return when(whole && owner == id)
	case "results":
		folder, name, _ := strings.Cut(below, "/")
		of, segment := strings.CutPrefix(folder, "upload=")
		switch {
		case segment && s.Request != "" && of != id:
			return keep
		case segment:
			return read
		}
		return when(folder == s.Tenant && (s.Request == "" || name == s.Request+".json"))
	}
	return read
}

func when(is bool) verdict {
	if is {
		return remove
	}
	return keep
}

// owned judges an object in a folder of its tenant's.
func (s Subject) owned(prefix, owner, key, below, etag string) verdict {
	if owner != s.Tenant {
		return keep
	}
	if s.Request == "" {
		return remove
	}
	id, whole := s.upload()
	switch prefix {
	case "uploads":
		file := s.file.Key != "" && key == s.file.Key && upload.PlainETag(etag) == upload.PlainETag(s.file.ETag)
		return when(file || s.file.Key != "" && key == upload.DefinitionKey(s.file.Key))
	case "requests":
		return when(key == requests.Key(s.Tenant, s.Request))
	case "reports":
		return when(id != "" && strings.HasPrefix(below, id+"/"))
	case "parked":
		of, _, _ := strings.Cut(below, "/")
		return when(s.named(of, whole))
	}
	return keep
}

// named tells whether an id is the subject's: itself, or a record of its upload.
func (s Subject) named(id string, whole bool) bool {
	return id == s.Request || whole && strings.HasPrefix(id, s.Request+"-")
}

// owner is what the objects that are read say of whose they are.
type owner struct {
	Tenant    string                     `json:"tenant"`
	RequestID string                     `json:"requestId"`
	Failures  map[string]json.RawMessage `json:"failures"`
}

// byContent gives what is left of an object: all of it, nothing, or the lines that
// are others'. What is no JSON is nobody's.
func (s Subject) byContent(body []byte) (left []byte, changed bool) {
	for line := range bytes.Lines(body) {
		if s.owns(line) {
			changed = true
			continue
		}
		left = append(left, line...)
	}
	return left, changed
}

func (s Subject) owns(line []byte) bool {
	var o owner
	if json.Unmarshal(line, &o) != nil || o.Tenant != s.Tenant {
		return false
	}
	if s.Request == "" {
		return true
	}
	_, whole := s.upload()
	if s.named(o.RequestID, whole) {
		return true
	}
	for id := range o.Failures {
		if s.named(id, whole) {
			return true
		}
	}
	return false
}
