package signature

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// No request makes the verifier panic or hang, and none that AWS's examples did
// not sign is let in.
func FuzzVerify(f *testing.F) {
	for _, raw := range examples {
		f.Add(raw)
	}
	f.Add(chunkedExample(func(body string) string { return body[:200] }))
	v := New(func() time.Time { return exampleTime }, example)
	f.Fuzz(func(t *testing.T, raw string) {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw)))
		if err != nil {
			return
		}
		for _, service := range []Service{objectService, {Name: "sqs"}} {
			if v.Verify(r, service) != nil {
				continue
			}
			if service.Name != "s3" {
				t.Error("a signature for S3 was taken for another service's")
			}
			_, _ = io.Copy(io.Discard, r.Body)
		}
	})
}

// Of a body that was not signed chunk by chunk nothing but the data of one chunk
// goes on, and never an end.
func FuzzChunks(f *testing.F) {
	for _, e := range chunkedExamples {
		e.make(func(body string) string { f.Add(body, true); f.Add(body[60000:], false); return body })
	}
	f.Add("5;chunk-signature=00\r\nhello\r\n0;chunk-signature=00\r\n\r\n", false)
	f.Add("0;chunk-signature=\r\n\r\n", true)
	f.Fuzz(func(t *testing.T, body string, trailer bool) {
		c := newChunks(io.NopCloser(strings.NewReader(body)), chain{key: []byte("unknown"), last: strings.Repeat("0", 64)}, trailer)
		got, err := io.ReadAll(c)
		if err == nil {
			t.Errorf("a body was taken to its end: %q", got)
		}
		if len(got) > len(body) {
			t.Errorf("%d bytes became %d", len(body), len(got))
		}
	})
}
