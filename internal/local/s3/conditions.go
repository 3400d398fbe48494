package s3

import (
	"strings"
	"time"
)

// Conditions bind a write or a delete to what is there at that moment. ETags
// may be quoted or not; S3 takes both.
type Conditions struct {
	// IfMatch: the object must be there (404 if not) with this ETag (412), or
	// "*" for any.
	IfMatch string
	// IfNoneMatch: "*" means that there must be no object (412).
	IfNoneMatch string

	during *contest
}

// check judges the conditions against what is there, nil for nothing.
func (c Conditions) check(there *Object) error {
	if c.IfNoneMatch != "" {
		if c.IfNoneMatch != "*" {
			return notImplemented()
		}
		if there != nil {
			return preconditionFailed("If-None-Match")
		}
	}
	if c.IfMatch != "" {
		if there == nil {
			return noSuchKey()
		}
		if !matches(c.IfMatch, there.ETag) {
			return preconditionFailed("If-Match")
		}
	}
	if c.during != nil && c.during.lost {
		return conflict()
	}
	return nil
}

// matches tells whether one of a header's ETags, or its "*", is the ETag.
func matches(header, etag string) bool {
	for one := range strings.SplitSeq(header, ",") {
		one = strings.TrimPrefix(strings.TrimSpace(one), "W/")
		if one == "*" || strings.Trim(one, `"`) == etag {
			return true
		}
	}
	return false
}

// ReadConditions bind a read to what is there. Zero values ask for nothing.
type ReadConditions struct {
	IfMatch, IfNoneMatch               string
	IfModifiedSince, IfUnmodifiedSince time.Time
}

// failed names the header by which the object must not be given, or "". With
// If-None-Match and If-Modified-Since a GET answers 304, with the others 412.
// The ETag decides over the date: GetObject's reference settles both mixtures.
func (c ReadConditions) failed(o *Object) string {
	switch {
	case c.IfMatch != "" && !matches(c.IfMatch, o.ETag):
		return "If-Match"
	case c.IfMatch == "" && !c.IfUnmodifiedSince.IsZero() && o.Modified.After(c.IfUnmodifiedSince):
		return "If-Unmodified-Since"
	case c.IfNoneMatch != "" && matches(c.IfNoneMatch, o.ETag):
		return "If-None-Match"
	case c.IfNoneMatch == "" && !c.IfModifiedSince.IsZero() && !o.Modified.After(c.IfModifiedSince):
		return "If-Modified-Since"
	}
	return ""
}
