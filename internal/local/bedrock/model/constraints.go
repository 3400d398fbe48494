package model

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"sluice/internal/local/bedrock/reading"
)

// fillLimit is the most characters or items that a schema may demand.
const fillLimit = 10_000

// formats that the model can fill; others are annotations, as JSON Schema has it,
// unless a validator asserts them.
var formats = map[string]bool{
	"date": true, "date-time": true, "time": true, "email": true, "uri": true, "url": true, "uuid": true,
}

var assertedFormats = map[string]bool{
	"duration": true, "hostname": true, "ipv4": true, "ipv6": true, "idn-email": true, "idn-hostname": true, "regex": true,
	"iri": true, "iri-reference": true, "uri-reference": true, "uri-template": true, "json-pointer": true, "relative-json-pointer": true,
}

// constraints reads the keywords that bound a value.
func (c *compiler) constraints(n *node, f fields) error {
	var err error
	read := func(key string, into *int) {
		raw, given := f[key]
		if !given || err != nil {
			return
		}
		var number float64
		if json.Unmarshal(raw, &number) != nil || number < 0 || number != math.Trunc(number) {
			err = &SchemaError{Path: n.path + "/" + key, Reason: "it must be a whole number of at least 0"}
			return
		}
		*into = int(math.Min(number, math.MaxInt32))
	}
	read("minLength", &n.minLength)
	read("maxLength", &n.maxLength)
	read("minItems", &n.minItems)
	read("maxItems", &n.maxItems)
	if err != nil {
		return err
	}
	if raw, given := f["uniqueItems"]; given && json.Unmarshal(raw, &n.unique) != nil {
		return &SchemaError{Path: n.path + "/uniqueItems", Reason: "it must be true or false"}
	}
	switch n.kind {
	case stringKind:
		return n.checkLengths(f)
	case arrayKind:
		if n.maxItems >= 0 && n.minItems > n.maxItems {
			return n.errorf("minItems %d is more than maxItems %d", n.minItems, n.maxItems)
		}
		if n.minItems > fillLimit {
			return n.errorf("minItems %d is more than %d", n.minItems, fillLimit)
		}
	case numberKind, integerKind:
		return n.bounds(f)
	}
	return nil
}

func (n *node) checkLengths(f fields) error {
	n.format = text(f["format"])
	if assertedFormats[n.format] {
		return &SchemaError{Path: n.path + "/format", Reason: fmt.Sprintf("the format %q is not supported by the local model", n.format)}
	}
	if !formats[n.format] {
		n.format = ""
	}
	if n.maxLength >= 0 && n.minLength > n.maxLength {
		return n.errorf("minLength %d is more than maxLength %d", n.minLength, n.maxLength)
	}
	if n.minLength > fillLimit {
		return n.errorf("minLength %d is more than %d", n.minLength, fillLimit)
	}
	return nil
}

// bounds reads the limits of a number, and checks that a number fits them.
func (n *node) bounds(f fields) error {
	for _, key := range []string{"minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf"} {
		raw, given := f[key]
		if !given {
			continue
		}
		r, ok := rational(raw)
		if !ok {
			return &SchemaError{Path: n.path + "/" + key, Reason: "it must be a number of ordinary size"}
		}
		switch key {
		case "minimum", "exclusiveMinimum":
			if n.low == nil || r.Cmp(n.low) > 0 || r.Cmp(n.low) == 0 && key == "exclusiveMinimum" {
				n.low, n.above = r, key == "exclusiveMinimum"
			}
		case "maximum", "exclusiveMaximum":
			if n.high == nil || r.Cmp(n.high) < 0 || r.Cmp(n.high) == 0 && key == "exclusiveMaximum" {
				n.high, n.below = r, key == "exclusiveMaximum"
			}
		case "multipleOf":
			if r.Sign() <= 0 {
				return &SchemaError{Path: n.path + "/multipleOf", Reason: "it must be more than 0"}
			}
			n.multiple = r
		}
	}
	if _, ok := n.fitNumber(new(big.Rat)); !ok {
		return n.errorf("no number fits minimum, maximum and multipleOf")
	}
	return nil
}

