package signature

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	algorithm = "AWS4-HMAC-SHA256"
	ending    = "aws4_request"
	authority = ":authority" // what the host is called in HTTP/2; some clients sign it so
	stamp     = "20060102T150405Z"
	longest   = 7 * 24 * time.Hour // of a presigned URL
)

// claim is what a request says of its signature.
type claim struct {
	presigned bool
	accessKey string
	// day, region and service are the scope.
	day, region, service string
	at                   time.Time
	// life is how long a presigned URL holds.
	life      time.Duration
	headers   []string // signed, in lower case and order
	signature string   // hex
	token     string
	payload   string // as it is signed; "" if the request does not say
}

// scope is the credential without the access key.
func (c *claim) scope() string { return c.day + "/" + c.region + "/" + c.service + "/" + ending }

// read finds the claim of a request.
func read(r *http.Request, query url.Values) (*claim, *Refusal) {
	given := r.Header["Authorization"]
	inQuery := query.Has("X-Amz-Algorithm") || query.Has("X-Amz-Signature") || query.Has("X-Amz-Credential")
	switch {
	case len(given) > 0 && inQuery || len(given) > 1:
		return nil, refuse(Malformed, "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified")
	case inQuery:
		return fromQuery(query)
	case len(given) == 1:
		return fromHeader(r.Header)
	case query.Has("Signature") && query.Has("AWSAccessKeyId"):
		return nil, unsupported()
	}
	return nil, refuse(Unsigned, "Request is missing Authentication Token")
}

func unsupported() *Refusal {
	return refuse(Unsupported, "The authorization mechanism you have provided is not supported. Please use %s.", algorithm)
}

// fromHeader reads AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=….
func fromHeader(h http.Header) (*claim, *Refusal) {
	kind, rest, _ := strings.Cut(strings.TrimSpace(h.Get("Authorization")), " ")
	if kind != algorithm {
		return nil, unsupported()
	}
	parts := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		if _, double := parts[name]; !ok || double {
			return nil, refuse(Malformed, "The Authorization header is not well-formed.")
		}
		parts[name] = value
	}
	c := &claim{signature: parts["Signature"], token: h.Get("X-Amz-Security-Token"), payload: h.Get("X-Amz-Content-Sha256")}
	if !c.credential(parts["Credential"]) || !c.covers(parts["SignedHeaders"]) || c.signature == "" {
		return nil, refuse(Malformed, "Authorization header requires 'Credential', 'Signature' and 'SignedHeaders' parameters, and either a 'X-Amz-Date' or a 'Date' header.")
	}
	var err error
	if date := h.Get("X-Amz-Date"); date != "" {
		c.at, err = time.Parse(stamp, date)
	} else {
		c.at, err = http.ParseTime(h.Get("Date"))
	}
	if err != nil {
		return nil, refuse(Malformed, "AWS authentication requires a valid Date or x-amz-date header")
	}
	return c, nil
}

// fromQuery reads a presigned URL.
func fromQuery(query url.Values) (*claim, *Refusal) {
	one := func(name string) string {
		if values := query[name]; len(values) == 1 {
			return values[0]
		}
		return ""
	}
	if one("X-Amz-Algorithm") != algorithm {
		return nil, refuse(MalformedQuery, "X-Amz-Algorithm only supports \"%s\"", algorithm)
	}
	c := &claim{presigned: true, signature: one("X-Amz-Signature"), token: one("X-Amz-Security-Token"), payload: one("X-Amz-Content-Sha256")}
	if !c.credential(one("X-Amz-Credential")) || !c.covers(one("X-Amz-SignedHeaders")) || c.signature == "" {
		return nil, refuse(MalformedQuery, "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.")
	}
	var err error
	if c.at, err = time.Parse(stamp, one("X-Amz-Date")); err != nil {
		return nil, refuse(MalformedQuery, "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
	}
	seconds, err := strconv.ParseUint(one("X-Amz-Expires"), 10, 32)
	c.life = time.Duration(seconds) * time.Second
	if err != nil || c.life > longest {
		return nil, refuse(MalformedQuery, "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds")
	}
	return c, nil
}

// credential reads key/day/region/service/aws4_request; the key may have slashes.
func (c *claim) credential(given string) bool {
	var last string
	c.accessKey = given
	for _, part := range []*string{&last, &c.service, &c.region, &c.day} {
		slash := strings.LastIndexByte(c.accessKey, '/')
		if slash < 0 {
			return false
		}
		c.accessKey, *part = c.accessKey[:slash], c.accessKey[slash+1:]
	}
	return last == ending && c.accessKey != ""
}

// covers reads the signed headers: names in lower case, in order, none twice.
func (c *claim) covers(given string) bool {
	c.headers = strings.Split(given, ";")
	for i, name := range c.headers {
		if name == "" || name != strings.ToLower(name) || i > 0 && name <= c.headers[i-1] {
			return false
		}
	}
	return true
}

// uncovered is a header that must be signed and is not, or "".
func (c *claim) uncovered(h http.Header) string {
	missing := func(name string) bool { _, found := slices.BinarySearch(c.headers, name); return !found }
	if missing("host") && missing(authority) {
		return "host"
	}
	for name := range h {
		if lower := strings.ToLower(name); strings.HasPrefix(lower, "x-amz-") && missing(lower) {
			return lower
		}
	}
	if !c.presigned && h.Get("X-Amz-Date") == "" && missing("date") {
		return "date"
	}
	return ""
}
