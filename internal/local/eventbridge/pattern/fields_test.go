package pattern

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// of finds a field of a decoded event.
func of(fields map[string]any) Lookup {
	return func(name string) (any, bool) { v, ok := fields[name]; return v, ok }
}

// looked is what the fields leave of a value that was decoded as a whole.
func looked(v any, f *Fields) any {
	switch v := v.(type) {
	case map[string]any:
		left := map[string]any{}
		for name, inner := range f.below {
			if value, found := v[name]; found {
				left[name] = looked(value, inner)
			}
		}
		return left
	case []any:
		left := []any{}
		for _, e := range v {
			left = append(left, looked(e, f))
		}
		return left
	}
	return v
}

// sameForAll fails unless patterns find in the fields that they look at what they
// find in the whole event.
func sameForAll(t interface {
	Fatalf(format string, args ...any)
}, patterns []*Pattern, event string) {
	whole, err := Decode([]byte(event))
	if err != nil {
		return
	}
	var f Fields
	for _, p := range patterns {
		f.Add(p)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(event)); err != nil {
		t.Fatalf("%q was decoded, and is not compacted: %v", event, err)
	}
	some := f.Decode(compact.Bytes())
	if want := looked(whole, &f); !reflect.DeepEqual(want, any(some)) {
		t.Fatalf("%q: got %v, want %v", event, some, want)
	}
	for i, p := range patterns {
		if want, got := p.Match(of(whole)), p.Match(of(some)); want != got {
			t.Fatalf("pattern %d of %q matches the whole: %t, what is looked at: %t", i, event, want, got)
		}
	}
}

func TestPatternsMatchWhatTheyLookAt(t *testing.T) {
	var all []*Pattern
	vectors := read[match](t, "testdata/matches.json")
	for _, v := range vectors {
		p, err := Compile(string(v.Pattern))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	for i, v := range vectors {
		sameForAll(t, all[i:i+1], string(v.Event))
		sameForAll(t, all, string(v.Event))
	}
}

func TestOnlyWhatIsLookedAtIsDecoded(t *testing.T) {
	var f Fields
	f.AddPath("detail", "a")
	f.AddPath("detail", "é", "b")
	for event, want := range map[string]map[string]any{
		`{}`:                                  {},
		`{"c":1,"b":{"a":[]}}`:                {},
		`{"a":1,"b":1,"\u0061":2}`:            {"a": json.Number("2")},
		`{"a":{"a":1},"é":{"a":1,"b":[1]}}`:   {"a": map[string]any{}, "é": map[string]any{"b": []any{json.Number("1")}}},
		`{"\u00e9":[{"b":"x\\"},2],"a":"\""}`: {"é": []any{map[string]any{"b": `x\`}, json.Number("2")}, "a": `"`},
		`{"c":["}","\"]",{"a":1}],"a":null}`:  {"a": nil},
		`{"a":{},"a":true,"é":[[],[[{}]]]}`:   {"a": true, "é": []any{[]any{}, []any{[]any{map[string]any{}}}}},
		"{\"a\":\"\xff\",\"\xff\":1}":         {"a": "\ufffd"},
	} {
		if diff := cmp.Diff(want, f.Below("detail").Decode([]byte(event))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", event, diff)
		}
	}
	if got := f.Below("source").Decode([]byte(`{"a":1}`)); len(got) > 0 {
		t.Errorf("nobody looks, and got %v", got)
	}
}

// names that patterns and events are made of, as they stand in JSON.
var names = []string{`"a"`, `"\u0061"`, `"é"`, `"\u00e9"`, `""`}

func oneOf(texts ...string) *rapid.Generator[string] { return rapid.SampledFrom(texts) }

func list(g *rapid.Generator[string], least int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(g, least, 3).Draw(t, "list"), oneOf(",", " , ", ",\n\t").Draw(t, "comma"))
	})
}

// values of events: few, so that patterns meet them.
func values(depth int) *rapid.Generator[string] {
	plain := oneOf(`1`, `1.0`, `-0`, `1e3`, `true`, `false`, `null`, `"x"`, `"xy"`, `"\u0078"`, `"}\\\"{"`, `"10.0.0.1"`, "\"\xff\"", `12345678901234567890`)
	if depth == 0 {
		return plain
	}
	return rapid.OneOf(plain, objects(depth-1), rapid.Map(list(values(depth-1), 0), func(s string) string { return "[ " + s + "]" }))
}

// objects of events; a name may come twice.
func objects(depth int) *rapid.Generator[string] {
	member := rapid.Custom(func(t *rapid.T) string {
		return oneOf(names...).Draw(t, "name") + oneOf(":", " : ").Draw(t, "colon") + values(depth).Draw(t, "value")
	})
	return rapid.Map(list(member, 0), func(s string) string { return "{" + s + " }" })
}

// conditions are the objects of patterns.
func conditions(depth int) *rapid.Generator[string] {
	test := oneOf(`1`, `{"exists":false}`, `{"exists":true}`, `true`, `null`, `"x"`, `"10.0.0.1"`, `{"exists":false}`, `{"exists":true}`, `{"prefix":"x"}`, `{"suffix":"y"}`, `{"anything-but":["x"]}`,
		`{"numeric":[">",0]}`, `{"cidr":"10.0.0.0/8"}`, `{"wildcard":"*y"}`, `{"equals-ignore-case":"X"}`)
	return rapid.Custom(func(t *rapid.T) string {
		member := rapid.Custom(func(t *rapid.T) string {
			if depth > 0 && rapid.Bool().Draw(t, "deeper") {
				return oneOf(names...).Draw(t, "name") + ":" + conditions(depth-1).Draw(t, "object")
			}
			return oneOf(names...).Draw(t, "name") + ":[" + list(test, 1).Draw(t, "tests") + "]"
		})
		all := []string{list(member, 1).Draw(t, "members")}
		if depth > 0 && rapid.Bool().Draw(t, "or") {
			all = append(all, `"$or":[`+conditions(depth-1).Draw(t, "this")+`,`+conditions(depth-1).Draw(t, "that")+`]`)
		}
		return "{" + strings.Join(all, ",") + "}"
	})
}

func TestPatternsMatchWhatTheyLookAtWhateverItIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var patterns []*Pattern
		for _, src := range rapid.SliceOfN(conditions(2), 1, 3).Draw(t, "patterns") {
			if p, err := Compile(src); err == nil {
				patterns = append(patterns, p)
			}
		}
		sameForAll(t, patterns, objects(4).Draw(t, "event"))
	})
}

func FuzzFields(f *testing.F) {
	vectors := read[match](f, "testdata/matches.json")
	for i, v := range vectors {
		f.Add(string(v.Pattern), string(vectors[(i+1)%len(vectors)].Pattern), string(v.Event))
	}
	f.Fuzz(func(t *testing.T, one, other, event string) {
		var patterns []*Pattern
		for _, src := range []string{one, other} {
			if p, err := Compile(src); err == nil {
				patterns = append(patterns, p)
			}
		}
		sameForAll(t, patterns, event)
	})
}
