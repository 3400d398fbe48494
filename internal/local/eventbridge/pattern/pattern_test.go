package pattern

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
)

func read[T any](t testing.TB, file string) []T {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var vectors []T
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return vectors
}

type match struct {
	Name           string
	Pattern, Event json.RawMessage
	Match          bool
}

type refusal struct{ Pattern, Reason string }

func TestMatches(t *testing.T) {
	for _, v := range read[match](t, "testdata/matches.json") {
		t.Run(v.Name, func(t *testing.T) {
			p, err := Compile(string(v.Pattern))
			if err != nil {
				t.Fatal(err)
			}
			got, err := p.MatchJSON(v.Event)
			if err != nil || got != v.Match {
				t.Errorf("pattern %s, event %s: got %t, %v; want %t", v.Pattern, v.Event, got, err, v.Match)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	for _, v := range read[refusal](t, "testdata/refusals.json") {
		_, err := Compile(v.Pattern)
		var refused *Error
		if !errors.As(err, &refused) {
			t.Errorf("%s: got %v, want an *Error", v.Pattern, err)
			continue
		}
		if !strings.HasPrefix(refused.Reason, v.Reason) {
			t.Errorf("%s:\n got %s\nwant %s", v.Pattern, refused.Reason, v.Reason)
		}
		if !strings.HasPrefix(err.Error(), "Event pattern is not valid. Reason: ") {
			t.Errorf("%s: message is %q", v.Pattern, err)
		}
	}
}

func TestTooManyBranches(t *testing.T) {
	var ors []string
	for i := range 11 {
		ors = append(ors, fmt.Sprintf(`"f%d":{"$or":[{"a":[1]},{"b":[2]}]}`, i))
	}
	if _, err := Compile("{" + strings.Join(ors[:9], ",") + "}"); err != nil {
		t.Errorf("512 combinations: %v", err)
	}
	if _, err := Compile("{" + strings.Join(ors, ",") + "}"); err == nil {
		t.Error("2048 combinations were taken")
	}
}

func TestLargeArraysEndSoon(t *testing.T) {
	p, err := Compile(`{"i":{"a":[{"exists":false}],"b":[1],"c":{"x":[{"exists":false}],"y":[2]}}}`)
	if err != nil {
		t.Fatal(err)
	}
	event := `{"i":[` + strings.Repeat(`{"b":1,"c":[{"z":1},{"z":2}]},`, 50_000) + `{}]}`
	if got, err := p.MatchJSON([]byte(event)); err != nil || got {
		t.Errorf("got %t, %v", got, err)
	}
}

func TestEventsThatAreNone(t *testing.T) {
	p, err := Compile(`{"a":[{"exists":false}]}`)
	if err != nil {
		t.Fatal(err)
	}
	for _, event := range []string{``, `null`, `[]`, `"x"`, `{`, `{} {}`, `{"a":01}`} {
		if _, err := p.MatchJSON([]byte(event)); err == nil {
			t.Errorf("%q was taken for an event", event)
		}
	}
}

func FuzzCompileAndMatch(f *testing.F) {
	for _, v := range read[match](f, "testdata/matches.json") {
		f.Add(string(v.Pattern), string(v.Event))
	}
	for _, v := range read[refusal](f, "testdata/refusals.json") {
		f.Add(v.Pattern, `{"a":[]}`)
	}
	f.Fuzz(func(t *testing.T, src, event string) {
		p, err := Compile(src)
		if err != nil {
			var refused *Error
			if !errors.As(err, &refused) || p != nil {
				t.Fatalf("%q: %v", src, err)
			}
			return
		}
		if !json.Valid([]byte(src)) {
			t.Fatalf("%q is not JSON and was taken", src)
		}
		first, err := p.MatchJSON([]byte(event))
		if err != nil {
			return
		}
		if again, _ := p.MatchJSON([]byte(event)); again != first {
			t.Fatalf("%q and %q: %t, then %t", src, event, first, again)
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	p, err := Compile(`{"source":["sluice.analyze"],"detail-type":["AiCompleted"],"detail":{"execution":[{"exists":false}],"terminal":[false]}}`)
	if err != nil {
		b.Fatal(err)
	}
	event, err := Decode([]byte(`{"source":"sluice.analyze","detail-type":"AiCompleted","detail":{"id":"x","terminal":false}}`))
	if err != nil {
		b.Fatal(err)
	}
	look := func(name string) (any, bool) { v, ok := event[name]; return v, ok }
	for b.Loop() {
		if !p.Match(look) {
			b.Fatal("no match")
		}
	}
}
