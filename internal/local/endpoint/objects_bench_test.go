package endpoint

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// The requests that the pipeline makes of S3 for each record, over a connection of
// loopback. They are written and read as bytes, so that what is measured is the
// endpoint's and not a client's.
func BenchmarkObjects(b *testing.B) {
	body := []byte(`{"text":"` + strings.Repeat("a word of an answer ", 34) + `"}`)
	for _, one := range []struct {
		name, method string
		there        bool
		status       int
	}{
		{"GetAbsent", http.MethodGet, false, http.StatusNotFound},
		{"Put", http.MethodPut, false, http.StatusOK},
		{"Get", http.MethodGet, true, http.StatusOK},
	} {
		b.Run(one.name, func(b *testing.B) {
			w := connect(b)
			w.exchange(b, asked(http.MethodPut, "answers/there", body), http.StatusOK)
			id := make([]byte, 0, 64)
			request := asked(one.method, "answers/there", body)
			if !one.there {
				request = asked(one.method, "answers/"+strings.Repeat("0", cap(id)), body)
			}
			at := bytes.Index(request, []byte("/answers/")) + len("/answers/")
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				if !one.there {
					copy(request[at:], fmt.Appendf(id[:0], "%064x", n))
				}
				w.exchange(b, request, one.status)
			}
		})
	}
}

// asked is a request as the AWS SDK for Go writes it.
func asked(method, key string, body []byte) []byte {
	var b bytes.Buffer
	lines := []string{"Host: 127.0.0.1:4566", "Accept-Encoding: identity", "Amz-Sdk-Invocation-Id: 5f8d4c1e-3b0a-4f0e-9c55-0a7d1f2e3b4c", "Amz-Sdk-Request: attempt=1; max=3",
		"Authorization: AWS4-HMAC-SHA256 Credential=analyze/20260101/us-east-1/s3/aws4_request, " +
			"SignedHeaders=accept-encoding;amz-sdk-invocation-id;amz-sdk-request;host;x-amz-content-sha256;x-amz-date, Signature=" + strings.Repeat("0", 64),
		"User-Agent: aws-sdk-go-v2/1.48.0 ua/2.1 os/linux lang/go#1.26.0 md/GOOS#linux md/GOARCH#amd64 api/s3#1.114.9 m/E,e", "X-Amz-Date: 20260101T000000Z"}
	operation := "GetObject"
	if method == http.MethodPut {
		operation = "PutObject"
		crc := base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(body)))
		lines = append(lines, "Content-Length: "+strconv.Itoa(len(body)), "Content-Type: application/json", "If-None-Match: *",
			"X-Amz-Checksum-Crc32: "+crc, "X-Amz-Sdk-Checksum-Algorithm: CRC32")
	} else {
		lines = append(lines, "X-Amz-Checksum-Mode: ENABLED")
		body = nil
	}
	lines = append(lines, fmt.Sprintf("X-Amz-Content-Sha256: %x", sha256.Sum256(body)))
	fmt.Fprintf(&b, "%s /bucket/%s?x-id=%s HTTP/1.1\r\n%s\r\n\r\n%s", method, key, operation, strings.Join(lines, "\r\n"), body)
	return b.Bytes()
}

// wire is a connection to an endpoint in memory, where the choreography's rules
// hear of objects.
type wire struct {
	net.Conn
	in *bufio.Reader
}

func connect(b *testing.B) wire {
	b.Helper()
	services := choreographed(b)
	server, err := Listen("127.0.0.1:0", services, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	if err := services.S3.CreateBucket(b.Context(), "bucket"); err != nil {
		b.Fatal(err)
	}
	if err := services.S3.SetConfig(b.Context(), "bucket", "notification", "<NotificationConfiguration><EventBridgeConfiguration/></NotificationConfiguration>"); err != nil {
		b.Fatal(err)
	}
	conn, err := (&net.Dialer{}).DialContext(b.Context(), "tcp", strings.TrimPrefix(server.URL(), "http://"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := errors.Join(conn.Close(), server.Shutdown(context.Background())); err != nil {
			b.Error(err)
		}
	})
	return wire{conn, bufio.NewReader(conn)}
}

// exchange sends a request and reads the answer to its end.
func (w wire) exchange(b *testing.B, request []byte, status int) {
	if _, err := w.Write(request); err != nil {
		b.Fatal(err)
	}
	length := 0
	for first := true; ; first = false {
		line, err := w.in.ReadSlice('\n')
		if err != nil {
			b.Fatal(err)
		}
		if first && string(line[9:12]) != strconv.Itoa(status) {
			b.Fatalf("%s in place of %d", line, status)
		}
		if value, is := bytes.CutPrefix(line, []byte("Content-Length: ")); is {
			length, _ = strconv.Atoi(string(bytes.TrimSpace(value)))
		}
		if len(line) == len("\r\n") {
			break
		}
	}
	if _, err := w.in.Discard(length); err != nil {
		b.Fatal(err)
	}
}
