package endpoint

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"sluice/internal/local/apigateway"
)

// told answers with what the function was told of its caller and its body.
type functions struct{}

// Invoke implements apigateway.Invoker.
func (functions) Invoke(_ context.Context, function string, event []byte) ([]byte, error) {
	var e struct {
		Body    string
		Context struct {
			Authorizer *struct{ IAM struct{ AccessKey string } }
		} `json:"requestContext"`
	}
	if err := json.Unmarshal(event, &e); err != nil {
		return nil, err
	}
	caller := "nobody"
	if a := e.Context.Authorizer; a != nil {
		caller = a.IAM.AccessKey
	}
	return json.Marshal(map[string]any{"statusCode": 200, "body": function + " for " + caller + ": " + e.Body})
}

// api is an HTTP API with routes of each kind.
func api(t *testing.T, cors apigateway.CORS) *apigateway.API {
	t.Helper()
	a, err := apigateway.New(apigateway.Config{
		Routes:  map[string]string{"POST /requests": "api", "GET /requests/{id}": "api", "GET /reports/{token}": "links", "POST /unsubscribe/{token}": "links"},
		Public:  func(key string) bool { return strings.HasSuffix(key, "/{token}") },
		Invoker: functions{}, AccessKey: "local", CORS: cors,
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestTheHTTPAPIHasItsRoutesAndS3TheRest(t *testing.T) {
	s := startWith(t, "", api(t, apigateway.CORS{Origins: []string{"http://localhost:3000"}}))
	presigned, err := s3.NewPresignClient(s3.NewFromConfig(s.config, func(o *s3.Options) { o.UsePathStyle = true })).
		PresignGetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("requests"), Key: aws.String("a")})
	if err != nil {
		t.Fatal(err)
	}
	form := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	page := map[string]string{"Origin": "http://localhost:3000", "Content-Type": "application/json"}
	cases := []struct {
		name, method, path string
		headers            map[string]string
		body               string
		status             int
		says               string
	}{
		{"a route", "POST", "/requests", nil, "hello", 200, "api for local: "},
		{"a public route", "GET", "/reports/abc", nil, "", 200, "links for nobody: "},
		{"a form", "POST", "/unsubscribe/abc", form, "List-Unsubscribe=One-Click", 200, "links for nobody: "},
		{"below a route", "GET", "/requests/a/b", nil, "", 404, `{"message":"Not Found"}`},
		{"a method that has no route", "PUT", "/requests", nil, "", 404, `{"message":"Not Found"}`},
		{"signed for it", "GET", "/nowhere", signed("execute-api"), "", 404, `{"message":"Not Found"}`},
		{"a bucket that is called so, signed", "GET", "/requests/a", signed("s3"), "", 404, "NoSuchBucket"},
		{"a bucket that is called so, in an older way", "GET", "/requests/a", map[string]string{"Authorization": "AWS key:signature"}, "", 404, "NoSuchBucket"},
		{"a bucket that is called so, presigned", "GET", strings.TrimPrefix(presigned.URL, s.url), nil, "", 404, "NoSuchBucket"},
		{"another bucket", "GET", "/sluice-local/reports/a", nil, "", 404, "NoSuchBucket"},
		{"a bucket in the host", "GET", "/requests/a", map[string]string{"Host": "bucket.localhost"}, "", 404, "NoSuchBucket"},
		{"the list of buckets", "GET", "/", nil, "", 200, "ListAllMyBucketsResult"},
		{"another service on its path", "POST", "/requests", map[string]string{"X-Amz-Target": "AmazonSQS.ListQueues"}, "{}", 200, "{"},
		{"a page that may", "POST", "/requests", page, "{}", 200, "api for local"},
		{"its preflight", "OPTIONS", "/requests", map[string]string{"Origin": "http://localhost:3000", "Access-Control-Request-Method": "POST"}, "", 204, ""},
		{"the page elsewhere", "PUT", "/sluice-local/x", page, "{}", 403, "origins"},
		{"the page to another service", "POST", "/requests", map[string]string{"Origin": "http://localhost:3000", "X-Amz-Target": "AmazonSQS.ListQueues"}, "{}", 403, "origins"},
		{"another page", "POST", "/requests", map[string]string{"Origin": "http://evil.example"}, "{}", 403, "origins"},
		{"a link that is clicked on another page", "GET", "/reports/abc", map[string]string{"Sec-Fetch-Site": "cross-site"}, "", 200, "links"},
	}
	for _, c := range cases {
		if status, body := s.ask(t, c.method, c.path, c.headers, c.body); status != c.status || !strings.Contains(body, c.says) {
			t.Errorf("%s: %d %s", c.name, status, body)
		}
	}
}

func TestWhoSignsIsLetIntoTheHTTPAPI(t *testing.T) {
	url := guardedEndpointWith(t, api(t, apigateway.CORS{}))
	call := func(service, method, path, key, secret, body string, turn func(*http.Request)) (int, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "text/plain")
		if key != "" {
			c, err := as(url, key, secret).Credentials.Retrieve(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			sum := sha256.Sum256([]byte(body))
			if err := v4.NewSigner().SignHTTP(t.Context(), c, r, hex.EncodeToString(sum[:]), service, "us-east-1", time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		turn(r)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, string(text)
	}
	as := func(*http.Request) {}
	forged := func(r *http.Request) { r.Body = io.NopCloser(bytes.NewReader([]byte("hellO"))) }
	target := func(r *http.Request) { r.Header.Set("X-Amz-Target", "AmazonSQS.ListQueues") }
	const forbidden = `{"message":"Forbidden"}`
	cases := []struct {
		name, service, method, path, key, secret, body string
		turn                                           func(*http.Request)
		status                                         int
		says                                           string
	}{
		{"the caller", "execute-api", "POST", "/requests", callerKey, callerSecret, "hello", as, 200, "api for " + callerKey + ": hello"},
		{"an escaped path", "execute-api", "GET", "/requests/a%20b", callerKey, callerSecret, "", as, 200, "api"},
		{"nobody", "", "POST", "/requests", "", "", "hello", as, 403, forbidden},
		{"a stranger", "execute-api", "POST", "/requests", "AKIAOTHER", "x", "hello", as, 403, forbidden},
		{"an impostor", "execute-api", "POST", "/requests", callerKey, "x", "hello", as, 403, forbidden},
		{"another body", "execute-api", "POST", "/requests", callerKey, callerSecret, "hello", forged, 403, forbidden},
		{"another service", "sqs", "POST", "/requests", callerKey, callerSecret, "hello", as, 403, forbidden},
		{"a public route", "", "GET", "/reports/abc", "", "", "", as, 200, "links for nobody"},
		{"no route", "", "GET", "/requests/a/b", "", "", "", as, 404, "Not Found"},
		{"a public route's path to another service", "", "GET", "/reports/abc", "", "", "", target, 403, "MissingAuthenticationToken"},
	}
	for _, c := range cases {
		if status, body := call(c.service, c.method, c.path, c.key, c.secret, c.body, c.turn); status != c.status || !strings.Contains(body, c.says) {
			t.Errorf("%s: %d %s", c.name, status, body)
		}
	}
}
