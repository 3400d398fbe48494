package signature

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The worked examples of AWS's own pages, with their keys, dates and signatures.

var example = Credential{AccessKey: "AKIAIOSFODNN7EXAMPLE", SecretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}

var exampleTime = time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC)

var objectService = Service{Name: "s3", Objects: true}

// parsed is a request as the server gets it.
func parsed(t testing.TB, raw string) *http.Request {
	t.Helper()
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw)))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

const scopeOfExample = "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request"

// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
var examples = map[string]string{
	"GET object": "GET /test.txt HTTP/1.1\r\nHost: examplebucket.s3.amazonaws.com\r\nRange: bytes=0-9\r\nx-amz-content-sha256: " + emptyHash +
		"\r\nx-amz-date: 20130524T000000Z\r\nAuthorization: AWS4-HMAC-SHA256 " + scopeOfExample +
		",SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41\r\n\r\n",
	"PUT object": "PUT /test$file.text HTTP/1.1\r\nHost: examplebucket.s3.amazonaws.com\r\nDate: Fri, 24 May 2013 00:00:00 GMT\r\nx-amz-date: 20130524T000000Z\r\n" +
		"x-amz-storage-class: REDUCED_REDUNDANCY\r\nContent-Length: 21\r\nx-amz-content-sha256: 44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072\r\n" +
		"Authorization: AWS4-HMAC-SHA256 " + scopeOfExample + ",SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class," +
		"Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd\r\n\r\nWelcome to Amazon S3.",
	"GET lifecycle": "GET /?lifecycle HTTP/1.1\r\nHost: examplebucket.s3.amazonaws.com\r\nx-amz-date: 20130524T000000Z\r\nx-amz-content-sha256: " + emptyHash +
		"\r\nAuthorization: AWS4-HMAC-SHA256 " + scopeOfExample +
		",SignedHeaders=host;x-amz-content-sha256;x-amz-date,Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543\r\n\r\n",
	"list": "GET /?max-keys=2&prefix=J HTTP/1.1\r\nHost: examplebucket.s3.amazonaws.com\r\nx-amz-date: 20130524T000000Z\r\nx-amz-content-sha256: " + emptyHash +
		"\r\nAuthorization: AWS4-HMAC-SHA256 " + scopeOfExample +
		",SignedHeaders=host;x-amz-content-sha256;x-amz-date,Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7\r\n\r\n",
	"presigned": "GET /test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z" +
		"&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404 HTTP/1.1\r\nHost: examplebucket.s3.amazonaws.com\r\n\r\n",
}

func TestTheExamplesOfAWSAreLetIn(t *testing.T) {
	v := New(func() time.Time { return exampleTime }, example)
	for name, raw := range examples {
		r := parsed(t, raw)
		if refused := v.Verify(r, objectService); refused != nil {
			t.Errorf("%s: %v\n%s\n%s", name, refused, refused.StringToSign, refused.Canonical)
		}
		if name == "PUT object" {
			if body, err := io.ReadAll(r.Body); err != nil || string(body) != "Welcome to Amazon S3." {
				t.Errorf("%s: the body that goes on is %q, %v", name, body, err)
			}
		}
	}
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
func chunkedExample(change func(string) string) string {
	return "PUT /examplebucket/chunkObject.txt HTTP/1.1\r\nHost: s3.amazonaws.com\r\nx-amz-date: 20130524T000000Z\r\nx-amz-storage-class: REDUCED_REDUNDANCY\r\n" +
		"Authorization: AWS4-HMAC-SHA256 " + scopeOfExample + ",SignedHeaders=content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class," +
		"Signature=4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9\r\n" +
		"x-amz-content-sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD\r\nContent-Encoding: aws-chunked\r\nx-amz-decoded-content-length: 66560\r\nContent-Length: 66824\r\n\r\n" +
		change("10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n"+strings.Repeat("a", 65536)+
			"\r\n400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n"+strings.Repeat("a", 1024)+
			"\r\n0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n")
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
func trailerExample(change func(string) string) string {
	body := "10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2\r\n" + strings.Repeat("a", 65536) +
		"\r\n400;chunk-signature=1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7\r\n" + strings.Repeat("a", 1024) +
		"\r\n0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n" +
		"x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n"
	return "PUT /examplebucket/chunkObject.txt HTTP/1.1\r\nHost: s3.amazonaws.com\r\nx-amz-date: 20130524T000000Z\r\nx-amz-storage-class: REDUCED_REDUNDANCY\r\n" +
		"Authorization: AWS4-HMAC-SHA256 " + scopeOfExample + ",SignedHeaders=content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer," +
		"Signature=106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e\r\nx-amz-trailer: x-amz-checksum-crc32c\r\n" +
		"x-amz-content-sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER\r\nContent-Encoding: aws-chunked\r\nx-amz-decoded-content-length: 66560\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" +
		change(body)
}

// Bytes are exchanged here, none is added or left out: the length is signed.
var chunkedExamples = map[string]struct {
	make    func(change func(string) string) string
	changes map[string][2]string
}{
	"chunks": {chunkedExample, map[string][2]string{
		"a byte of the first chunk": {"a\r\n400", "b\r\n400"}, "a byte of the second": {"a\r\n0;", "b\r\n0;"},
		"the first signature": {"=ad80", "=bd80"}, "the last": {"=b6c6", "=c6c6"}, "a shorter chunk": {"\r\n400;", "\r\n3ff;"}, "no number": {"10000;", "1000x;"},
	}},
	"chunks and trailer": {trailerExample, map[string][2]string{
		"a byte of the second": {"a\r\n0;", "b\r\n0;"}, "the trailer": {"sOO8", "tOO8"}, "its signature": {":d81f", ":e81f"}, "its name": {"crc32c:", "crc32d:"},
	}},
}

func TestTheExamplesOfChunksAreLetInUnchanged(t *testing.T) {
	v := New(func() time.Time { return exampleTime }, example)
	for name, e := range chunkedExamples {
		var sent string
		r := parsed(t, e.make(func(body string) string { sent = body; return body }))
		if refused := v.Verify(r, objectService); refused != nil {
			t.Fatalf("%s: %v\n%s\n%s", name, refused, refused.StringToSign, refused.Canonical)
		}
		if got, err := io.ReadAll(r.Body); err != nil || string(got) != sent {
			t.Errorf("%s: %d bytes of %d went on, %v", name, len(got), len(sent), err)
		}
		for what, change := range e.changes {
			r := parsed(t, e.make(func(body string) string { return strings.Replace(body, change[0], change[1], 1) }))
			if refused := v.Verify(r, objectService); refused != nil {
				t.Fatalf("%s, %s: %v", name, what, refused)
			}
			got, err := io.ReadAll(r.Body)
			if _, is := errors.AsType[*Refusal](err); !is {
				t.Errorf("%s, %s: %v", name, what, err)
			}
			if strings.Contains(string(got), "\r\n0;") {
				t.Errorf("%s, %s: the end went on", name, what)
			}
		}
	}
}