// rational reads a JSON number exactly, if it is short and of ordinary size.
func rational(raw json.RawMessage) (*big.Rat, bool) {
	s := string(bytes.TrimSpace(raw))
	if len(s) == 0 || len(s) > 40 || s[0] != '-' && (s[0] < '0' || s[0] > '9') {
		return nil, false
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || math.Abs(v) > 1e18 || v != 0 && math.Abs(v) < 1e-12 {
		return nil, false
	}
	// A zero may still have a huge exponent.
	if v == 0 {
		return new(big.Rat), true
	}
	return new(big.Rat).SetString(s)
}

// choices reads const and enum, and keeps the values that fit all else.
func (c *compiler) choices(n *node, f fields, description string) error {
	if raw, given := f["const"]; given {
		var err error
		n.fixed, err = n.oneOption([]json.RawMessage{raw}, "const", f)
		return err
	}
	raw, given := f["enum"]
	if !given {
		return nil
	}
	var values []json.RawMessage
	if json.Unmarshal(raw, &values) != nil || len(values) == 0 {
		return &SchemaError{Path: n.path + "/enum", Reason: "it must be a list of at least one value"}
	}
	if n.kind == objectKind || n.kind == arrayKind {
		var err error
		n.fixed, err = n.oneOption(values, "enum", f)
		return err
	}
	hasNull := false
	for _, v := range values {
		k := kindOfValue(v)
		hasNull = hasNull || k == nullKind
		if n.allows(v) {
			n.options = append(n.options, option{raw: compact(v), text: text(v), kind: k})
		}
	}
	_, typed := f["type"]
	n.null = hasNull && (n.null || !typed)
	if len(n.options) == 0 {
		if n.null || n.kind == nullKind && hasNull {
			n.fixed = json.RawMessage("null")
			return nil
		}
		return &SchemaError{Path: n.path + "/enum", Reason: "none of its values fits the type and the limits beside it"}
	}
	if n.kind == stringKind {
		for _, o := range n.options {
			n.labels = append(n.labels, c.model.reader.Label(o.text, describes(description, o.text)))
		}
		n.scale = c.model.vocab.scaleOf(n)
	}
	return nil
}

// oneOption is the first value that fits. What lies within objects and arrays is
// not checked, so keywords about it may not stand beside them.
func (n *node) oneOption(values []json.RawMessage, key string, f fields) (json.RawMessage, error) {
	for _, inside := range []string{"properties", "required", "additionalProperties", "items", "enum"} {
		if _, given := f[inside]; given && inside != key && (n.kind == arrayKind || n.kind == objectKind || inside == "enum") {
			return nil, &SchemaError{Path: n.path + "/" + key, Reason: fmt.Sprintf("%q beside %q is not supported by the local model", key, inside)}
		}
	}
	for _, v := range values {
		k := kindOfValue(v)
		if n.allows(v) || k == nullKind && n.null {
			return compact(v), nil
		}
	}
	return nil, &SchemaError{Path: n.path + "/" + key, Reason: "its value does not fit the type and the limits beside it"}
}

// allows says whether a JSON value fits the node's kind and limits.
func (n *node) allows(raw json.RawMessage) bool {
	k := kindOfValue(raw)
	switch n.kind {
	case stringKind:
		if k != stringKind || n.format != "" && n.format != "url" {
			return false
		}
		length := utf8.RuneCountInString(text(raw))
		return length >= n.minLength && (n.maxLength < 0 || length <= n.maxLength)
	case numberKind, integerKind:
		r, ok := rational(raw)
		if k != numberKind || !ok || n.kind == integerKind && !r.IsInt() {
			return false
		}
		fitted, ok := n.fitNumber(r)
		return ok && fitted.Cmp(r) == 0
	case arrayKind, objectKind:
		// Exact only without keywords about the inside.
		return k == n.kind && n.minItems == 0 && n.maxItems < 0 && !n.unique
	}
	return k == n.kind
}

func compact(raw json.RawMessage) json.RawMessage {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return raw
	}
	return b.Bytes()
}

func kindOfValue(raw json.RawMessage) kind {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return nullKind
	}
	switch raw[0] {
	case '"':
		return stringKind
	case '{':
		return objectKind
	case '[':
		return arrayKind
	case 't', 'f':
		return booleanKind
	case 'n':
		return nullKind
	}
	return numberKind
}

// describes finds what a description says of one label: "billing: payments and
// invoices; technical: …" or "billing (payments), technical (…)".
func describes(description, label string) string {
	if label == "" || len(description) > 8000 || len(label) > 100 {
		return ""
	}
	low, key := strings.ToLower(description), strings.ToLower(label)
	if len(low) != len(description) {
		return "" // folding moved the bytes
	}
	at := strings.Index(low, key)
	if at < 0 {
		return ""
	}
	rest := strings.TrimLeft(description[at+len(key):], `"'*`+"` ")
	var stops string
	switch {
	case strings.HasPrefix(rest, "("):
		stops = ")"
	case strings.HasPrefix(rest, ":"), strings.HasPrefix(rest, "="), strings.HasPrefix(rest, "- "), strings.HasPrefix(rest, "– "):
		stops = ";\n."
	default:
		return ""
	}
	if end := strings.IndexAny(rest, stops); end >= 0 {
		rest = rest[:end]
	}
	return strings.Trim(rest, "(:=-– ")
}

var limitWords = regexp.MustCompile(`(at least |more than |minimum of |minimum )?\b(\d{1,4}|one|two|three|four|five|a single|single)\s+(?:short\s+|brief\s+|concise\s+|complete\s+)?(sentence|word|character)`)

// hintLimit reads "in one sentence", "at most 30 words" in a description; "at
// least 1 character" is no limit.
func hintLimit(hint string) reading.Limit {
	var limit reading.Limit
	for _, m := range limitWords.FindAllStringSubmatch(hint, 4) {
		if m[1] != "" {
			continue
		}
		count := map[string]int{"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "a single": 1, "single": 1}[m[2]]
		if count == 0 {
			count, _ = strconv.Atoi(m[2])
		}
		switch m[3] {
		case "sentence":
			limit.Sentences = max(limit.Sentences, count)
		case "word":
			limit.Words = count
		case "character":
			limit.Characters = count
		}
	}
	return limit
}
