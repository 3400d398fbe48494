package model

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

const messageSchema = `{"type":"object","properties":{
	"language":{"type":"string"},"summary":{"type":"string","maxLength":160},
	"sentiment":{"type":"string","enum":["positive","neutral","negative","mixed"]},
	"label":{"type":"string","enum":["billing","refund","bug","technical","account","shipping","praise","complaint","feature_request","other"]}},
	"required":["language","summary","sentiment","label"],"additionalProperties":false}`

// The answers need not all be right, but most: the table shows what a change of
// the word lists does. A summary must always be a part of its text.
func TestQuality(t *testing.T) {
	m := newModel(t)
	raw, err := os.ReadFile("testdata/messages.json")
	if err != nil {
		t.Fatal(err)
	}
	var messages []struct{ Text, Language, Sentiment, Label string }
	if err := json.Unmarshal(raw, &messages); err != nil {
		t.Fatal(err)
	}
	asked, right := map[string]int{}, map[string]int{}
	check := func(what, text, got, want string) {
		if want == "" {
			return
		}
		asked[what]++
		if got == want {
			right[what]++
		} else {
			t.Logf("%s: got %s, want %s: %s", what, got, want, text)
		}
	}
	for _, message := range messages {
		out, err := m.Answer(Prompt{User: []string{message.Text}, Schema: messageSchema})
		if err != nil {
			t.Fatalf("%s: %v", message.Text, err)
		}
		var got struct{ Language, Summary, Sentiment, Label string }
		if err := json.Unmarshal([]byte(out), &got); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		check("language", message.Text, got.Language, message.Language)
		check("sentiment", message.Text, got.Sentiment, message.Sentiment)
		check("label", message.Text, got.Label, message.Label)
		if got.Summary == "" || !strings.Contains(message.Text, got.Summary) {
			t.Errorf("the summary %q is no part of %q", got.Summary, message.Text)
		}
	}
	for what, share := range map[string]float64{"language": 0.97, "sentiment": 0.9, "label": 0.85} {
		if got := float64(right[what]) / float64(asked[what]); got < share {
			t.Errorf("%s: %d of %d right, want %v", what, right[what], asked[what], share)
		} else {
			t.Logf("%s: %d of %d right", what, right[what], asked[what])
		}
	}
}

func newModel(t testing.TB) *Model {
	t.Helper()
	m, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return m
}
