package api

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"strings"
	"testing"

	awsevents "github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

type authorizer = awsevents.APIGatewayV2HTTPRequestContextAuthorizerDescription

func jwt(claims map[string]string) *authorizer {
	return &authorizer{JWT: &awsevents.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription{Claims: claims}}
}

func iam(account string) *authorizer {
	return &authorizer{IAM: &awsevents.APIGatewayV2HTTPRequestContextAuthorizerIAMDescription{AccountID: account}}
}

// An event as API Gateway documents it
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html),
// with values of our own, is decoded and acted on.
func TestAnEventOfAPIGateway(t *testing.T) {
	w := newWorld(t)
	raw, err := os.ReadFile("testdata/payload-v2.json")
	w.must(err)
	var e awsevents.APIGatewayV2HTTPRequest
	w.must(json.Unmarshal(raw, &e))
	r := w.want(202, e)
	if s := w.statusOf("blue", "order-4711"); s.Task != "sentiment" || r.Headers["location"] != "/requests/order-4711" {
		t.Errorf("%s: %+v", r.Body, s)
	}
	if _, data := w.received(0); data.Input.Text != "Giao hàng rất nhanh!" {
		t.Errorf("%+v", data)
	}
}

func TestTheTenantIsWhoIsCalling(t *testing.T) {
	tests := map[string]struct {
		authorizer *authorizer
		status     int
		tenant     string
	}{
		"a claim":                 {jwt(map[string]string{"tenant": "blue", "sub": "x"}), 200, "blue"},
		"no good claim":           {jwt(map[string]string{"tenant": "../x"}), 403, ""},
		"an empty claim":          {jwt(map[string]string{"tenant": "", "sub": "x"}), 403, ""},
		"a listed subject":        {jwt(map[string]string{"sub": "listed-subject"}), 200, "shop"},
		"a subject by itself":     {jwt(map[string]string{"sub": "acme", "iss": "i"}), 200, "*"},
		"an account by its name":  {jwt(map[string]string{"sub": "210987654321", "iss": "i"}), 200, "*"},
		"no claims":               {jwt(nil), 403, ""},
		"a listed account":        {iam("123456789012"), 200, "acme"},
		"an account by itself":    {iam("210987654321"), 200, "210987654321"},
		"an account for everyone": {iam("999999999999"), 200, "local"},
		"no account":              {iam(""), 403, ""},
		"another authoriser":      {&authorizer{Lambda: map[string]any{"tenant": "blue"}}, 401, ""},
		"nobody":                  {nil, 401, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			e := generate(`{"requestId": "r1", "input": {"text": "canary"}}`)
			e.RequestContext.Authorizer = test.authorizer
			w.want(test.status, e)
			keys := w.memory.Keys("requests/")
			switch {
			case test.tenant == "" && len(keys) > 0:
				t.Errorf("wrote %v", keys)
			case test.tenant == "*" && (strings.Contains(keys[0], "/acme/") || strings.Contains(keys[0], "/210987654321/") || !strings.HasPrefix(keys[0], "requests/u")):
				t.Errorf("a subject passes for another: %v", keys)
			case len(test.tenant) > 1 && keys[0] != "requests/"+test.tenant+"/r1.json":
				t.Errorf("wrote %v", keys)
			}
		})
	}
}

