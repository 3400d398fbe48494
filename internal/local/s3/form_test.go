package s3

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"sluice/internal/local/disk"
)

// form is the body of a form and its type; the file comes last.
func form(t *testing.T, fields map[string]string, file string) (io.Reader, string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, value := range fields {
		if err := w.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	part, err := w.CreateFormFile("file", "a.txt")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(part, file); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &b, w.FormDataContentType()
}

func (m *machine) post(t *testing.T, fields map[string]string, file string) (*http.Response, string) {
	t.Helper()
	body, kind := form(t, fields, file)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Post(m.url+"/"+testBucket, kind, body)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(raw)
}

// policyOf is the field of a policy that ends after the time.
func policyOf(t *testing.T, ends time.Duration, conditions ...any) string {
	t.Helper()
	raw, err := json.Marshal(map[string]any{"expiration": time.Now().Add(ends).UTC().Format(time.RFC3339), "conditions": conditions})
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(raw)
}

func TestPostObject(t *testing.T) {
	m := inMemory(t)
	usual := []any{map[string]string{"bucket": testBucket}, []string{"starts-with", "$key", "in/"}, []any{"content-length-range", 2, 10}}
	cases := []struct {
		name   string
		fields map[string]string
		file   string
		status int
		says   string
	}{
		{"no answer is asked for", map[string]string{"key": "in/${filename}", "policy": policyOf(t, time.Hour, usual...), "x-amz-signature": "0", "x-ignore-me": "1"}, "hello", 204, ""},
		{"a document", map[string]string{"key": "in/b", "success_action_status": "201", "policy": policyOf(t, time.Hour, append(usual, map[string]string{"success_action_status": "201"})...)},
			"hello", 201, "<PostResponse><Location>http://"},
		{"a policy that is over", map[string]string{"key": "in/c", "policy": policyOf(t, -time.Hour, usual...)}, "hello", 403, "Policy expired"},
		{"another key", map[string]string{"key": "out/c", "policy": policyOf(t, time.Hour, usual...)}, "hello", 403, "Policy Condition failed"},
		{"another value", map[string]string{"key": "in/c", "acl": "private", "policy": policyOf(t, time.Hour, append(usual, []string{"eq", "$acl", "public-read"})...)}, "hello", 403, "Policy Condition failed"},
		{"a field beside the policy", map[string]string{"key": "in/c", "acl": "private", "policy": policyOf(t, time.Hour, usual...)}, "hello", 403, "Extra input fields: acl"},
		{"an operator that is none", map[string]string{"key": "in/c", "policy": policyOf(t, time.Hour, append(usual, []string{"like", "$key", ""})...)}, "hello", 403, "Policy Condition failed"},
		{"no policy's text", map[string]string{"key": "in/c", "policy": "e30"}, "hello", 400, "InvalidPolicyDocument"},
		{"a broken condition", map[string]string{"key": "in/c", "policy": policyOf(t, time.Hour, 7)}, "hello", 400, "InvalidPolicyDocument"},
		{"a small file", map[string]string{"key": "in/c", "policy": policyOf(t, time.Hour, usual...)}, "h", 400, "EntityTooSmall"},
		{"a large file", map[string]string{"key": "in/c", "policy": policyOf(t, time.Hour, usual...)}, "hello, hello", 400, "EntityTooLarge"},
		{"no key", map[string]string{"policy": policyOf(t, time.Hour)}, "hello", 400, "must contain a field named"},
		{"a wrong checksum", map[string]string{"key": "in/c", "x-amz-checksum-crc32": "AAAAAA=="}, "hello", 400, "BadDigest"},
		{"leave for others", map[string]string{"key": "in/c", "acl": "public-read"}, "hello", 400, "AccessControlListNotSupported"},
		{"too many fields", map[string]string{"key": "in/c", "x-amz-meta-a": strings.Repeat("a", 21<<10)}, "hello", 400, "MaxPostPreDataLengthExceeded"},
	}
	for _, c := range cases {
		response, body := m.post(t, c.fields, c.file)
		if response.StatusCode != c.status || !strings.Contains(body, c.says) {
			t.Errorf("%s: %d %s", c.name, response.StatusCode, body)
		}
	}
	if m.read(t, "in/a.txt") != "hello" || m.read(t, "in/b") != "hello" || m.read(t, "in/c") != "<NoSuchKey>" {
		t.Errorf("read %q, %q, %q", m.read(t, "in/a.txt"), m.read(t, "in/b"), m.read(t, "in/c"))
	}
	if status, code := m.send(t, http.MethodPost, "/"+testBucket, "x", map[string]string{"Content-Type": "text/plain"}); status != 412 || code != "PreconditionFailed" {
		t.Errorf("no form: %d %s", status, code)
	}
	if status, code := m.send(t, http.MethodPost, "/"+testBucket, "--x--", map[string]string{"Content-Type": "multipart/form-data; boundary=x"}); status != 400 || code != "InvalidArgument" {
		t.Errorf("a form of nothing: %d %s", status, code)
	}
}

func TestWhatAFormSaysOfItsObject(t *testing.T) {
	m := inMemory(t)
	response, body := m.post(t, map[string]string{"key": "k", "Content-Type": "text/css", "Cache-Control": "no-store", "x-amz-meta-who": "form",
		"tagging": "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>", "success_action_redirect": "http://127.0.0.1:1/done?x=1"}, "hello")
	want := "http://127.0.0.1:1/done?bucket=a-bucket&etag=%225d41402abc4b2a76b9719d911017c592%22&key=k&x=1"
	if response.StatusCode != http.StatusSeeOther || response.Header.Get("Location") != want {
		t.Errorf("%d %s, want %s: %s", response.StatusCode, response.Header.Get("Location"), want, body)
	}
	head, err := m.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String(testBucket), Key: aws.String("k")})
	if err != nil || *head.ContentType != "text/css" || *head.CacheControl != "no-store" || !maps.Equal(head.Metadata, map[string]string{"who": "form"}) || aws.ToInt32(head.TagCount) != 1 {
		t.Errorf("%+v, %v", head, err)
	}
}

// Whatever form comes is answered with a status of S3's, and never ends the machine.
func FuzzPostObject(f *testing.F) {
	policy := base64.StdEncoding.EncodeToString([]byte(`{"expiration":"2099-01-01T00:00:00Z","conditions":[["starts-with","$key",""],{"a":"b"}]}`))
	f.Add("--x\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nk\r\n--x\r\nContent-Disposition: form-data; name=\"policy\"\r\n\r\n" + policy +
		"\r\n--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"../a\"\r\n\r\nhello\r\n--x--\r\n")
	f.Add("--x\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nk")
	state, err := New(disk.Memory(), "", Config{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = state.Close() })
	if err := state.CreateBucket(f.Context(), testBucket); err != nil {
		f.Fatal(err)
	}
	handler := Handler(state)
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequest(http.MethodPost, "/"+testBucket, strings.NewReader(body))
		r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code >= 500 && w.Code != http.StatusNotImplemented {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	})
}
