package signature

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go/encoding/httpbinding"
	"pgregory.net/rapid"
)

// The signer of the Go SDK is the independent one here.

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

var (
	lasting   = Credential{AccessKey: "AKIA1", SecretKey: "secret/1"}
	temporary = Credential{AccessKey: "ASIA2", SecretKey: "secret+2", Token: "a/token+of=sorts"}
)

func verifier() *Verifier { return New(func() time.Time { return now }, lasting, temporary) }

// asked is a request before it is signed.
type asked struct {
	service      Service
	method, path string // path as on the wire
	query        url.Values
	header       map[string]string
	body         string
	by           Credential
	at           time.Time
	presigned    time.Duration // 0: signed in the header
}

func (a asked) payload() string {
	if a.presigned > 0 && a.service.Objects {
		return unsignedPayload
	}
	return digest([]byte(a.body))
}

// sign is the request as the server gets it.
func (a asked) sign(t rapidOrTest) *http.Request {
	r, err := http.NewRequestWithContext(context.Background(), a.method, "http://10.0.0.5:8790"+a.path, strings.NewReader(a.body))
	if err != nil {
		t.Fatal(err)
	}
	r.URL.RawQuery = strings.ReplaceAll(a.query.Encode(), "+", "%20")
	for name, value := range a.header {
		r.Header.Set(name, value)
	}
	r.ContentLength = int64(len(a.body))
	if a.service.Objects && a.presigned == 0 {
		r.Header.Set("X-Amz-Content-Sha256", a.payload())
	}
	credentials := aws.Credentials{AccessKeyID: a.by.AccessKey, SecretAccessKey: a.by.SecretKey, SessionToken: a.by.Token}
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = a.service.Objects })
	if a.presigned > 0 {
		query := r.URL.Query()
		query.Set("X-Amz-Expires", strconv.Itoa(int(a.presigned/time.Second)))
		r.URL.RawQuery = query.Encode()
		signed, header, err := signer.PresignHTTP(context.Background(), credentials, r, a.payload(), a.service.Name, "eu-west-1", a.at)
		if err != nil {
			t.Fatal(err)
		}
		if r.URL, err = url.Parse(signed); err != nil {
			t.Fatal(err)
		}
		r.Header = header
	} else if err := signer.SignHTTP(context.Background(), credentials, r, a.payload(), a.service.Name, "eu-west-1", a.at); err != nil {
		t.Fatal(err)
	}
	return sent(t, r)
}

type rapidOrTest interface{ Fatal(args ...any) }

// sent is a client's request as the server gets it.
func sent(t rapidOrTest, r *http.Request) *http.Request {
	var wire bytes.Buffer
	if err := r.Write(&wire); err != nil {
		t.Fatal(err)
	}
	got, err := http.ReadRequest(bufio.NewReader(&wire))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// someRequest draws what a client may ask.
func someRequest(t *rapid.T) asked {
	text := rapid.StringOfN(rapid.RuneFrom([]rune("aZ09-._~ +%&=;:@!$'()*,/?ạ水")), 0, 12, -1)
	service := rapid.SampledFrom([]Service{objectService, {Name: "sqs"}, {Name: "ses"}, {Name: "bedrock"}}).Draw(t, "service")
	a := asked{service: service, method: rapid.SampledFrom([]string{"GET", "PUT", "POST", "DELETE"}).Draw(t, "method"),
		path: "/" + httpbinding.EscapePath(text.Draw(t, "path"), !service.Objects), body: text.Draw(t, "body"), query: url.Values{}, header: map[string]string{},
		by: rapid.SampledFrom([]Credential{lasting, temporary}).Draw(t, "by"), at: now.Add(time.Duration(rapid.IntRange(-299, 299).Draw(t, "seconds")) * time.Second)}
	for range rapid.IntRange(0, 3).Draw(t, "query") {
		a.query.Add(text.Draw(t, "name"), text.Draw(t, "value"))
	}
	if rapid.Bool().Draw(t, "metadata") {
		a.header["X-Amz-Meta-Note"] = rapid.StringMatching(`[a-z]( {0,3}[a-z]){0,4}`).Draw(t, "note")
	}
	if rapid.Bool().Draw(t, "presigned") {
		a.presigned = time.Duration(rapid.IntRange(300, 604800).Draw(t, "life")) * time.Second
	}
	return a
}

func TestWhatTheSDKSignsIsLetIn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := someRequest(t)
		r := a.sign(t)
		if refused := verifier().Verify(r, a.service); refused != nil {
			t.Fatalf("%v\n%s\n%s", refused, refused.StringToSign, refused.Canonical)
		}
		if body, err := io.ReadAll(r.Body); err != nil || string(body) != a.body {
			t.Fatalf("the body that goes on is %q, %v", body, err)
		}
	})
}

