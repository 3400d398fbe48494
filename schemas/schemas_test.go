package schemas

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEverySchemaCompiles(t *testing.T) {
	files := EventFiles()
	if len(files) < 10 {
		t.Errorf("%d event schemas", len(files))
	}
	for _, name := range files {
		kind, _, _ := strings.Cut(name, ".")
		if _, err := ValidateEvent(kind, 1, []byte(`{}`)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUnknownEventsAndBrokenJSON(t *testing.T) {
	if _, err := ValidateEvent("Nothing", 1, []byte(`{}`)); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
	if _, err := ValidateEvent("Stored", 9, []byte(`{}`)); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
	_, err := ValidateEvent("Stored", 1, []byte(`{"canary`))
	if !errors.Is(err, ErrNotJSON) || strings.Contains(err.Error(), "canary") {
		t.Error(err)
	}
}

func TestMessagesNameRulesAndNeverValues(t *testing.T) {
	schema, err := Compile("test", []byte(`{"type":"object","additionalProperties":false,"required":["a","b"],"properties":{
		"a":{"type":"string","pattern":"^x","maxLength":3},"b":{"enum":["one","two"]},"c":{"type":"integer","minimum":1,"maximum":9},
		"d":{"type":"array","minItems":1,"uniqueItems":true,"items":{"type":"string","format":"email"}},"e":{"const":7},
		"f":{"oneOf":[{"type":"string"},{"type":"number"}]},"h":{"additionalProperties":{"type":"string"}},"g":{"not":{"type":"null"}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string][]string{
		`{"a":"x","b":"one"}`:          nil,
		`[]`:                           {"is array, must be object"},
		`{}`:                           {`lacks "a", "b"`},
		`{"a":"canary","b":"one"}`:     {"/a: does not match ^x", "/a: has 6 characters, may have at most 3"},
		`{"a":"x","b":"canary"}`:       {"/b: must be one of one, two"},
		`{"a":"x","b":"one","c":0}`:    {"/c: must be at least 1"},
		`{"a":"x","b":"one","c":10.5}`: {"/c: is number, must be integer"},
		`{"a":"x","b":"one","d":[]}`:   {"/d: has 0 items, must have at least 1"},
		`{"a":"x","b":"one","d":["canary","canary"]}`:             {"/d: has equal items, 0 and 1", "/d/0: is not a valid email", "/d/1: is not a valid email"},
		`{"a":"x","b":"one","e":"canary"}`:                        {"/e: must be 7"},
		`{"a":"x","b":"one","f":true}`:                            {"/f: must fit exactly one of the forms that are allowed here"},
		`{"a":"x","b":"one","g":null}`:                            {"/g: breaks the schema's not"},
		`{"a":"x","b":"one","z":"canary"}`:                        {`has unknown "z"`},
		`{"a":"x","b":"one","Größe_1.b-c":1}`:                     {`has unknown "Größe_1.b-c"`},
		`{"a":"x","b":"one","canary@example.com":"canary"}`:       {`has unknown "…"`},
		`{"a":"x","b":"one","a canary ~/":"canary"}`:              {`has unknown "…"`},
		`{"a":"x","b":"one","h":{"a canary":1,"~":1,"_x":1}}`:     {"/h/_x: is number, must be string", "/h/…: is number, must be string"},
		`{"a":"x","b":"one","` + strings.Repeat("n", 99) + `":1}`: {`has unknown "` + strings.Repeat("n", 64) + `…"`},
	}
	for document, want := range tests {
		problems, err := schema.Validate([]byte(document))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range problems {
			got = append(got, p.String())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", document, diff)
		}
	}
}

func TestASchemaReachesNothingOutside(t *testing.T) {
	for _, schema := range []string{`{"$ref":"file:///etc/passwd"}`, `{"$ref":"https://example.com/x.json"}`, `{"type":"strin"}`, `{`} {
		if _, err := Compile("test", []byte(schema)); err == nil {
			t.Errorf("%s compiled", schema)
		}
	}
}
