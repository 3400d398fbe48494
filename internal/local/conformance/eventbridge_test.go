package conformance

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// Where AWS documents EventBridge.
const (
	ebGuide = "https://docs.aws.amazon.com/eventbridge/latest/userguide/"
	ebAPI   = "https://docs.aws.amazon.com/eventbridge/latest/APIReference/"
)

func TestConformanceEventBridge(t *testing.T) {
	Conform(t, "EventBridge", slices.Concat(ebPuts, ebRoutes, ebTargets, ebArchives, ebLists, ebSchedules, ebRefusals(), ebOperators(), ebVectors(t)), ebMoto)
}

// events is a case's client of EventBridge, with a bus of its own.
type events struct {
	testing.TB
	*eventbridge.Client
	q   queues
	bus string
}

// onEvents makes a Case's Run of what a case does without a bus of its own.
func onEvents(run func(e events)) func(testing.TB, Target) {
	return func(t testing.TB, target Target) {
		run(events{t, eventbridge.NewFromConfig(target.Config), queues{t, sqs.NewFromConfig(target.Config), target}, "default"})
	}
}

// onBus makes a Case's Run of what a case does with a new bus.
func onBus(run func(e events)) func(testing.TB, Target) {
	return onEvents(func(e events) {
		e.bus = e.newBus()
		run(e)
	})
}

func (e events) newBus() string {
	e.Helper()
	bus := name("bus")
	if _, err := e.CreateEventBus(e.Context(), &eventbridge.CreateEventBusInput{Name: &bus}); err != nil {
		e.Fatalf("CreateEventBus: %v", err)
	}
	return bus
}

func (e events) busARN(bus string) string { return e.q.target.ARN("events", "event-bus/"+bus) }

// rule makes a rule on a bus with targets, and answers its name. Targets get ids.
func (e events) rule(bus, pattern string, targets ...types.Target) string {
	e.Helper()
	rule := name("rule")
	if _, err := e.PutRule(e.Context(), &eventbridge.PutRuleInput{Name: &rule, EventBusName: &bus, EventPattern: &pattern}); err != nil {
		e.Fatalf("PutRule %s: %v", pattern, err)
	}
	for i := range targets {
		targets[i].Id = aws.String(string(rune('a' + i)))
	}
	if len(targets) > 0 {
		out, err := e.PutTargets(e.Context(), &eventbridge.PutTargetsInput{Rule: &rule, EventBusName: &bus, Targets: targets})
		if err != nil || out.FailedEntryCount != 0 {
			e.Fatalf("PutTargets: %+v, %v", out, err)
		}
	}
	return rule
}

// to is a queue as a target.
func (e events) to(url string) types.Target { return types.Target{Arn: aws.String(e.q.arn(url))} }

// entry is an event for the case's bus.
func (e events) entry(kind, detail string) types.PutEventsRequestEntry {
	return types.PutEventsRequestEntry{EventBusName: &e.bus, Source: aws.String("shop"), DetailType: &kind, Detail: &detail}
}

// put publishes and fails if an entry was not taken. It answers the ids.
func (e events) put(entries ...types.PutEventsRequestEntry) []string {
	e.Helper()
	out, err := e.PutEvents(e.Context(), &eventbridge.PutEventsInput{Entries: entries})
	if err != nil || out.FailedEntryCount != 0 {
		e.Fatalf("PutEvents: %+v, %v", out, err)
	}
	ids := make([]string, len(out.Entries))
	for i, entry := range out.Entries {
		ids[i] = *entry.EventId
	}
	return ids
}

// event is what a target gets if it changes nothing.
type event struct {
	Version, ID, Source, Account, Region string
	DetailType                           string `json:"detail-type"`
	Time                                 time.Time
	Resources                            []string
	Detail                               json.RawMessage
	ReplayName                           string `json:"replay-name"`
}

// heard waits for as many events in a queue and a moment longer, fails if there
// are not just so many, and answers them in the order of their detail types.
func (e events) heard(url string, want int) []event {
	e.Helper()
	var all []event
	for _, body := range e.bodies(url, want) {
		var one event
		if err := json.Unmarshal([]byte(body), &one); err != nil {
			e.Fatalf("%s: %v", body, err)
		}
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b event) int {
		if a.DetailType < b.DetailType {
			return -1
		}
		return 1
	})
	return all
}

func (e events) bodies(url string, want int) []string {
	e.Helper()
	var all []string
	for deadline := time.Now().Add(10 * time.Second); len(all) < want && time.Now().Before(deadline); {
		for _, m := range e.q.receive(url, 2) {
			all = append(all, *m.Body)
		}
	}
	for _, m := range e.q.receive(url, 0) {
		all = append(all, *m.Body)
	}
	if len(all) != want {
		e.Fatalf("%d events, want %d: %s", len(all), want, all)
	}
	return all
}

// sameJSON tells whether two texts are the same JSON.
func sameJSON(t testing.TB, a, b string) bool {
	t.Helper()
	var parsed [2]any
	for i, text := range []string{a, b} {
		if err := json.Unmarshal([]byte(text), &parsed[i]); err != nil {
			return false
		}
	}
	x, errX := json.Marshal(parsed[0])
	y, errY := json.Marshal(parsed[1])
	return errX == nil && errY == nil && string(x) == string(y)
}
