package upload

import (
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"sluice/events"
)

// Prefix is where uploads lie; it is the only prefix whose objects set anything
// going.
const Prefix = "uploads/"

// MaxKey is S3's limit for a key, in bytes.
const MaxKey = 1024

const (
	definitionSuffix = ".sluice.json"
	// idLength makes an upload id 25 characters, so that a request id with a
	// position of any size stays below 64.
	idLength = 24
)

// Place is where an upload lies.
type Place struct {
	// Tenant is the folder below uploads/: whose file it is.
	Tenant string
	// Task is the folder below that.
	Task string
	// Name is the rest of the key; it may have folders of its own.
	Name string
}

// ParseKey takes a key apart: uploads/<tenant>/<task>/<name>. The error says
// what is wrong with the key, for people; trying again does not help. Whatever
// is valid of the place is filled nevertheless.
func ParseKey(key string) (Place, error) {
	var p Place
	rest, below := strings.CutPrefix(key, Prefix)
	if !below {
		return p, errors.New("the key is not below " + Prefix)
	}
	parts := strings.SplitN(rest, "/", 3)
	if events.ValidTenant(parts[0]) {
		p.Tenant = parts[0]
	}
	if len(parts) > 1 && events.ValidRequestID(parts[1]) {
		p.Task = parts[1]
	}
	switch {
	case len(key) > MaxKey:
		return p, fmt.Errorf("the key has %d bytes, more than %d", len(key), MaxKey)
	case !utf8.ValidString(key):
		return p, errors.New("the key is not UTF-8")
	case strings.IndexFunc(key, unicode.IsControl) >= 0:
		return p, errors.New("the key has control characters")
	case len(parts) < 3:
		return p, errors.New("the key must be uploads/<tenant>/<task>/<file>")
	case p.Tenant == "":
		return p, errors.New("the folder below uploads/ must be a tenant: 1 to 32 of [a-z0-9-], a letter or digit first")
	case p.Task == "":
		return p, errors.New("the folder below the tenant's must be a task: 1 to 64 of [A-Za-z0-9_-]")
	}
	for part := range strings.SplitSeq(parts[2], "/") {
		if part == "" || part == "." || part == ".." {
			return p, errors.New(`the key has an empty part, "." or ".."`)
		}
	}
	p.Name = parts[2]
	return p, nil
}

// ID is the upload's id: "u" and 24 of [a-z2-7], the same for the same bucket,
// key and ETag. Quotes around the ETag do not matter.
func ID(bucket, key, etag string) string {
	return "u" + events.ID("upload", bucket, key, PlainETag(etag))[:idLength]
}

// PlainETag is the ETag without quotes, as S3's events carry it.
func PlainETag(etag string) string { return strings.Trim(strings.TrimPrefix(etag, "W/"), `"`) }

// RequestID is the id of the request that a record becomes; record is its
// position, from 1.
func RequestID(uploadID string, record int) string {
	return uploadID + "-" + strconv.Itoa(record)
}

// IsDefinition tells whether the key is that of a definition beside an upload,
// and not of an upload.
func IsDefinition(key string) bool { return strings.HasSuffix(key, definitionSuffix) }

// DefinitionKey is where the definition of an upload lies, if it has one. It is
// put there before the upload is.
func DefinitionKey(key string) string { return key + definitionSuffix }

// baseName is a name for people: the last part of the key or of a zip member.
func baseName(name string) string { return path.Base(strings.ReplaceAll(name, `\`, "/")) }
