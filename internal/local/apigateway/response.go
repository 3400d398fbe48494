package apigateway

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

const (
	plainText = "text/plain; charset=utf-8"
	jsonText  = "application/json"
)

// response is what a function answered, as a client gets it.
type response struct {
	status  int
	headers http.Header
	body    []byte
}

// answered is the document by which a function says more than a body.
type answered struct {
	Status  json.RawMessage `json:"statusCode"`
	Headers map[string]any  `json:"headers"`
	Cookies []string        `json:"cookies"`
	Body    *string         `json:"body"`
	Base64  bool            `json:"isBase64Encoded"`
}

// saysStatus tells whether the answer is an object with a statusCode.
func saysStatus(answer []byte) bool {
	var fields map[string]json.RawMessage
	return json.Unmarshal(answer, &fields) == nil && fields["statusCode"] != nil
}

// read takes a function's answer as API Gateway does. An object with a statusCode
// says everything itself; whatever else it is, it is the body of a 200 in JSON, a
// string without its quotes. The pages ask for valid JSON there; API Gateway was
// seen not to. The error says what is wrong with an object that has a
// statusCode.
func read(answer []byte) (*response, error) {
	if !saysStatus(answer) {
		return inferred(answer), nil
	}
	decoder := json.NewDecoder(bytes.NewReader(answer))
	decoder.UseNumber()
	var a answered
	if err := decoder.Decode(&a); err != nil {
		return nil, fmt.Errorf("the answer is not one of payload format 2.0: %w", err)
	}
	r := &response{headers: http.Header{}}
	var err error
	if r.status, err = status(a.Status); err != nil {
		return nil, err
	}
	for name, value := range a.Headers {
		if value == nil || hopByHop[http.CanonicalHeaderKey(name)] || http.CanonicalHeaderKey(name) == "Content-Length" {
			continue
		}
		switch value.(type) {
		case string, json.Number, bool:
			r.headers.Set(name, fmt.Sprint(value))
		default:
			return nil, fmt.Errorf("the header %s is neither text nor a number", name)
		}
	}
	for _, cookie := range a.Cookies {
		r.headers.Add("Set-Cookie", cookie)
	}
	if r.headers.Get("Content-Type") == "" {
		r.headers.Set("Content-Type", plainText)
	}
	return r, r.fill(a)
}

// fill sets the body.
func (r *response) fill(a answered) error {
	if a.Body == nil {
		return nil
	}
	r.body = []byte(*a.Body)
	if !a.Base64 {
		return nil
	}
	decoded, err := base64.StdEncoding.DecodeString(*a.Body)
	if err != nil {
		return errors.New("the body says that it is in base64 and is not")
	}
	r.body = decoded
	return nil
}

// status is a number, or one in quotes.
func status(raw json.RawMessage) (int, error) {
	text := string(bytes.Trim(raw, `"`))
	n, err := strconv.Atoi(text)
	if err != nil || n < 200 || n > 599 {
		return 0, fmt.Errorf("the statusCode is %.20s, not a number from 200 to 599", text)
	}
	return n, nil
}

// inferred is an answer that is all body.
func inferred(answer []byte) *response {
	var text string
	if json.Unmarshal(answer, &text) == nil && bytes.HasPrefix(bytes.TrimSpace(answer), []byte(`"`)) {
		answer = []byte(text)
	}
	return &response{status: http.StatusOK, headers: http.Header{"Content-Type": {jsonText}}, body: answer}
}
