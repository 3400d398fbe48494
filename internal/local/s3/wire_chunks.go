package s3

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// chunkReader decodes a body of Content-Encoding aws-chunked:
//
//	<hex size>[;chunk-signature=…]\r\n<data>\r\n … 0[;…]\r\n<trailer>:<value>\r\n … \r\n
//
// as in https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html.
type chunkReader struct {
	from     *bufio.Reader
	left     int64 // of the chunk at hand
	inside   bool  // a chunk was begun
	trailers map[string]string
	err      error
}

const (
	mostChunk     = 1 << 30
	mostTrailers  = 16
	mostChunkLine = 4 << 10
)

// newChunkReader puts the trailers, with lower-case names, into the map before it
// answers io.EOF.
func newChunkReader(r io.Reader, trailers map[string]string) *chunkReader {
	return &chunkReader{from: bufio.NewReaderSize(r, mostChunkLine), trailers: trailers}
}

func malformedChunks() *Error {
	return refuse(http.StatusBadRequest, "InvalidRequest", "The aws-chunked body is not well-formed.")
}

// Read implements io.Reader.
func (r *chunkReader) Read(p []byte) (int, error) {
	if r.err == nil && r.left == 0 {
		r.err = r.next()
	}
	if r.err != nil || len(p) == 0 {
		return 0, r.err
	}
	n, err := r.from.Read(p[:min(int64(len(p)), r.left)])
	r.left -= int64(n)
	if errors.Is(err, io.EOF) {
		err = incompleteBody()
	}
	r.err = err
	return n, nil
}

// next reads to the data of the next chunk, or to the end of the body.
func (r *chunkReader) next() error {
	if r.inside {
		if line, err := r.line(); err != nil || line != "" {
			return orElse(err, malformedChunks())
		}
	}
	line, err := r.line()
	if err != nil {
		return err
	}
	hex, _, _ := strings.Cut(line, ";")
	r.left, err = strconv.ParseInt(strings.TrimSpace(hex), 16, 64)
	if err != nil || r.left < 0 || r.left > mostChunk {
		r.left = 0
		return malformedChunks()
	}
	r.inside = true
	if r.left > 0 {
		return nil
	}
	return r.end()
}

// end reads the trailers.
func (r *chunkReader) end() error {
	for range mostTrailers {
		line, err := r.line()
		if errors.Is(err, io.ErrUnexpectedEOF) || err == nil && line == "" {
			return io.EOF // some clients leave the last line out
		}
		if err != nil {
			return err
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return malformedChunks()
		}
		r.trailers[strings.ToLower(strings.TrimSpace(name))] = strings.TrimSpace(value)
	}
	return malformedChunks()
}

// line reads a line without its end; io.ErrUnexpectedEOF if there is none.
func (r *chunkReader) line() (string, error) {
	raw, err := r.from.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return "", malformedChunks()
	case errors.Is(err, io.EOF):
		return "", io.ErrUnexpectedEOF
	case err != nil:
		return "", err
	}
	return strings.TrimRight(string(raw), "\r\n"), nil
}

func orElse(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}