func TestWhatDoesNotComeIn(t *testing.T) {
	body := `{"task": "summarize", "input": {"text": "x"}}`
	with := func(change func(*awsevents.APIGatewayV2HTTPRequest)) awsevents.APIGatewayV2HTTPRequest {
		e := receive(body)
		change(&e)
		return e
	}
	tests := map[string]struct {
		event  awsevents.APIGatewayV2HTTPRequest
		status int
		kind   string
	}{
		"another media type":    {receive(body, "content-type", "text/plain"), 415, "unsupported-media-type"},
		"another charset":       {receive(body, "content-type", "application/json; charset=utf-16"), 415, "unsupported-media-type"},
		"compressed":            {receive(body, "content-encoding", "gzip"), 415, "unsupported-media-type"},
		"not compressed":        {receive(body, "content-encoding", "Identity"), 202, ""},
		"UTF-8 said":            {receive(body, "content-type", "Application/JSON; Charset=UTF-8"), 202, ""},
		"no media type":         {with(func(e *awsevents.APIGatewayV2HTTPRequest) { delete(e.Headers, "content-type") }), 202, ""},
		"another answer wanted": {receive(body, "accept", "text/html"), 406, "not-acceptable"},
		"JSON among others":     {receive(body, "accept", "text/html, application/*;q=0.1"), 202, ""},
		"too large":             {receive(strings.Repeat(" ", maxBody+1)), 413, "too-large"},
		"as large as may be":    {receive(body + strings.Repeat(" ", maxBody-len(body))), 202, ""},
		"in base64": {with(func(e *awsevents.APIGatewayV2HTTPRequest) {
			e.IsBase64Encoded, e.Body = true, base64.StdEncoding.EncodeToString([]byte(body))
		}), 202, ""},
		"not in base64":  {with(func(e *awsevents.APIGatewayV2HTTPRequest) { e.IsBase64Encoded = true }), 400, "invalid"},
		"a key too long": {receive(body, "idempotency-key", strings.Repeat("k", 256)), 400, "invalid"},
		"a key of lines": {receive(body, "idempotency-key", "a\r\nb"), 400, "invalid"},
		"a quoted key":   {receive(body, "idempotency-key", `"abc"`), 202, ""},
		"no such path":   {with(func(e *awsevents.APIGatewayV2HTTPRequest) { e.RouteKey, e.RawPath = "$default", "/nothing" }), 404, "not-found"},
		"no such method": {with(func(e *awsevents.APIGatewayV2HTTPRequest) {
			e.RouteKey, e.RequestContext.HTTP.Method = "$default", "DELETE"
		}), 405, "method-not-allowed"},
		"by a catch-all route": {with(func(e *awsevents.APIGatewayV2HTTPRequest) { e.RouteKey = "$default" }), 202, ""},
		"of a stage": {with(func(e *awsevents.APIGatewayV2HTTPRequest) {
			e.RouteKey, e.RequestContext.Stage, e.RawPath = "$default", "v1", "/v1/requests"
		}), 202, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := newWorld(t).want(test.status, test.event)
			if test.kind != "" && parsed[problem](t, r).Type != "urn:sluice:problem:"+test.kind {
				t.Error(r.Body)
			}
			if test.status == 405 && r.Headers["allow"] != "POST" {
				t.Error(r.Headers)
			}
		})
	}
}

func TestAPanicIsAnAnswer(t *testing.T) {
	w := newWorld(t)
	w.handler.Signer = (*s3.PresignClient)(nil)
	r := w.want(503, newUpload(`{"task": "summarize", "name": "x.csv"}`))
	if !strings.Contains(w.log.String(), "panic") || r.Headers["retry-after"] == "" {
		t.Errorf("%v; log: %s", r.Headers, w.log)
	}
}

func FuzzAnyBodyHasAnAnswer(f *testing.F) {
	for _, seed := range []string{``, `{}`, `[]`, `[{"task":"summarize","input":{"text":"x"}}]`, `{"task":"summarize","input":{"text":"\ud800"}}`, `{"a":1e999}`, `{"a":1,"a":2}`, "\xff", `[[[[`} {
		f.Add([]byte(seed), "application/json", "k")
	}
	w := newWorld(f)
	routes := []string{"POST /requests", "POST /ai/generate", "POST /uploads"}
	f.Fuzz(func(t *testing.T, body []byte, media, key string) {
		for _, route := range routes {
			r, err := w.handler.Handle(t.Context(), request(route, strings.TrimPrefix(route, "POST "), string(body), "content-type", media, "idempotency-key", key))
			if err != nil || r.StatusCode >= 500 || !json.Valid([]byte(r.Body)) {
				t.Fatalf("%s: %d %s, %v", route, r.StatusCode, r.Body, err)
			}
		}
	})
}
