package conformance

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"pgregory.net/rapid"
)

type object = map[string]any

var (
	randomText   = rapid.SampledFrom([]string{"a", "A", "ab", "ba", "abc", "b", "", "ạ"})
	randomNumber = rapid.SampledFrom([]float64{-3, 1.5, 2, 5, 100})
	randomScalar = rapid.Custom(func(t *rapid.T) any {
		switch rapid.IntRange(0, 4).Draw(t, "kind") {
		case 0:
			return randomNumber.Draw(t, "number")
		case 1:
			return nil
		}
		return randomText.Draw(t, "text")
	})
	randomEvent = rapid.Custom(func(t *rapid.T) object {
		event := object{"n": object{"c": randomScalar.Draw(t, "c")}}
		for _, field := range []string{"a", "b"} {
			switch rapid.IntRange(0, 5).Draw(t, field) {
			case 0: // is not there
			case 1:
				event[field] = rapid.SliceOfN(randomScalar, 1, 3).Draw(t, "list")
			default:
				event[field] = randomScalar.Draw(t, "value")
			}
		}
		return event
	})
	randomMatch = rapid.Custom(func(t *rapid.T) any {
		text, number := randomText.Draw(t, "text"), randomNumber.Draw(t, "number")
		solid := rapid.SampledFrom([]string{"a", "ab", "b"}).Draw(t, "solid")
		wild := rapid.SampledFrom([]string{"a*", "*b", "a*c", "*"}).Draw(t, "wild")
		return rapid.SampledFrom([]any{
			text, number, nil,
			object{"prefix": solid}, object{"suffix": solid}, object{"wildcard": wild}, object{"equals-ignore-case": solid},
			object{"prefix": object{"equals-ignore-case": solid}}, object{"suffix": object{"equals-ignore-case": solid}},
			object{"anything-but": text}, object{"anything-but": []any{text, solid}}, object{"anything-but": number},
			object{"anything-but": object{"prefix": solid}}, object{"anything-but": object{"suffix": solid}},
			object{"anything-but": object{"wildcard": wild}}, object{"anything-but": object{"equals-ignore-case": solid}},
			object{"numeric": []any{">", number}}, object{"numeric": []any{">=", -3, "<", number + 10}}, object{"numeric": []any{"=", number}},
			object{"exists": true}, object{"exists": false},
		}).Draw(t, "match")
	})
	randomMatches = rapid.SliceOfN(randomMatch, 1, 2)
	randomPattern = rapid.Custom(func(t *rapid.T) object {
		a, b, c := randomMatches.Draw(t, "a"), randomMatches.Draw(t, "b"), randomMatches.Draw(t, "c")
		return rapid.SampledFrom([]object{
			{"a": a}, {"a": a}, {"a": a, "b": b}, {"n": object{"c": c}}, {"a": a, "n": object{"c": c}},
			{"$or": []any{object{"a": a}, object{"b": b}}}, {"n": object{"c": c}, "$or": []any{object{"a": a}, object{"b": b}}},
		}).Draw(t, "shape")
	})
)

// heardOf makes a rule of the pattern on a new bus, puts the events, and answers
// which of them were delivered.
func heardOf(t testing.TB, target Target, pattern string, details []string) string {
	e := events{t, eventbridge.NewFromConfig(target.Config), queues{t, sqs.NewFromConfig(target.Config), target}, ""}
	e.bus = e.newBus()
	url := e.q.make()
	e.rule(e.bus, `{"detail":`+pattern+`}`, e.to(url))
	var entries []types.PutEventsRequestEntry
	for i, detail := range details {
		entries = append(entries, e.entry(fmt.Sprintf("event %d", i), detail))
	}
	e.put(entries...) // both targets answer when they have delivered
	var got []string
	for {
		messages := e.q.receive(url, 0)
		if len(messages) == 0 {
			slices.Sort(got)
			return strings.Join(got, ", ")
		}
		for _, m := range messages {
			var one event
			if err := json.Unmarshal([]byte(*m.Body), &one); err != nil {
				t.Fatal(err)
			}
			got = append(got, one.DetailType)
		}
	}
}

// TestConformanceEventBridgeRandom asks both targets which of some random events
// a random pattern takes. What the two are known to see differently (see ebMoto:
// empty objects and arrays, arrays of objects, booleans as numbers) is not among them.
func TestConformanceEventBridgeRandom(t *testing.T) {
	const service = "EventBridge random"
	targets := Targets(t, service)
	if len(targets) < 2 {
		t.Skip("NOT COMPARED: a differential run needs moto")
	}
	rapidFlags(t, "20")
	began := time.Now()
	targets[1].until = began.Add(motoTime - motoUsed)
	defer func() { motoUsed += time.Since(began) }()
	rapid.Check(t, func(rt *rapid.T) {
		pattern := asJSON(rt, randomPattern.Draw(rt, "pattern"))
		var details []string
		for _, event := range rapid.SliceOfN(randomEvent, 6, 6).Draw(rt, "events") {
			details = append(details, asJSON(rt, event))
		}
		if !targets[1].take(t) {
			results.add(service, Moto, skipped)
			return
		}
		took := try(t, Case{Run: func(c testing.TB, moto Target) {
			if a, b := heardOf(c, targets[0], pattern, details), heardOf(c, moto, pattern, details); a != b {
				c.Fatalf("pattern %s, events\n%s\nembedded: %s\nmoto:     %s", pattern, strings.Join(details, "\n"), a, b)
			}
		}}, targets[1])
		if took.Failed() {
			rt.Fatal(took.text())
		}
		results.add(service, Moto, passed)
	})
}

func asJSON(t *rapid.T, value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
