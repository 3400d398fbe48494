package signature

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"strconv"
	"strings"
)

// chain signs chunk after chunk: each signature goes into the next.
type chain struct {
	key         []byte
	date, scope string
	last        string
}

// holds tells whether a signature is the next of the chain.
func (c *chain) holds(kind, given string, digests ...string) bool {
	text := strings.Join(append([]string{algorithm + "-" + kind, c.date, c.scope, c.last}, digests...), "\n")
	sum := mac(c.key, text)
	raw, err := hex.DecodeString(given)
	c.last = hex.EncodeToString(sum)
	return err == nil && hmac.Equal(raw, sum)
}

// chunks passes on a body whose chunks are signed, as it came:
//
//	<hex size>;chunk-signature=<hex>\r\n<data>\r\n … 0;chunk-signature=<hex>\r\n[<trailers>]\r\n
//
// Nothing behind the data of a chunk is passed on before its signature was found
// right, nor a trailer before that of the trailers. See
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
type chunks struct {
	body    io.Closer
	from    *bufio.Reader
	chain   chain
	trailer bool

	ready []byte // to be passed on at once
	left  int64  // of the data at hand
	sum   hash.Hash
	given string // the signature of the chunk at hand
	begun bool   // a chunk was begun
	err   error
}

const (
	mostLine     = 4 << 10
	mostTrailers = 16
	mostChunk    = 1 << 30
)

func newChunks(body io.ReadCloser, by chain, trailer bool) *chunks {
	return &chunks{body: body, from: bufio.NewReaderSize(body, mostLine), chain: by, trailer: trailer, sum: sha256.New()}
}

// Close implements io.Closer.
func (c *chunks) Close() error { return c.body.Close() }

// Read implements io.Reader.
func (c *chunks) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if len(c.ready) == 0 && c.left == 0 && c.err == nil {
		c.err = c.next()
	}
	switch {
	case len(c.ready) > 0:
		n := copy(p, c.ready)
		c.ready = c.ready[n:]
		return n, nil
	case c.left == 0 || c.err != nil:
		return 0, c.err
	}
	n, err := c.from.Read(p[:min(int64(len(p)), c.left)])
	c.sum.Write(p[:n])
	c.left -= int64(n)
	if err != nil {
		c.err = cut(err)
	}
	return n, nil
}

// next makes the line before the next chunk ready, once the chunk before it was
// found right.
func (c *chunks) next() error {
	var between []byte
	if c.begun {
		if !c.chain.holds("PAYLOAD", c.given, digest(nil), hex.EncodeToString(c.sum.Sum(nil))) {
			return changed()
		}
		line, err := c.line()
		if err != nil {
			return err
		}
		if len(bytes.TrimRight(line, "\r\n")) > 0 {
			return malformed()
		}
		between = line
	}
	line, err := c.line()
	if err != nil {
		return err
	}
	size, signature, ok := strings.Cut(strings.TrimSpace(string(line)), ";chunk-signature=")
	c.left, err = strconv.ParseInt(size, 16, 64)
	if !ok || err != nil || c.left < 0 || c.left > mostChunk {
		c.left = 0
		return malformed()
	}
	c.given, c.begun = signature, true
	c.sum.Reset()
	if c.left > 0 {
		c.ready = append(between, line...)
		return nil
	}
	return c.end(append(between, line...))
}

// end makes the rest ready: the last chunk, which is empty, and the trailers.
func (c *chunks) end(rest []byte) error {
	if !c.chain.holds("PAYLOAD", c.given, digest(nil), digest(nil)) {
		return changed()
	}
	var signed strings.Builder
	signature := ""
	for range mostTrailers {
		line, err := c.line()
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			return err
		}
		rest = append(rest, line...)
		text := strings.TrimRight(string(line), "\r\n")
		if text == "" {
			if c.trailer && !c.chain.holds("TRAILER", signature, digest([]byte(signed.String()))) {
				return changed()
			}
			c.ready = rest
			return io.EOF
		}
		name, value, _ := strings.Cut(text, ":")
		switch name = strings.ToLower(strings.TrimSpace(name)); {
		case !c.trailer || signature != "":
			return malformed()
		case name == "x-amz-trailer-signature":
			signature = strings.TrimSpace(value)
		default:
			signed.WriteString(name + ":" + strings.TrimSpace(value) + "\n")
		}
	}
	return malformed()
}

// line reads a line with its end. At the end of the body it is an
// io.ErrUnexpectedEOF, with what there was.
func (c *chunks) line() ([]byte, error) {
	raw, err := c.from.ReadSlice('\n')
	line := bytes.Clone(raw)
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return nil, malformed()
	case err != nil:
		return line, cut(err)
	}
	return line, nil
}

// cut is the error of a body that ends too early.
func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func malformed() *Refusal {
	return refuse(WrongPayload, "The aws-chunked body is not well-formed.")
}

func changed() *Refusal {
	return refuse(Mismatch, "The request signature we calculated does not match the signature you provided. Check your key and signing method.")
}