// spoils change a signed request in one thing.
var spoils = map[string]func(*http.Request){
	"the method":          func(r *http.Request) { r.Method += "X" },
	"the path":            func(r *http.Request) { r.URL.Path += "x"; r.URL.RawPath = "" },
	"the query":           func(r *http.Request) { r.URL.RawQuery += "&acl=" },
	"the host":            func(r *http.Request) { r.Host = "elsewhere:8790" },
	"a header that came":  func(r *http.Request) { r.Header.Set("X-Amz-Copy-Source", "/other/secret") },
	"no signature":        func(r *http.Request) { r.Header.Del("Authorization"); r.URL.RawQuery = "" },
	"another key's":       func(r *http.Request) { swap(r, "AKIA1", "ASIA2"); swap(r, "ASIA2", "AKIA3") },
	"another service":     func(r *http.Request) { swap(r, "eu-west-1/", "eu-west-2/"); swap(r, "eu-west-1%2F", "eu-west-2%2F") },
	"a signature of none": func(r *http.Request) { spoilSignature(r, "") },
	"a zero signature":    func(r *http.Request) { spoilSignature(r, strings.Repeat("0", 64)) },
}

func swap(r *http.Request, from, to string) {
	r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), from, to, 1))
	r.URL.RawQuery = strings.Replace(r.URL.RawQuery, from, to, 1)
	if r.Header.Get("Authorization") == "" {
		r.Header.Del("Authorization")
	}
}

func spoilSignature(r *http.Request, to string) {
	for _, mark := range []string{"Signature=", "X-Amz-Signature="} {
		if head, _, found := strings.Cut(r.Header.Get("Authorization"), mark); found {
			r.Header.Set("Authorization", head+mark+to)
		}
		if head, _, found := strings.Cut(r.URL.RawQuery, mark); found {
			r.URL.RawQuery = head + mark + to
		}
	}
}

func TestWhatWasChangedAfterwardsIsRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := someRequest(t)
		for name, spoil := range spoils {
			r := a.sign(t)
			spoil(r)
			if verifier().Verify(r, a.service) == nil {
				t.Fatalf("%s was changed, and the request let in", name)
			}
		}
		if a.presigned > 0 && a.service.Objects {
			return // its body is not signed
		}
		r := a.sign(t)
		r.Body = io.NopCloser(strings.NewReader(a.body + "x"))
		r.ContentLength++
		if refused := verifier().Verify(r, a.service); refused == nil {
			t.Fatal("the body was changed, and the request let in")
		}
	})
}

