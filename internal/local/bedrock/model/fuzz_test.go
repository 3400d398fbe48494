package model

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// schemaOf makes a random schema of what the model says it can fill.
func schemaOf(r *rand.Rand, depth int) map[string]any {
	names := []string{"summary", "label", "email", "amount", "keywords", "entities", "score", "urgent", "language", "reply", "x", "word_count", "sentiment", "date"}
	s := map[string]any{}
	kinds := []string{"string", "number", "integer", "boolean", "array", "object"}
	if depth == 0 {
		kinds = kinds[:4]
	}
	kind := kinds[r.IntN(len(kinds))]
	s["type"] = kind
	if r.IntN(5) == 0 {
		s["type"] = []string{kind, "null"}
	}
	some := func(n int) bool { return r.IntN(n) == 0 }
	switch kind {
	case "string":
		if some(3) {
			s["minLength"] = r.IntN(60)
		}
		if some(3) {
			s["maxLength"] = r.IntN(80)
		}
		if some(5) {
			s["enum"] = []any{"billing", "low", "high", "negative", "vi", "other", nil, 3}[:1+r.IntN(8)]
		}
		if some(8) {
			s["format"] = []string{"date", "email", "uri", "uuid", "date-time", "time", "unheard-of"}[r.IntN(7)]
		}
	case "number", "integer":
		if some(2) {
			s[[]string{"minimum", "exclusiveMinimum"}[r.IntN(2)]] = float64(r.IntN(200)-100) / 4
		}
		if some(2) {
			s[[]string{"maximum", "exclusiveMaximum"}[r.IntN(2)]] = float64(r.IntN(400)-100) / 4
		}
		if some(4) {
			s["multipleOf"] = []float64{0.1, 0.25, 1, 3, 7.5}[r.IntN(5)]
		}
	case "array":
		s["items"] = schemaOf(r, depth-1)
		if some(3) {
			s["minItems"] = r.IntN(6)
		}
		if some(3) {
			s["maxItems"] = r.IntN(8)
		}
		s["uniqueItems"] = some(4)
	case "object":
		properties, required := map[string]any{}, []string{}
		for range r.IntN(5) {
			name := names[r.IntN(len(names))]
			properties[name] = schemaOf(r, depth-1)
			if some(2) {
				required = append(required, name)
			}
		}
		s["properties"], s["additionalProperties"] = properties, false
		if len(required) > 0 && len(properties) > 0 {
			s["required"] = unique(required)
		}
	}
	if some(12) {
		return map[string]any{[]string{"anyOf", "oneOf"}[r.IntN(2)]: []any{s, map[string]any{"type": "null"}}}
	}
	return s
}

func unique(list []string) []string {
	seen, out := map[string]bool{}, []string{}
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}

// Whatever it answers fits the schema, by an independent validator.
func FuzzFill(f *testing.F) {
	for seed := range uint64(60) {
		f.Add(seed, complaint)
	}
	f.Add(uint64(7), "")
	f.Add(uint64(8), "!!!")
	f.Add(uint64(9), "\x00\xff\u2028 {\"records\":[{\"id\":1,\"text\":null}]}")
	f.Add(uint64(10), "không có gì 你好 😀")
	m := newModel(f)
	f.Fuzz(func(t *testing.T, seed uint64, text string) {
		raw, err := json.Marshal(schemaOf(rand.New(rand.NewPCG(seed, 1)), 3))
		if err != nil {
			t.Fatal(err)
		}
		schema := string(raw)
		answer, err := m.Answer(Prompt{User: []string{text}, Schema: schema})
		if err != nil {
			var told *SchemaError
			if !errors.As(err, &told) {
				t.Fatalf("%v: %s", err, schema)
			}
			return
		}
		if err := validate(t, schema, answer); err != nil {
			t.Fatalf("%v\nschema %s\nanswer %s", err, schema, answer)
		}
	})
}

