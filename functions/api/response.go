package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"time"

	awsevents "github.com/aws/aws-lambda-go/events"

	"sluice/events"
	"sluice/internal/fault"
)

// response is an HTTP answer.
type response struct {
	status  int
	media   string
	headers map[string]string
	body    []byte
}

// reply answers with a JSON document.
func reply(status int, document any) (response, error) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false) // a URL is to be copied as it is
	if err := encoder.Encode(document); err != nil {
		return response{}, fault.Errorf(fault.Park, "encode the answer: %w", err)
	}
	return response{status: status, media: mediaJSON, body: body.Bytes()}, nil
}

// with adds a header.
func (r response) with(name, value string) response {
	headers := maps.Clone(r.headers)
	if headers == nil {
		headers = map[string]string{}
	}
	headers[name] = value
	r.headers = headers
	return r
}

// event is the answer as API Gateway takes it.
func (r response) event() awsevents.APIGatewayV2HTTPResponse {
	// Answers are about one caller's own data.
	headers := map[string]string{"cache-control": "no-store", "x-content-type-options": "nosniff"}
	if r.media != "" {
		headers["content-type"] = r.media
	}
	maps.Copy(headers, r.headers)
	return awsevents.APIGatewayV2HTTPResponse{StatusCode: r.status, Headers: headers, Body: string(r.body)}
}

// problem is why a request is not answered as it wants: problem details of RFC
// 9457. It is an error, so that it can be returned where an answer cannot.
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	// Detail is one sentence for people; it quotes nothing of the request.
	Detail string `json:"detail,omitempty"`
	// Errors is everything that is wrong with the body or the headers.
	Errors []fieldError `json:"errors,omitempty"`
	// RequestID is the request that the problem is about, where there is one.
	RequestID string `json:"requestId,omitempty"`
	// Class says why the model could not answer; see events.FailureClass.
	Class string `json:"class,omitempty"`

	headers map[string]string
}

// fieldError is one thing that is wrong. Pointer is a JSON pointer as a URI
// fragment, as in RFC 9457's own example; Header names a header instead.
type fieldError struct {
	Pointer string `json:"pointer,omitempty"`
	Header  string `json:"header,omitempty"`
	Code    string `json:"code"`
	Detail  string `json:"detail"`
}

// kind is a kind of problem.
type kind struct {
	name   string
	status int
	title  string
}

// The kinds.
var (
	invalid          = kind{"invalid", http.StatusBadRequest, "The request is not valid"}
	unauthenticated  = kind{"unauthenticated", http.StatusUnauthorized, "Nobody is signed in"}
	forbidden        = kind{"forbidden", http.StatusForbidden, "This caller belongs to no tenant"}
	notFound         = kind{"not-found", http.StatusNotFound, "There is no such thing"}
	methodNotAllowed = kind{"method-not-allowed", http.StatusMethodNotAllowed, "The path has no such method"}
	notAcceptable    = kind{"not-acceptable", http.StatusNotAcceptable, "The answer is JSON"}
	conflict         = kind{"conflict", http.StatusConflict, "Another request has this id"}
	inProgress       = kind{"in-progress", http.StatusConflict, "The same request is being answered"}
	gone             = kind{"expired", http.StatusGone, "The link has expired"}
	tooLarge         = kind{"too-large", http.StatusRequestEntityTooLarge, "The body is too large"}
	unsupported      = kind{"unsupported-media-type", http.StatusUnsupportedMediaType, "The body is of another media type"}
	keyReused        = kind{"key-reused", http.StatusUnprocessableEntity, "The Idempotency-Key belongs to another body"}
	notAnswered      = kind{"not-answered", http.StatusUnprocessableEntity, "The model could not answer"}
	rejected         = kind{"rejected", http.StatusUnprocessableEntity, "The request was rejected"}
	overBudget       = kind{"over-budget", http.StatusTooManyRequests, "The budget is spent"}
	internal         = kind{"internal", http.StatusInternalServerError, "Something is wrong here"}
	unavailable      = kind{"unavailable", http.StatusServiceUnavailable, "Not now"}
)

// typePrefix begins the type of every problem.
const typePrefix = "urn:sluice:problem:"

func refuse(k kind, detail string) *problem {
	return &problem{Type: typePrefix + k.name, Title: k.title, Status: k.status, Detail: detail}
}

// Error implements error.
func (p *problem) Error() string { return p.Title + ": " + p.Detail }

// about names the request that the problem is about.
func (p *problem) about(requestID string) *problem {
	p.RequestID = requestID
	return p
}

// after says when to try again.
func (p *problem) after(d time.Duration) *problem {
	p.headers = map[string]string{"retry-after": strconv.Itoa(max(int((d+time.Second-1)/time.Second), 1))}
	return p
}

func (p *problem) response() response {
	body, err := json.Marshal(p)
	if err != nil { // it holds nothing but text
		body = fmt.Appendf(nil, `{"type":"about:blank","status":%d}`, p.Status)
	}
	return response{status: p.Status, media: mediaProblem, headers: p.headers, body: body}
}

// mostErrors is how many errors an answer lists.
const mostErrors = 100

// invalidBody lists what is wrong with a body, or is nil.
func invalidBody(errs []fieldError) error {
	if len(errs) == 0 {
		return nil
	}
	p := refuse(invalid, fmt.Sprintf("%d things are wrong; errors lists them", len(errs)))
	if len(errs) == 1 {
		p.Detail = errs[0].Detail
	}
	p.Errors = errs[:min(len(errs), mostErrors)]
	return p
}

// invalidHeader says what is wrong with a header.
func invalidHeader(name, detail string) error {
	p := refuse(invalid, name+": "+detail)
	p.Errors = []fieldError{{Header: name, Code: "header", Detail: detail}}
	return p
}

// errorsOf tells problems of an event's detail as those of the body, of which the
// part at the given pointer became the data.
func errorsOf(at string, problems []events.Problem) []fieldError {
	var errs []fieldError
	for _, p := range problems {
		errs = append(errs, fieldError{Pointer: fragment(at + below(p.Field)), Code: p.Code, Detail: p.Message})
	}
	return errs
}
