package signature

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
)

// What S3's clients sign instead of the body's hash.
const (
	unsignedPayload  = "UNSIGNED-PAYLOAD"
	unsignedTrailer  = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
	chunksAlone      = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
	chunksAndTrailer = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
)

func signedChunks(payload string) bool { return payload == chunksAlone || payload == chunksAndTrailer }

const (
	// mostBody is the largest body of a service but S3: a mail of 40 MB in base64,
	// and more.
	mostBody = 64 << 20
	// mostHeld is the largest body of S3 that is hashed before it goes on. All
	// documents are smaller; S3 compares the hash of what is larger itself.
	mostHeld = 2 << 20
)

// payloadOf is the last line of the canonical request. Where that is the body's
// hash, the body was read, has it, and can be read again.
func (c *claim) payloadOf(r *http.Request, service Service) (string, *Refusal) {
	if !service.Objects {
		return c.wholeBody(r)
	}
	payload := c.payload
	if header := r.Header.Get("X-Amz-Content-Sha256"); payload == "" && c.presigned {
		payload = header
	}
	switch payload {
	case "":
		if c.presigned {
			return unsignedPayload, nil
		}
		return "", refuse(WrongPayload, "Missing required header for this request: x-amz-content-sha256")
	case unsignedPayload, unsignedTrailer, chunksAlone, chunksAndTrailer:
		return payload, nil
	}
	if raw, err := hex.DecodeString(payload); err != nil || len(raw) != sha256.Size {
		return "", refuse(WrongPayload, "x-amz-content-sha256 must be %s, %s, %s, %s or a valid sha256 value.", unsignedPayload, unsignedTrailer, chunksAlone, chunksAndTrailer)
	}
	if r.ContentLength < 0 || r.ContentLength > mostHeld {
		return payload, nil
	}
	sum, refused := hold(r, mostHeld)
	if refused != nil {
		return "", refused
	}
	return payload, same(payload, sum)
}

// wholeBody hashes the body, whatever the request says of it.
func (c *claim) wholeBody(r *http.Request) (string, *Refusal) {
	sum, refused := hold(r, mostBody)
	if refused != nil || c.payload == "" {
		return sum, refused
	}
	return c.payload, same(c.payload, sum)
}

func same(said, sum string) *Refusal {
	if subtle.ConstantTimeCompare([]byte(said), []byte(sum)) != 1 {
		return refuse(WrongPayload, "The provided 'x-amz-content-sha256' header does not match what was computed.")
	}
	return nil
}

// hold reads the body into memory, and is its hash.
func hold(r *http.Request, most int64) (string, *Refusal) {
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, most))
	if err != nil {
		if _, long := errors.AsType[*http.MaxBytesError](err); long {
			return "", refuse(WrongPayload, "The body is longer than %d bytes.", most)
		}
		return "", refuse(WrongPayload, "The body could not be read to its end.")
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return digest(body), nil
}
