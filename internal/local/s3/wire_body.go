package s3

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// verified is the request's body, decoded, and refused at its end if it is not
// what the client said of it.
type verified struct {
	from   io.Reader
	checks []check
	// checksum is what the client says of the content; of a trailer it is
	// complete only after the end.
	checksum *Checksum
	ended    error
}

// check compares a hash of the body with what the client said.
type check struct {
	algorithm string
	sum       hash.Hash // from the first byte on: most bodies with a hash are a GET's, and are not read
	encode    func([]byte) string
	want      string
	trailer   func() (string, error) // is what is wanted, if that comes behind the body
	failed    func(algorithm string) *Error
}

// mostBytes is how much one request may upload.
const mostBytes = 5 << 30

// takeBody makes the body ready: it decodes aws-chunked and gathers the checks.
func (c *call) takeBody(operation string) error {
	h := c.r.Header
	v := &verified{from: c.r.Body}
	var trailers map[string]string
	payload := h.Get("X-Amz-Content-Sha256")
	encoding, chunked := withoutChunked(h.Get("Content-Encoding"))
	// Who gives the hash of the body as it comes has not put it into chunks.
	hashed := isSHA256(payload)
	if chunked && !hashed || strings.HasPrefix(payload, "STREAMING-") {
		size, err := strconv.ParseInt(h.Get("X-Amz-Decoded-Content-Length"), 10, 64)
		if err != nil || size < 0 {
			return missingLength()
		}
		trailers = map[string]string{}
		v.from = newChunkReader(c.r.Body, trailers)
		// For gofakes3, which takes the length from the header and would decode again.
		h.Set("Content-Length", strconv.FormatInt(size, 10))
		h.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
		c.r.ContentLength = size
		h.Del("Content-Encoding")
		if encoding != "" {
			h.Set("Content-Encoding", encoding)
		}
	} else if hashed {
		v.expect("SHA256", hex.EncodeToString, strings.ToLower(payload), otherPayload)
	}
	if c.r.ContentLength > mostBytes {
		return refuse(http.StatusBadRequest, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")
	}
	if err := v.expectMD5(h); err != nil {
		return err
	}
	// Of a completion the checksum is of the object, not of the body.
	if operation != "CompleteMultipartUpload" {
		if err := v.expectChecksum(h, trailers); err != nil {
			return err
		}
	}
	c.body = v
	c.r.Body = v
	return nil
}

func isSHA256(payload string) bool {
	if len(payload) != hex.EncodedLen(sha256.Size) {
		return false
	}
	_, err := hex.DecodeString(payload)
	return err == nil
}

func otherPayload(string) *Error {
	return refuse(http.StatusBadRequest, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed.")
}

func otherMD5(string) *Error {
	return refuse(http.StatusBadRequest, "BadDigest", "The Content-MD5 you specified did not match what we received.")
}

// withoutChunked is a Content-Encoding without aws-chunked, and whether that was
// in it.
func withoutChunked(encoding string) (string, bool) {
	if encoding == "" {
		return "", false
	}
	var rest []string
	found := false
	for one := range strings.SplitSeq(encoding, ",") {
		if one = strings.TrimSpace(one); strings.EqualFold(one, "aws-chunked") {
			found = true
		} else if one != "" {
			rest = append(rest, one)
		}
	}
	return strings.Join(rest, ","), found
}

func (v *verified) expect(algorithm string, encode func([]byte) string, want string, failed func(string) *Error) {
	v.checks = append(v.checks, check{algorithm: algorithm, encode: encode, want: want, failed: failed})
}

func (v *verified) expectMD5(h http.Header) error {
	values, given := h["Content-Md5"]
	if !given {
		return nil
	}
	raw, err := base64.StdEncoding.DecodeString(values[0])
	if err != nil || len(raw) != md5.Size {
		return refuse(http.StatusBadRequest, "InvalidDigest", "The Content-MD5 you specified was invalid.")
	}
	v.expect("MD5", base64.StdEncoding.EncodeToString, values[0], otherMD5)
	return nil
}

// expectChecksum takes the one additional checksum, of a header or a trailer.
func (v *verified) expectChecksum(h http.Header, trailers map[string]string) error {
	given, err := checksumIn(h)
	if err != nil {
		return err
	}
	if given != nil {
		v.checksum = given
		v.expect(given.Algorithm, base64.StdEncoding.EncodeToString, given.Value, badDigest)
		return nil
	}
	trailer := strings.ToLower(strings.TrimSpace(h.Get("X-Amz-Trailer")))
	algorithm := checksumOf(trailer)
	if unknownChecksum(trailer) {
		return invalidRequest("The value specified in the x-amz-trailer header is not supported")
	}
	if algorithm == "" {
		return nil
	}
	v.checksum = &Checksum{Algorithm: algorithm}
	v.checks = append(v.checks, check{algorithm: algorithm, encode: base64.StdEncoding.EncodeToString, failed: badDigest, trailer: func() (string, error) {
		v.checksum.Value = trailers[trailer]
		if !v.checksum.valid() {
			return "", refuse(http.StatusBadRequest, "MalformedTrailerError", "The request contained trailing data that was not well-formed or did not conform to our published schema.")
		}
		return v.checksum.Value, nil
	}})
	return nil
}

// checksumIn is the one checksum among the headers, nil if there is none.
func checksumIn(h http.Header) (*Checksum, error) {
	var given *Checksum
	for name, values := range h {
		algorithm := checksumOf(name)
		if algorithm == "" {
			if unknownChecksum(name) {
				return nil, invalidRequest("The algorithm type you specified in x-amz-checksum- header is invalid.")
			}
			continue
		}
		if given != nil {
			return nil, invalidRequest("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")
		}
		given = &Checksum{algorithm, values[0]}
		plain, _, _ := strings.Cut(given.Value, "-")
		if !(Checksum{algorithm, plain}).valid() {
			return nil, invalidRequest("Value for %s header is invalid.", strings.ToLower(checksumHeaders[algorithm]))
		}
	}
	return given, nil
}

// Read implements io.Reader. At the end it answers *Error if a check fails.
func (v *verified) Read(p []byte) (int, error) {
	if v.ended != nil {
		return 0, v.ended
	}
	n, err := v.from.Read(p)
	for i := range v.checks {
		v.checks[i].write(p[:n])
	}
	if err == nil {
		return n, nil
	}
	v.ended = err
	if err != io.EOF {
		return n, err
	}
	for i := range v.checks {
		if err := v.checks[i].compare(); err != nil {
			v.ended = err
			return n, err
		}
	}
	return n, io.EOF
}

// Close implements io.Closer.
func (v *verified) Close() error { return nil }

func (c *check) write(p []byte) {
	if c.sum == nil {
		c.sum = newChecksum(c.algorithm)
	}
	c.sum.Write(p)
}

// compare is the error of a body that is not what was said of it.
func (c *check) compare() error {
	if c.trailer != nil {
		want, err := c.trailer()
		if err != nil {
			return err
		}
		c.want = want
	}
	if c.want != c.encode(c.sum.Sum(nil)) {
		return c.failed(c.algorithm)
	}
	return nil
}

// small reads a body of at most 1 MiB, which is a document.
func (v *verified) small() ([]byte, error) { return v.document(1 << 20) }

// document reads a body of at most so many bytes.
func (v *verified) document(most int64) ([]byte, error) {
	var b bytes.Buffer
	n, err := io.Copy(&b, io.LimitReader(v, most+1))
	if err != nil {
		return nil, reading(err)
	}
	if n > most {
		return nil, malformedXML()
	}
	return b.Bytes(), nil
}