// No schema makes it panic or hang, and no answer breaks its schema.
func FuzzSchema(f *testing.F) {
	f.Add(messageSchema)
	for _, s := range []string{
		`{"type":"object","const":{"a":1}}`, `{"enum":[{"a":1},null]}`, `{"type":["null","string"],"enum":[null]}`, `{"oneOf":[{"type":["string","null"]},{"type":"null"}]}`,
		`{"type":"array","items":{"type":"array","minItems":9999,"items":{"type":"array","minItems":9999}},"minItems":9999}`,
		`{"$defs":{"a":{"anyOf":[{"$ref":"#/$defs/a"}]}},"$ref":"#/$defs/a"}`, `{"properties":{"a":{},"a":{"type":"number"}},"required":["a"]}`,
		`{"type":"number","multipleOf":1e-9,"minimum":0.0000000005}`, `{"type":"integer","enum":[1.5,2.0]}`, `{"nullable":true,"type":"string"}`, `true`,
	} {
		f.Add(s)
	}
	m := newModel(f)
	f.Fuzz(func(t *testing.T, schema string) {
		began := time.Now()
		answer, err := m.Answer(Prompt{User: []string{complaint}, Schema: schema})
		if took := time.Since(began); took > 20*time.Second {
			t.Fatalf("%v for a schema of %d bytes", took, len(schema))
		}
		if err == nil && schema != "" && !strings.Contains(schema, "$schema") && !strings.Contains(schema, "$id") {
			if err := validate(t, schema, answer); err != nil {
				t.Fatalf("%v\nanswer %s", err, answer)
			}
		}
	})
}

// Finding the input reads any text in time proportional to it.
func FuzzInput(f *testing.F) {
	f.Add(`{"records":[{"id":"1","text":"a"}]}`)
	f.Add(strings.Repeat("{", 3000))
	f.Add(strings.Repeat(`{"a":`, 3000))
	f.Add(`{"parameters":{"labels":{"a":1},"fields":[[]],"language":3},"records":[1,null,[],{"id":{},"text":{"text":5}}]}`)
	m := newModel(f)
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := m.Answer(Prompt{User: []string{text}}); err != nil {
			t.Fatal(err)
		}
	})
}

// hostile are inputs that would hurt a reader which looks at everything twice.
func hostile(size int) map[string]string {
	fill := func(s string) string { return strings.Repeat(s, size/len(s)+1)[:size] }
	return map[string]string{
		"one word": fill("a"), "one letter words": fill("a "), "capitals": fill("Aaa Bbb "), "digits": fill("1"), "phones": fill("0912 345 678 "),
		"dots": fill("."), "short sentences": fill("No. "), "lines": fill("\n"), "at signs": fill("@"), "almost addresses": fill("a@b"), "braces": fill("{"),
		"quotes": fill(`"`), "Chinese": strings.Repeat("退款问题", size/12), "Vietnamese": strings.Repeat("không hài lòng ", size/18), "zero": fill("\x00"),
		"exclamation": fill("!"), "questions": fill("what? "), "links": fill("https://"), "not not": fill("not very "), "broken UTF-8": fill("\xff"),
		"amounts": fill("$1,"), "order order": fill("order "), "hyphens": fill("a-"), "titles": fill("Mr "), "json": fill(`{"records":[`),
	}
}

const everything = `{"type":"object","properties":{"summary":{"type":"string"},"title":{"type":"string"},"keywords":{"type":"array","items":{"type":"string"}},
	"entities":{"type":"array","items":{"type":"object","properties":{"type":{"type":"string"},"text":{"type":"string"}}}},"label":{"type":"string"},
	"reason":{"type":"string"},"sentiment":{"enum":["positive","negative","neutral"]},"language":{"type":"string"},"urgent":{"type":"boolean"},
	"actions":{"type":"array","items":{"type":"string"}},"questions":{"type":"array","items":{"type":"string"}},"word_count":{"type":"integer"},"reply":{"type":"string"}}}`

// Twice the input takes about twice the time, not four times: measured loosely,
// since machines differ, and only where the time can be measured at all.
func TestHostileInputsAreReadInLinearTime(t *testing.T) {
	m := newModel(t)
	took := func(text string) time.Duration {
		best := time.Hour
		for range 3 {
			began := time.Now()
			if _, err := m.Answer(Prompt{User: []string{text}, Schema: everything}); err != nil {
				t.Fatal(err)
			}
			best = min(best, time.Since(began))
		}
		return best
	}
	large := hostile(200 << 10)
	for name, small := range hostile(12 << 10) {
		before, after := took(small), took(large[name])
		if after > 40*before+time.Second {
			t.Errorf("%s: %v for 12 KB, %v for 200 KB", name, before, after)
		}
		t.Logf("%s: %v for 12 KB, %v for 200 KB", name, before, after)
	}
}

func BenchmarkLargeRecord(b *testing.B) {
	m := newModel(b)
	text := strings.Repeat("Please check order #A-10293, the parcel from Berlin arrived on 3 March 2026 and was damaged. ", 2200)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := m.Answer(Prompt{User: []string{text}, Schema: everything}); err != nil {
			b.Fatal(err)
		}
	}
}
