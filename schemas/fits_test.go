package schemas

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"
)

// every is a schema with every keyword that the shape knows, and one that it does not.
const every = `{"type": "object", "required": ["a"], "minProperties": 1, "maxProperties": 5, "additionalProperties": false, "properties": {
	"a": {"type": ["integer", "null"], "minimum": -2, "maximum": 10},
	"b": {"type": "string", "minLength": 1, "maxLength": 3, "pattern": "^[a-zà-ỹ]*$"},
	"c": {"enum": ["x", 1, true, null]}, "d": {"const": "x"}, "e": {"type": "number", "minimum": 0},
	"f": {"type": "array", "minItems": 1, "maxItems": 2, "items": {"type": "boolean"}},
	"g": {"type": "string", "format": "date-time"}, "h": {"$ref": "#", "maxProperties": 2},
	"i": {"oneOf": [{"type": "string"}, {"type": "integer"}]}, "j": {"type": "object", "required": ["k"]}, "l": {}}}`

// fitting documents of it.
var fitting = []string{
	`{"a": 1}`, `{"a": null, "b": "bố", "c": "x", "d": "x", "e": 0.25}`, `{ "a" : -2 , "f" : [ true , false ] , "g" : "2026-01-02T03:04:05Z" }`,
	`{"a": 10, "h": {"a": 1, "b": "a"}, "j": {"k": [{"x": "]}\""}]}, "l": {"a": [1.5, {}]}}`, `{"a": 0, "c": 1, "e": 12345, "l": []}`,
}

// pieces are what parts of a document are replaced by.
var pieces = []string{`1`, `-0`, `-3`, `10`, `11`, `1.0`, `0.5`, `-0.5`, `1e0`, `1e400`, `12345678901234567890`, `"x"`, `""`, `"bố"`, `"abcd"`, `"\u0061"`, `"\ud800"`, "\"\xff\"",
	`true`, `false`, `null`, `[]`, `[true]`, `[true, true, true]`, `{}`, `{"a": 1}`, `{"a": 1, "a": 2}`, `{"k": 1}`, `"2026-01-02T03:04:05Z"`, `"2026-13-02T03:04:05Z"`, ``, `}`}

// part is a value or a property of a document, as far as it can be cut out blindly.
var part = regexp.MustCompile(`"[a-zA-Z0-9_:.@-]*"|-?[0-9.]+|true|false|null|\[[^\[\]]*\]|\{[^{}]*\}|[,:{}]`)

// Whatever the shape says fits has no problem for the library; what it is not
// sure of costs nothing but time.
func TestWhatFitsHasNoProblems(t *testing.T) {
	all := map[string]*Schema{}
	documents := map[string][]string{"every": fitting}
	var err error
	if all["every"], err = Compile("every", []byte(every)); err != nil {
		t.Fatal(err)
	}
	all["RequestReceived"] = embedded()[EventFile("RequestReceived", 1)]()
	for _, name := range []string{"full", "least", "vietnamese", "reference"} {
		documents["RequestReceived"] = append(documents["RequestReceived"], detailOf(t, name))
	}
	fit := 0
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom([]string{"every", "RequestReceived"}).Draw(t, "schema")
		document := rapid.SampledFrom(documents[name]).Draw(t, "document")
		for range rapid.IntRange(0, 3).Draw(t, "changes") {
			places := part.FindAllStringIndex(document, -1)
			at := rapid.SampledFrom(places).Draw(t, "place")
			document = document[:at[0]] + rapid.SampledFrom(pieces).Draw(t, "value") + document[at[1]:]
			if !part.MatchString(document) {
				break
			}
		}
		if json.Valid([]byte(document)) && all[name].shape().fits([]byte(document)) {
			fit++
			mustHaveNoProblems(t, all[name], document)
		}
	})
	if fit == 0 {
		t.Error("the shape was sure of no document")
	}
}

func mustHaveNoProblems(t interface{ Errorf(string, ...any) }, s *Schema, document string) {
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(document))
	if err != nil {
		t.Errorf("fits, and is not JSON: %v\n%s", err, document)
		return
	}
	if problems := problemsOf(s.compiled.Validate(value)); len(problems) > 0 {
		t.Errorf("fits, and has problems: %v\n%s", problems, document)
	}
}

func TestTheShapeIsSureOfWhatIsCommon(t *testing.T) {
	s, err := Compile("every", []byte(every))
	if err != nil {
		t.Fatal(err)
	}
	for _, document := range fitting {
		if !s.shape().fits([]byte(document)) {
			t.Errorf("not sure of %s", document)
		}
		mustHaveNoProblems(t, s, document)
	}
	for _, name := range []string{"least", "reference"} {
		if !embedded()[EventFile("RequestReceived", 1)]().shape().fits([]byte(detailOf(t, name))) {
			t.Errorf("not sure of request-%s.json", name)
		}
	}
	for name, s := range embedded() {
		if s().shape().unsure {
			t.Errorf("the shape of %s is never sure", name)
		}
	}
}

// detailOf is the detail of an event that an upstream system said.
func detailOf(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("../events/testdata", "request-"+name+".json"))
	var event struct{ Detail json.RawMessage }
	if err != nil || json.Unmarshal(raw, &event) != nil {
		t.Fatalf("request-%s.json: %v", name, err)
	}
	return string(event.Detail)
}

// A schema that refers to itself, in many ways at once, has a shape like any other.
func TestAShapeOfASchemaThatRefersToItself(t *testing.T) {
	var properties []string
	for _, name := range strings.Split("abcdefghij", "") {
		properties = append(properties, `"`+name+`": {"$ref": "#"}`)
	}
	s, err := Compile("self", []byte(`{"type": "object", "properties": {`+strings.Join(properties, ",")+`}}`))
	if err != nil {
		t.Fatal(err)
	}
	deep := strings.Repeat(`{"a":`, 1500) + `{"b": 1}` + strings.Repeat(`}`, 1500)
	if !s.shape().fits([]byte(strings.ReplaceAll(deep, "1", "{}"))) || s.shape().fits([]byte(deep)) {
		t.Error("a document is not followed to its end")
	}
}

func FuzzFits(f *testing.F) {
	for _, document := range append(fitting, pieces...) {
		f.Add([]byte(document))
	}
	s, err := Compile("every", []byte(every))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		if json.Valid(document) && s.shape().fits(document) {
			mustHaveNoProblems(t, s, string(document))
		}
	})
}
