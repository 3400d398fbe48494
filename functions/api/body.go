package api

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"sluice/events"
)

// maxBody is the largest body, in bytes: ten inputs of the largest size, and what
// is around them.
const maxBody = 4 << 20

// negotiate checks that the caller sends and takes what the route does.
func (c *call) negotiate() error {
	if c.route.public {
		return nil
	}
	if accept := c.header("accept"); accept != "" && !accepts(accept) {
		return refuse(notAcceptable, "Accept allows neither "+mediaJSON+" nor anything that holds it")
	}
	if coding := c.header("content-encoding"); c.route.takes != "" && coding != "" && !strings.EqualFold(coding, "identity") {
		p := refuse(unsupported, "Content-Encoding must be identity")
		p.headers = map[string]string{"accept-encoding": "identity"} // RFC 9110, 15.5.16
		return p
	}
	told := c.header("content-type")
	if c.route.takes == "" || told == "" {
		return nil
	}
	media, parameters, err := mime.ParseMediaType(told)
	if err != nil || media != c.route.takes {
		return refuse(unsupported, "Content-Type must be "+c.route.takes)
	}
	if charset, given := parameters["charset"]; given && !strings.EqualFold(charset, "utf-8") {
		return refuse(unsupported, "the charset must be utf-8")
	}
	return nil
}

// accepts tells whether an Accept header allows JSON.
func accepts(accept string) bool {
	for one := range strings.SplitSeq(accept, ",") {
		media, parameters, err := mime.ParseMediaType(one)
		if err != nil {
			continue
		}
		quality, err := strconv.ParseFloat(parameters["q"], 64)
		if refused := err == nil && quality == 0; refused {
			continue
		}
		switch media {
		case mediaJSON, mediaProblem, "application/*", "*/*":
			return true
		}
	}
	return false
}

// content is the request's body.
func (c *call) content() ([]byte, error) {
	body := []byte(c.Body)
	if c.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(c.Body); err != nil {
			return nil, refuse(invalid, "the body is marked as base64 and is not")
		}
	}
	if len(body) > maxBody {
		return nil, refuse(tooLarge, fmt.Sprintf("the body has %d bytes, may have at most %d", len(body), maxBody))
	}
	return body, nil
}

// document is the request's body, which must be JSON; see checkJSON.
func (c *call) document() ([]byte, error) {
	body, err := c.content()
	if err != nil {
		return nil, err
	}
	if code, detail := checkJSON(body); code != "" {
		return nil, invalidBody([]fieldError{{Pointer: "#", Code: code, Detail: detail}})
	}
	return body, nil
}

// Bounds of a document.
const (
	maxDepth     = 64
	maxDigits    = 100
	maxMagnitude = 308
)

// checkJSON tells what is wrong with a document, "" if nothing: it must be one JSON
// value of UTF-8, not too deep, without two members of one name and without numbers
// that no program can hold. Readers differ in what they make of those.
func checkJSON(body []byte) (code, detail string) {
	switch {
	case len(bytes.TrimSpace(body)) == 0:
		return events.CodeEmpty, "there is no body"
	case !utf8.Valid(body):
		return events.CodeEncoding, "the body is not UTF-8"
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := checkValue(decoder, 0); err != nil {
		var broken *json.SyntaxError
		if errors.As(err, &broken) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return events.CodeNotJSON, fmt.Sprintf("the body is not JSON from its byte %d on", decoder.InputOffset())
		}
		return "unsafe", err.Error()
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return events.CodeNotJSON, "there is something after the JSON value"
	}
	return "", ""
}

func checkValue(decoder *json.Decoder, depth int) error {
	token, err := decoder.Token()
	if err != nil {
		return err
	}
	switch token := token.(type) {
	case json.Number:
		return checkNumber(token.String())
	case json.Delim:
		if depth == maxDepth {
			return fmt.Errorf("the body is nested more than %d deep", maxDepth)
		}
		if err := checkMembers(decoder, token == '{', depth); err != nil {
			return err
		}
		_, err = decoder.Token()
	}
	return err
}

func checkMembers(decoder *json.Decoder, named bool, depth int) error {
	seen := map[string]bool{}
	for decoder.More() {
		if named {
			token, err := decoder.Token()
			if err != nil {
				return err
			}
			name, _ := token.(string)
			if seen[name] {
				return errors.New("an object of the body has two members of one name")
			}
			seen[name] = true
		}
		if err := checkValue(decoder, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func checkNumber(number string) error {
	value, err := strconv.ParseFloat(number, 64)
	if len(number) > maxDigits || err != nil || math.Abs(value) > math.Pow10(maxMagnitude) {
		return fmt.Errorf("a number of the body is too large, or has more than %d digits", maxDigits)
	}
	return nil
}

// members are those of a JSON object, nil of anything else.
func members(raw json.RawMessage) map[string]json.RawMessage {
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil {
		return nil
	}
	return fields
}

// text is the text of a JSON string, "" of anything else.
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// below is a field of an event's detail as one of the request that became its data.
func below(field string) string { return strings.TrimPrefix(field, "/data") }

// fragment is a JSON pointer as a URI fragment.
func fragment(pointer string) string {
	return "#" + (&url.URL{Fragment: pointer}).EscapedFragment()
}
