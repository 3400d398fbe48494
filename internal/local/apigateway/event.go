package apigateway

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"mime"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// event is payload format 2.0. Fields that a request has nothing for are left out,
// as API Gateway leaves them out.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
type event struct {
	Version        string            `json:"version"`
	RouteKey       string            `json:"routeKey"`
	RawPath        string            `json:"rawPath"`
	RawQueryString string            `json:"rawQueryString"`
	Cookies        []string          `json:"cookies,omitempty"`
	Headers        map[string]string `json:"headers"`
	Query          map[string]string `json:"queryStringParameters,omitempty"`
	Path           map[string]string `json:"pathParameters,omitempty"`
	Context        requestContext    `json:"requestContext"`
	Body           string            `json:"body,omitempty"`
	Base64         bool              `json:"isBase64Encoded"`
}

type requestContext struct {
	AccountID    string      `json:"accountId"`
	APIID        string      `json:"apiId"`
	Authorizer   *authorizer `json:"authorizer,omitempty"`
	DomainName   string      `json:"domainName"`
	DomainPrefix string      `json:"domainPrefix"`
	HTTP         httpContext `json:"http"`
	RequestID    string      `json:"requestId"`
	RouteKey     string      `json:"routeKey"`
	Stage        string      `json:"stage"`
	Time         string      `json:"time"`
	TimeEpoch    int64       `json:"timeEpoch"` // milliseconds
}

type httpContext struct {
	Method    string `json:"method"`
	Path      string `json:"path"`
	Protocol  string `json:"protocol"`
	SourceIP  string `json:"sourceIp"`
	UserAgent string `json:"userAgent"`
}

type authorizer struct {
	IAM identity `json:"iam"`
}

// identity is an IAM caller.
type identity struct {
	AccessKey       string  `json:"accessKey"`
	AccountID       string  `json:"accountId"`
	CallerID        string  `json:"callerId"`
	CognitoIdentity *string `json:"cognitoIdentity"`
	PrincipalOrgID  *string `json:"principalOrgId"`
	UserARN         string  `json:"userArn"`
	UserID          string  `json:"userId"`
}

// root is the account itself as a caller.
func root(account, accessKey string) *authorizer {
	return &authorizer{identity{AccessKey: accessKey, AccountID: account, CallerID: account, UserARN: "arn:aws:iam::" + account + ":root", UserID: account}}
}

const (
	apiID = "local"
	stage = "$default"
	// timeLayout is the time of the Common Log Format.
	timeLayout = "02/Jan/2006:15:04:05 -0700"
)

// decodedPath is a request's path as routes and functions see it. API Gateway
// decodes it before anything else, and takes a decoded question mark for the
// beginning of the query, so what follows one is lost. The pages do not say so;
// it was seen.
func decodedPath(r *http.Request) string {
	path, _, _ := strings.Cut(r.URL.Path, "?")
	return path
}

// newEvent is a request as a function gets it.
func newEvent(r *http.Request, id string, to route, variables map[string]string, body []byte, now time.Time) *event {
	path, host := decodedPath(r), domain(r.Host)
	prefix, _, _ := strings.Cut(host, ".")
	e := &event{
		Version: "2.0", RouteKey: to.key, RawPath: path, RawQueryString: r.URL.RawQuery, Cookies: cookies(r.Header),
		Headers: headers(r, len(body), now), Query: query(r.URL.RawQuery), Path: variables,
		Context: requestContext{
			APIID: apiID, DomainName: host, DomainPrefix: prefix, RequestID: id, RouteKey: to.key, Stage: stage,
			Time: now.UTC().Format(timeLayout), TimeEpoch: now.UnixMilli(),
			HTTP: httpContext{Method: r.Method, Path: path, Protocol: r.Proto, SourceIP: sourceIP(r), UserAgent: r.UserAgent()},
		},
	}
	e.Body, e.Base64 = encode(r.Header, body)
	return e
}

// domain is a host without its port.
func domain(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return host
}

func sourceIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// hopByHop are headers between two neighbours, which API Gateway keeps to itself.
var hopByHop = map[string]bool{
	"Connection": true, "Keep-Alive": true, "Proxy-Authenticate": true, "Proxy-Authorization": true, "Proxy-Connection": true,
	"Te": true, "Trailer": true, "Transfer-Encoding": true, "Upgrade": true, "Expect": true,
}

// headers are a request's by their names in lower case, values of one name joined
// with a comma, and what API Gateway adds. Cookies are told beside them.
func headers(r *http.Request, length int, now time.Time) map[string]string {
	all := map[string]string{}
	for name, values := range r.Header {
		if !hopByHop[name] && name != "Cookie" {
			all[strings.ToLower(name)] = strings.Join(values, ",")
		}
	}
	all["host"] = r.Host
	all["content-length"] = strconv.Itoa(length)
	if _, told := all["content-type"]; !told && length == 0 {
		// It adds one where there is no payload:
		// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
		all["content-type"] = plainText
	}
	if !strings.Contains(all["x-amzn-trace-id"], "Root=") {
		all["x-amzn-trace-id"] = newTrace(now)
	}
	from := sourceIP(r)
	if before := all["x-forwarded-for"]; before != "" {
		from = before + ", " + from
	}
	all["x-forwarded-for"] = from
	all["x-forwarded-port"], all["x-forwarded-proto"] = "80", "http"
	if _, port, err := net.SplitHostPort(r.Host); err == nil && port != "" {
		all["x-forwarded-port"] = port
	}
	return all
}

// cookies are those of all Cookie headers, one by one.
func cookies(h http.Header) []string {
	var all []string
	for _, header := range h["Cookie"] {
		for cookie := range strings.SplitSeq(header, ";") {
			if cookie = strings.TrimSpace(cookie); cookie != "" {
				all = append(all, cookie)
			}
		}
	}
	return all
}

// encode is a body as the event has it. API Gateway passes text/* and three others
// on as text and everything else in base64, forms too; the pages say "binary"
// only. Text that is no UTF-8 would not survive in JSON, so it goes in base64.
func encode(h http.Header, body []byte) (text string, inBase64 bool) {
	if len(body) == 0 {
		return "", false
	}
	kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err == nil && h.Get("Content-Encoding") == "" && utf8.Valid(body) {
		switch {
		case strings.HasPrefix(kind, "text/"), kind == "application/json", kind == "application/xml", kind == "application/javascript":
			return string(body), false
		}
	}
	return base64.StdEncoding.EncodeToString(body), true
}

// newID has the form of API Gateway's request ids: 11 random bytes in base64.
func newID() string {
	var b [11]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.URLEncoding.EncodeToString(b[:])
}

// newTrace is the root of an X-Ray trace.
func newTrace(now time.Time) string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // never fails
	return fmt.Sprintf("Root=1-%08x-%x", now.Unix(), b)
}
