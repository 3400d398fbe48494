package signature

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// canonical is the canonical request of a claim.
func (c *claim) canonical(r *http.Request, query url.Values, service Service, payload string) string {
	path := r.URL.EscapedPath()
	if service.Objects {
		path = r.URL.Path // S3 encodes once, whatever the client has done on the wire
	}
	if path == "" {
		path = "/"
	}
	lines := []string{r.Method, encode(path, true), canonicalQuery(query)}
	for _, name := range c.headers {
		lines = append(lines, name+":"+headerValue(r, name))
	}
	return strings.Join(append(lines, "", strings.Join(c.headers, ";"), payload), "\n")
}

// stringToSign is what the signature is made of.
func (c *claim) stringToSign(canonical string) string {
	return strings.Join([]string{algorithm, c.at.UTC().Format(stamp), c.scope(), digest([]byte(canonical))}, "\n")
}

// key is the secret key's for the scope.
func (c *claim) key(secret string) []byte {
	key := []byte("AWS4" + secret)
	for _, part := range []string{c.day, c.region, c.service, ending} {
		key = mac(key, part)
	}
	return key
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// parseQuery splits a query into its names and values. Other than [url.ParseQuery]
// it takes a semicolon for a character, as AWS does.
func parseQuery(raw string) (url.Values, bool) {
	values := url.Values{}
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		decodedName, err := url.QueryUnescape(name)
		decodedValue, wrong := url.QueryUnescape(value)
		if err != nil || wrong != nil {
			return nil, false
		}
		values.Add(decodedName, decodedValue)
	}
	return values, true
}

// canonicalQuery is every name and value but the signature, encoded and in order.
func canonicalQuery(query url.Values) string {
	var pairs [][2]string
	for name, values := range query {
		if name == "X-Amz-Signature" {
			continue
		}
		for _, value := range values {
			pairs = append(pairs, [2]string{encode(name, false), encode(value, false)})
		}
	}
	slices.SortFunc(pairs, func(a, b [2]string) int {
		if order := strings.Compare(a[0], b[0]); order != 0 {
			return order
		}
		return strings.Compare(a[1], b[1])
	})
	joined := make([]string, len(pairs))
	for i, pair := range pairs {
		joined[i] = pair[0] + "=" + pair[1]
	}
	return strings.Join(joined, "&")
}

// headerValue is a header as it is signed: its values joined, without spaces at
// the ends and with single ones between.
func headerValue(r *http.Request, name string) string {
	values := r.Header.Values(name)
	switch {
	case name == "host", name == authority:
		values = []string{r.Host}
	case name == "content-length" && len(values) == 0 && r.ContentLength >= 0:
		values = []string{strconv.FormatInt(r.ContentLength, 10)}
	case name == "transfer-encoding" && len(values) == 0:
		values = r.TransferEncoding
	}
	joined := make([]string, len(values))
	for i, value := range values {
		joined[i] = strings.Join(strings.FieldsFunc(value, func(c rune) bool { return c == ' ' }), " ")
	}
	return strings.Join(joined, ",")
}

// encode is AWS's percent-encoding: everything but letters, digits and -._~, and
// the slash where it is kept.
func encode(s string, keepSlash bool) string {
	const hexDigits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		ch := s[i]
		switch {
		case ch >= 'a' && ch <= 'z' || ch >= 'A' && ch <= 'Z' || ch >= '0' && ch <= '9', strings.IndexByte("-._~", ch) >= 0, ch == '/' && keepSlash:
			b.WriteByte(ch)
		default:
			b.WriteByte('%')
			b.WriteByte(hexDigits[ch>>4])
			b.WriteByte(hexDigits[ch&15])
		}
	}
	return b.String()
}
