package s3

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"sluice/internal/local/disk"
)

// No body makes the decoder panic, hang, or give more than was sent.
func FuzzChunkedBodies(f *testing.F) {
	for _, body := range []string{"5\r\nhello\r\n0\r\n\r\n", "0\r\n", "", "ffffffffffffffff\r\n", "1;a=b\r\nx\r\n0\r\na:b\r\n\r\n", "\n\n\n", "5\r\nhelloXX"} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		out, err := io.ReadAll(newChunkReader(strings.NewReader(body), map[string]string{}))
		if len(out) > len(body) {
			t.Fatalf("%d bytes of %d, %v", len(out), len(body), err)
		}
	})
}

// No Range gives bytes that are not there.
func FuzzRanges(f *testing.F) {
	for _, header := range []string{"bytes=0-1", "bytes=-1", "bytes=9-", "bytes=--1", "bytes=99999999999999999999-", "x"} {
		f.Add(header, int64(10))
	}
	f.Fuzz(func(t *testing.T, header string, size int64) {
		if size < 0 {
			return
		}
		from, length, partial, ok := parseRange(header, size)
		if ok && (from < 0 || length < 0 || from+length > size || partial && length == 0) {
			t.Fatalf("%q of %d: %d, %d", header, size, from, length)
		}
	})
}

// No request makes the wire panic.
func FuzzRequests(f *testing.F) {
	f.Add("GET", "/a-bucket?list-type=2&max-keys=-1", "", "")
	f.Add("PUT", "/a-bucket/k?partNumber=1&uploadId=x", "body", "bytes=1-2")
	f.Add("POST", "/a-bucket?delete", "<Delete><Object><Key>k</Key></Object></Delete>", "")
	f.Add("POST", "/a-bucket/k?uploadId=x", "<CompleteMultipartUpload/>", "")
	f.Add("PUT", "/a-bucket?notification", "<NotificationConfiguration/>", "")
	f.Add("OPTIONS", "//", "", "")
	state, err := New(disk.Memory(), "", Config{})
	if err != nil {
		f.Fatal(err)
	}
	if err := state.CreateBucket(f.Context(), testBucket); err != nil {
		f.Fatal(err)
	}
	handler := Handler(state)
	f.Fuzz(func(t *testing.T, method, target, body, header string) {
		request, err := http.NewRequest(method, "http://127.0.0.1/"+strings.TrimPrefix(target, "/"), strings.NewReader(body))
		if err != nil {
			return
		}
		for _, name := range []string{"Range", "If-Match", "x-amz-copy-source", "x-amz-trailer", "x-amz-copy-source-range"} {
			request.Header.Set(name, header)
		}
		handler.ServeHTTP(httptest.NewRecorder(), request)
	})
}
