package eventbridge

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"sluice/internal/local/eventbridge/pattern"
)

// FuzzEvent compares an event with its parts as encoding/json writes and reads them.
func FuzzEvent(f *testing.F) {
	f.Add("shop", "Ordered", "arn:x", "", ` { "n" : 1.0, "text": "Xin chào <b>&</b>", "n":[ 1, {}, [ ] ] } `)
	f.Add("a\u2028\xff", "\x00\"\\", "", "replay", "{\"\xff\":\"\u2028\xff\",\"s\":\"\\ud800 \\\\\"}")
	for _, detail := range []string{``, ` `, `null`, `[1]`, `"x"`, `1`, `{`, `{}`, `{} x`, `{} {}`, `{},`, `{"a":01}`, `{"a":1e999}`, "{\"a\":\"\n\"}", `{a:1}`, "\ufeff{}", "{}\x00"} {
		f.Add("shop", "Ordered", "", "", detail)
	}
	for _, deep := range []int{9_999, 10_000} { // encoding/json reads 10,000 levels
		f.Add("shop", "Ordered", "", "", `{"a":`+strings.Repeat("[", deep)+strings.Repeat("]", deep)+`}`)
	}
	f.Fuzz(func(t *testing.T, source, kind, resource, replay, detail string) {
		env := envelope{head: head{Version: "0", ID: "id", DetailType: kind, Source: source,
			Account: "000000000000", Time: "2026-11-02T10:20:30Z", Region: "us-east-1", Resources: []string{resource}, ReplayName: replay}}
		decoded, wrong := pattern.Decode([]byte(detail))
		e, err := newEvent(env.head, detail)
		if (err != nil) != (wrong != nil) {
			t.Fatalf("%q: got %v, want %v", detail, err, wrong)
		}
		if err != nil {
			return
		}
		want, err := marshal(env.head)
		if err != nil {
			t.Fatal(err)
		}
		written := bytes.NewBuffer(want[:len(want)-1])
		written.WriteString(`,"detail":`)
		if err := json.Compact(written, []byte(detail)); err != nil || e.body[len(e.body)-1] != '}' || !bytes.Equal(e.body[:len(e.body)-1], written.Bytes()) {
			t.Fatalf("got  %q\nwant %q (%v)", e.body, written, err)
		}
		whole, err := e.whole()
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(decoded, whole["detail"]) { // cmp takes minutes for the deep ones
			t.Fatalf("detail of %q: got %v, want %v", detail, whole["detail"], decoded)
		}
		if whole["source"] != source || whole["detail-type"] != kind || (replay == "") == (len(whole) == 10) {
			t.Fatalf("got %q", whole)
		}
	})
}

func TestRulesOfEveryBusLookAtTheirOwnFields(t *testing.T) {
	s, q := newState(t, Config{})
	if _, err := s.CreateBus(t.Context(), Bus{Name: "own"}); err != nil {
		t.Fatal(err)
	}
	rule(t, s, "", "first", `{"detail":{"a":{"b":[1]}}}`, Target{ARN: queue}, Target{ARN: s.busARN("own"), ID: "bus"})
	rule(t, s, "own", "second", `{"detail":{"a":{"c":[2]}},"source":[{"exists":true}],"replay-name":[{"exists":false}]}`, Target{ARN: otherQueue})
	rule(t, s, "own", "third", `{"detail":{"a":{"c":[3]}}}`, Target{ARN: otherQueue})
	a, err := s.CreateArchive(t.Context(), Archive{Name: "a", Pattern: `{"detail":{"d":[4]}}`}, s.busARN("own"))
	if err != nil {
		t.Fatal(err)
	}
	putOne(t, s, entry(`{"a":{"b":1,"c":2},"d":4}`))
	putOne(t, s, entry(`{"a":{"b":1,"c":[4]},"d":5}`))
	if here, there := len(q.in(queue)), len(q.in(otherQueue)); here != 2 || there != 1 {
		t.Errorf("%d and %d deliveries, want 2 and 1", here, there)
	}
	if n, _, err := s.ArchiveSize(a); err != nil || n != 1 {
		t.Errorf("%d archived, %v, want 1", n, err)
	}
}
