package model

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// framed is the schema of packed answers around that of one.
func framed(answer string) string {
	return `{"type":"object","additionalProperties":false,"required":["answers"],"properties":{"answers":{"type":"array","items":` +
		`{"type":"object","additionalProperties":false,"required":["id","answer"],"properties":{"id":{"type":"string"},"answer":` + answer + `}}}}}`
}

const parcels = `Hello, my parcel 88-1203 from Berlin is two weeks late. I paid 34.90 EUR by card. Please send it to Ana Silva, ana@example.com, at once. Thanks!`

// The shapes in which a pipeline asks: what a summary, a classification, an
// extraction, a judgement and a piece of writing look like.
func TestTasks(t *testing.T) {
	m := newModel(t)
	cases := []struct{ name, parameters, schema, want string }{
		{"summarize", `{"maxSentences":3}`,
			`{"type":"object","additionalProperties":false,"required":["summary","keyPoints"],"properties":{"summary":{"type":"string","minLength":1},"keyPoints":{"type":"array","items":{"type":"string"},"maxItems":12}}}`,
			`"summary":"Hello, my parcel 88-1203 from Berlin is two weeks late. I paid 34.90 EUR by card. Please send it to Ana Silva`},
		{"classify", `{"labels":[{"label":"billing","description":"Invoices, payments, prices."},{"label":"delivery","description":"Where an order is, late, lost, wrong or damaged parcels."},"other"]}`,
			`{"type":"object","additionalProperties":false,"required":["label","confidence"],"properties":{"label":{"type":"string","enum":["billing","delivery","other"]},"confidence":{"type":"number","minimum":0,"maximum":1}}}`,
			`"label":"delivery"`},
		{"extract", `{"fields":[{"name":"people"},{"name":"places"},{"name":"orderNumbers"},{"name":"emails"},{"name":"shoeSize"},{"name":"where_from","description":"The city it comes from"}]}`,
			`{"type":"object","additionalProperties":false,"required":["people","places","orderNumbers","emails","shoeSize","where_from"],"properties":{"people":{"type":"array","items":{"type":"string"}},"places":{"type":"array","items":{"type":"string"}},"orderNumbers":{"type":"array","items":{"type":"string"}},"emails":{"type":"array","items":{"type":"string"}},"shoeSize":{"type":"array","items":{"type":"string"}},"where_from":{"type":"array","items":{"type":"string"}}}}`,
			`{"people":["Ana Silva"],"places":["Berlin"],"orderNumbers":["88-1203"],"emails":["ana@example.com"],"shoeSize":[],"where_from":["Berlin"]}`},
		{"sentiment", `{}`,
			`{"type":"object","additionalProperties":false,"required":["reason","sentiment","score"],"properties":{"reason":{"type":"string","minLength":1},"sentiment":{"type":"string","enum":["positive","neutral","negative","mixed"]},"score":{"type":"number","minimum":-1,"maximum":1}}}`,
			`"sentiment":"neg`},
		{"generate", `{"maxWords":8,"language":"vi"}`,
			`{"type":"object","additionalProperties":false,"required":["text"],"properties":{"text":{"type":"string","minLength":1}}}`,
			`{"text":"Bạn viết: “Hello, my parcel 88-1203 from Berlin"}`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			user := fmt.Sprintf(`{"parameters":%s,"records":[{"id":"AAAAAAAA","text":%s},{"id":"BBBBBBBB","text":"?"}]}`, c.parameters, quoted(parcels))
			schema := framed(c.schema)
			out, err := m.Answer(Prompt{User: []string{user}, Schema: schema})
			if err != nil {
				t.Fatal(err)
			}
			if err := validate(t, schema, out); err != nil {
				t.Fatal(err)
			}
			var got struct {
				Answers []struct {
					ID     string
					Answer json.RawMessage
				}
			}
			if err := json.Unmarshal([]byte(out), &got); err != nil {
				t.Fatal(err)
			}
			if len(got.Answers) != 2 || got.Answers[0].ID != "AAAAAAAA" || !strings.Contains(string(got.Answers[0].Answer), c.want) {
				t.Errorf("got %s, want %s", out, c.want)
			}
		})
	}
}