func TestEveryRefusalHasItsReason(t *testing.T) {
	queue := Service{Name: "sqs"}
	base := asked{service: queue, method: "POST", path: "/", body: "{}", by: lasting, at: now, query: url.Values{}}
	object := base
	object.service, object.method = objectService, "GET"
	with := func(a asked, change func(*asked)) asked { change(&a); return a }
	cases := map[string]struct {
		ask    asked
		spoil  func(*http.Request)
		as     Service
		reason Why
	}{
		"nothing":                     {base, spoils["no signature"], queue, Unsigned},
		"a stranger":                  {with(base, func(a *asked) { a.by = Credential{"AKIA9", "x", ""} }), nil, queue, UnknownKey},
		"the wrong secret":            {with(base, func(a *asked) { a.by.SecretKey = "x" }), nil, queue, Mismatch},
		"no token":                    {with(base, func(a *asked) { a.by = temporary; a.by.Token = "" }), nil, queue, WrongToken},
		"a token too many":            {with(base, func(a *asked) { a.by.Token = "x" }), nil, queue, WrongToken},
		"for another service":         {base, nil, Service{Name: "events"}, WrongScope},
		"six minutes ago":             {with(base, func(a *asked) { a.at = now.Add(-6 * time.Minute) }), nil, queue, Skewed},
		"in six minutes":              {with(base, func(a *asked) { a.at = now.Add(6 * time.Minute) }), nil, queue, Skewed},
		"S3, sixteen minutes ago":     {with(object, func(a *asked) { a.at = now.Add(-16 * time.Minute) }), nil, objectService, Skewed},
		"a URL whose time is over":    {with(object, func(a *asked) { a.presigned, a.at = time.Hour, now.Add(-61*time.Minute) }), nil, objectService, Expired},
		"a URL for more than a week":  {with(object, func(a *asked) { a.presigned = 8 * 24 * time.Hour }), nil, objectService, MalformedQuery},
		"a header that is not signed": {base, func(r *http.Request) { r.Header.Set("X-Amz-Target", "AmazonSQS.DeleteQueue") }, queue, NotCovered},
		"another body":                {base, func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("[]")) }, queue, Mismatch},
		"S3, another body":            {with(object, func(a *asked) { a.method = "PUT" }), func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("[]")) }, objectService, WrongPayload},
		"S3, no hash":                 {object, func(r *http.Request) { r.Header.Del("X-Amz-Content-Sha256") }, objectService, WrongPayload},
		"both header and query":       {base, func(r *http.Request) { r.URL.RawQuery = "X-Amz-Signature=1" }, queue, Malformed},
		"half a header":               {base, func(r *http.Request) { r.Header.Set("Authorization", algorithm+" Credential=AKIA1/20261124") }, queue, Malformed},
		"another mechanism":           {base, func(r *http.Request) { r.Header.Set("Authorization", "AWS AKIA1:abc") }, queue, Unsupported},
		"a URL of version 2": {object, func(r *http.Request) {
			r.Header.Del("Authorization")
			r.URL.RawQuery = "AWSAccessKeyId=AKIA1&Signature=x&Expires=9999999999"
		}, objectService, Unsupported},
		"the day of another":              {base, func(r *http.Request) { swap(r, "/20261124/", "/20261123/") }, queue, WrongScope},
		"a query that is not well-formed": {base, func(r *http.Request) { r.URL.RawQuery = "a=%zz" }, queue, MalformedQuery},
	}
	for name, c := range cases {
		r := c.ask.sign(t)
		if c.spoil != nil {
			c.spoil(r)
		}
		if refused := verifier().Verify(r, c.as); refused == nil || refused.Why != c.reason || refused.Message == "" {
			t.Errorf("%s: %+v, want reason %d", name, refused, c.reason)
		}
	}
}

func TestTheTimeIsAWSs(t *testing.T) {
	for _, c := range []struct {
		service Service
		ago     time.Duration
		in      bool
	}{{Service{Name: "sqs"}, 5 * time.Minute, true}, {Service{Name: "sqs"}, -5 * time.Minute, true}, {objectService, 15 * time.Minute, true},
		{objectService, -15 * time.Minute, true}, {objectService, 15*time.Minute + time.Second, false}, {Service{Name: "sqs"}, 5*time.Minute + time.Second, false}} {
		a := asked{service: c.service, method: "GET", path: "/", by: temporary, at: now.Add(-c.ago), query: url.Values{}}
		if refused := verifier().Verify(a.sign(t), c.service); (refused == nil) != c.in {
			t.Errorf("%s, %s ago: %v", c.service.Name, c.ago, refused)
		}
	}
}

// The JavaScript SDK signs the host by the name that it has in HTTP/2.
func TestTheHostMayHaveTheNameOfHTTP2(t *testing.T) {
	r := asked{service: Service{Name: "bedrock"}, method: "POST", path: "/model/m/converse", body: "{}", by: lasting, at: now, query: url.Values{}}.sign(t)
	c := &claim{day: "20261124", region: "eu-west-1", service: "bedrock", at: now, headers: []string{authority, "x-amz-date"}}
	header := func(host string) string {
		r.Host = host
		sum := mac(c.key(lasting.SecretKey), c.stringToSign(c.canonical(r, nil, Service{}, digest([]byte("{}")))))
		return algorithm + " Credential=AKIA1/" + c.scope() + ", SignedHeaders=:authority;x-amz-date, Signature=" + hex.EncodeToString(sum)
	}
	for host, in := range map[string]bool{"10.0.0.5:8790": true, "elsewhere": false} {
		r.Header.Set("Authorization", header(host))
		r.Host, r.Body = "10.0.0.5:8790", io.NopCloser(strings.NewReader("{}"))
		if refused := verifier().Verify(r, Service{Name: "bedrock"}); (refused == nil) != in {
			t.Errorf("signed for %s: %v", host, refused)
		}
	}
}
