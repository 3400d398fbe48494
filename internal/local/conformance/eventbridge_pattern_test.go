package conformance

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

const ebPatterns = ebGuide + "eb-create-pattern-operators.html"

// testPattern asks TestEventPattern whether a pattern takes an event with that
// detail. Both stand under "detail", because an event must be a whole one.
func (e events) testPattern(pattern, detail string) (bool, error) {
	event := `{"id":"1","account":"123456789012","source":"shop","time":"2026-01-01T00:00:00Z","region":"us-east-1","resources":[],"detail-type":"x","detail":` + detail + `}`
	pattern = `{"detail":` + pattern + `}`
	out, err := e.TestEventPattern(e.Context(), &eventbridge.TestEventPatternInput{EventPattern: &pattern, Event: &event})
	if err != nil {
		return false, err
	}
	return out.Result, nil
}

// matching is one of the pattern matcher's own vectors.
type matching struct {
	Name           string
	Pattern, Event json.RawMessage
	Match          bool
}

// ebVectors are the pattern matcher's vectors: all of them by TestEventPattern,
// and each kind of match by a rule.
func ebVectors(t *testing.T) []Case {
	t.Helper()
	all := vectors[matching](t, "matches.json")
	cases := []Case{
		{"every vector, by TestEventPattern", ebAPI + "API_TestEventPattern.html", onEvents(func(e events) {
			for _, v := range all {
				if got, err := e.testPattern(string(v.Pattern), string(v.Event)); err != nil || got != v.Match {
					e.Errorf("%s: pattern %s, event %s: %t, %v", v.Name, v.Pattern, v.Event, got, err)
				}
			}
		})},
		{"every malformed pattern is refused", ebAPI + "API_PutRule.html", onBus(func(e events) {
			for _, v := range vectors[struct{ Pattern string }](t, "refusals.json") {
				if v.Pattern == "" { // is missing, which is another mistake
					continue
				}
				_, err := e.PutRule(e.Context(), &eventbridge.PutRuleInput{Name: aws.String("rule"), EventBusName: &e.bus, EventPattern: &v.Pattern})
				if got := codeOf(err); got != "InvalidEventPatternException" {
					e.Errorf("%s: %s", v.Pattern, got)
				}
			}
		})},
	}
	for _, kind := range byKind(all) {
		cases = append(cases, ofKind(kind))
	}
	return cases
}

// byKind puts vectors of one kind together: those with the name before " / ".
func byKind(all []matching) [][]matching {
	var kinds [][]matching
	last := ""
	for _, v := range all {
		kind, _, _ := strings.Cut(v.Name, " / ")
		if kind != last {
			kinds, last = append(kinds, nil), kind
		}
		kinds[len(kinds)-1] = append(kinds[len(kinds)-1], v)
	}
	return kinds
}

// ofKind is a case of vectors with one pattern: a rule of it delivers those
// events that match.
func ofKind(all []matching) Case {
	kind, _, _ := strings.Cut(all[0].Name, " / ")
	return Case{"pattern: " + kind, ebPatterns, onBus(func(e events) {
		url := e.q.make()
		e.rule(e.bus, `{"detail":`+string(all[0].Pattern)+`}`, e.to(url))
		var entries []types.PutEventsRequestEntry
		want := []string{}
		for _, v := range all {
			if string(v.Pattern) != string(all[0].Pattern) {
				e.Fatalf("%s has another pattern than its kind", v.Name)
			}
			if entries = append(entries, e.entry(v.Name, string(v.Event))); v.Match {
				want = append(want, v.Name)
			}
		}
		e.put(entries...)
		for _, got := range e.heard(url, len(want)) {
			if !slices.Contains(want, got.DetailType) {
				e.Errorf("%s is heard", got.DetailType)
			}
		}
	})}
}

func vectors[T any](t *testing.T, file string) []T {
	t.Helper()
	text, err := os.ReadFile("../eventbridge/pattern/testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	var all []T
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// ebOperators are a case for every operator, by a rule: of two events, the one
// that matches is delivered.
func ebOperators() []Case {
	tests := []struct{ operator, pattern, takes, leaves string }{
		{"exact", `{"a":["x"]}`, `{"a":"x"}`, `{"a":"X"}`},
		{"prefix", `{"a":[{"prefix":"us-"}]}`, `{"a":"us-1"}`, `{"a":"eu-1"}`},
		{"prefix, ignoring case", `{"a":[{"prefix":{"equals-ignore-case":"US-"}}]}`, `{"a":"us-1"}`, `{"a":"eu-1"}`},
		{"suffix", `{"a":[{"suffix":".png"}]}`, `{"a":"x.png"}`, `{"a":"x.gif"}`},
		{"suffix, ignoring case", `{"a":[{"suffix":{"equals-ignore-case":".PNG"}}]}`, `{"a":"x.png"}`, `{"a":"x.gif"}`},
		{"equals-ignore-case", `{"a":[{"equals-ignore-case":"x"}]}`, `{"a":"X"}`, `{"a":"y"}`},
		{"wildcard", `{"a":[{"wildcard":"d/*.png"}]}`, `{"a":"d/x.png"}`, `{"a":"e/x.png"}`},
		{"anything-but", `{"a":[{"anything-but":["x","y"]}]}`, `{"a":"z"}`, `{"a":"x"}`},
		{"anything-but numbers", `{"a":[{"anything-but":[1,2]}]}`, `{"a":3}`, `{"a":2}`},
		{"anything-but prefix", `{"a":[{"anything-but":{"prefix":"x"}}]}`, `{"a":"yx"}`, `{"a":"xy"}`},
		{"anything-but suffix", `{"a":[{"anything-but":{"suffix":"x"}}]}`, `{"a":"xy"}`, `{"a":"yx"}`},
		{"anything-but equals-ignore-case", `{"a":[{"anything-but":{"equals-ignore-case":["x","y"]}}]}`, `{"a":"z"}`, `{"a":"X"}`},
		{"anything-but wildcard", `{"a":[{"anything-but":{"wildcard":"*/lib/*"}}]}`, `{"a":"/bin/x"}`, `{"a":"/lib/x"}`},
		{"numeric", `{"a":[{"numeric":[">",0,"<=",5]}]}`, `{"a":5}`, `{"a":0}`},
		{"numeric, of which true is none", `{"a":[{"numeric":[">",0]}]}`, `{"a":1}`, `{"a":true}`},
		{"cidr", `{"a":[{"cidr":"10.0.0.0/24"}]}`, `{"a":"10.0.0.7"}`, `{"a":"10.0.1.7"}`},
		{"exists", `{"a":[{"exists":true}]}`, `{"a":null}`, `{"b":1}`},
		{"does not exist", `{"a":[{"exists":false}]}`, `{"b":1}`, `{"a":1}`},
		{"null", `{"a":[null]}`, `{"a":null}`, `{"a":""}`},
		{"$or", `{"$or":[{"a":[1]},{"b":[2]}]}`, `{"b":2}`, `{"a":2}`},
		{"arrays", `{"a":["x","y"]}`, `{"a":["v","y"]}`, `{"a":["v","w"]}`},
	}
	cases := make([]Case, len(tests))
	for i, test := range tests {
		cases[i] = Case{"rule: " + test.operator, ebPatterns, onBus(func(e events) {
			url := e.q.make()
			e.rule(e.bus, `{"detail":`+test.pattern+`}`, e.to(url))
			e.put(e.entry("leaves", test.leaves), e.entry("takes", test.takes))
			if got := e.heard(url, 1); got[0].DetailType != "takes" {
				e.Errorf("heard %s %s", got[0].DetailType, got[0].Detail)
			}
		})}
	}
	return cases
}
