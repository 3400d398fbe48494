package conformance

import (
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

const everything = `{"source":["shop"]}`

// ebPuts are the cases about PutEvents.
var ebPuts = []Case{
	{"an event arrives as AWS writes it", ebGuide + "eb-events-structure.html", onBus(func(e events) {
		url := e.q.make()
		e.rule(e.bus, everything, e.to(url))
		at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
		in := e.entry("Ordered", `{"n":1,"text":"Xin chào <b>&</b>","deep":{"list":[1,null,true]}}`)
		in.Time, in.Resources = &at, []string{"arn:aws:s3:::a"}
		id := e.put(in)[0]
		got := e.heard(url, 1)[0]
		if got.Version != "0" || got.ID != id || got.Source != "shop" || got.DetailType != "Ordered" || got.Account != e.q.target.Account ||
			got.Region != region || !got.Time.Equal(at) || len(got.Resources) != 1 || got.Resources[0] != "arn:aws:s3:::a" || !sameJSON(e, string(got.Detail), *in.Detail) {
			e.Errorf("got %+v", got)
		}
	})},
	{"an event without a time has that of the call", ebAPI + "API_PutEventsRequestEntry.html", onBus(func(e events) {
		url := e.q.make()
		e.rule(e.bus, everything, e.to(url))
		before := time.Now().Add(-2 * time.Second)
		e.put(e.entry("Ordered", `{}`))
		if at := e.heard(url, 1)[0].Time; at.Before(before) || at.After(time.Now().Add(2*time.Second)) {
			e.Errorf("time %s", at)
		}
	})},
	{"an event without resources has an empty list", ebGuide + "eb-events-structure.html", onBus(func(e events) {
		url := e.q.make()
		e.rule(e.bus, everything, e.to(url))
		e.put(e.entry("Ordered", `{}`))
		if body := e.bodies(url, 1)[0]; !strings.Contains(strings.ReplaceAll(body, " ", ""), `"resources":[]`) {
			e.Error(body)
		}
	})},
	{"ten events in one call have ten ids", ebAPI + "API_PutEvents.html", onBus(func(e events) {
		var entries []types.PutEventsRequestEntry
		for i := range 10 {
			entries = append(entries, e.entry(fmt.Sprint(i), `{}`))
		}
		ids := map[string]bool{}
		for _, id := range e.put(entries...) {
			ids[id] = true
		}
		if len(ids) != 10 {
			e.Errorf("%d ids", len(ids))
		}
	})},
	{"a bad entry does not disturb its neighbours", ebAPI + "API_PutEvents.html", onBus(func(e events) {
		url := e.q.make()
		e.rule(e.bus, everything, e.to(url))
		out, err := e.PutEvents(e.Context(), &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{
			e.entry("first", `{}`), e.entry("second", `{"a":`), e.entry("third", `{}`)}})
		if err != nil || out.FailedEntryCount != 1 || len(out.Entries) != 3 {
			e.Fatalf("%+v, %v", out, err)
		}
		for i, result := range out.Entries {
			if bad := i == 1; (result.EventId == nil) != bad || (aws.ToString(result.ErrorCode) == "MalformedDetail") != bad {
				e.Errorf("entry %d: id %s, error %s", i, aws.ToString(result.EventId), aws.ToString(result.ErrorCode))
			}
		}
		if got := e.heard(url, 2); got[0].DetailType != "first" || got[1].DetailType != "third" {
			e.Errorf("heard %s and %s", got[0].DetailType, got[1].DetailType)
		}
	})},
	badEntry("without a source", "InvalidArgument", func(entry *types.PutEventsRequestEntry) { entry.Source = nil }),
	badEntry("without a detail type", "InvalidArgument", func(entry *types.PutEventsRequestEntry) { entry.DetailType = nil }),
	badEntry("without a detail", "InvalidArgument", func(entry *types.PutEventsRequestEntry) { entry.Detail = nil }),
	badEntry("whose detail is not JSON", "MalformedDetail", func(entry *types.PutEventsRequestEntry) { entry.Detail = aws.String("{") }),
	badEntry("whose detail is no object", "MalformedDetail", func(entry *types.PutEventsRequestEntry) { entry.Detail = aws.String("[1]") }),
	badEntry("whose source is AWS", "NotAuthorizedForSourceException", func(entry *types.PutEventsRequestEntry) { entry.Source = aws.String("aws.s3") }),
	{"eleven entries are refused", ebAPI + "API_PutEvents.html", onBus(func(e events) {
		_, err := e.PutEvents(e.Context(), &eventbridge.PutEventsInput{Entries: make([]types.PutEventsRequestEntry, 11)})
		wantCode(e, err, "ValidationException")
	})},
	{"no entries are refused", ebAPI + "API_PutEvents.html", onBus(func(e events) {
		_, err := e.PutEvents(e.Context(), &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{}})
		wantCode(e, err, "ValidationException")
	})},
	{"more than 1 MB is refused", ebGuide + "eb-putevents.html", onBus(func(e events) {
		large := e.entry("x", `{"x":"`+strings.Repeat("x", 600_000)+`"}`)
		_, err := e.PutEvents(e.Context(), &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{large, large}})
		wantCode(e, err, "ValidationException")
	})},
	{"600 KB are taken", ebGuide + "eb-putevents.html", onBus(func(e events) {
		url := e.q.make()
		e.rule(e.bus, everything, e.to(url))
		e.put(e.entry("large", `{"x":"`+strings.Repeat("x", 600_000)+`"}`))
		if got := e.heard(url, 1)[0]; len(got.Detail) < 600_000 {
			e.Errorf("%d bytes", len(got.Detail))
		}
	})},
}

// badEntry is a case of an entry that fails by itself.
func badEntry(what, code string, spoil func(entry *types.PutEventsRequestEntry)) Case {
	return Case{"an entry " + what, ebAPI + "API_PutEventsResultEntry.html", onBus(func(e events) {
		entry := e.entry("Ordered", `{}`)
		spoil(&entry)
		out, err := e.PutEvents(e.Context(), &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{entry}})
		if err != nil || out.FailedEntryCount != 1 || aws.ToString(out.Entries[0].ErrorCode) != code || aws.ToString(out.Entries[0].ErrorMessage) == "" || out.Entries[0].EventId != nil {
			e.Errorf("%+v, %v; want %s", out, err, code)
		}
	})}
}

// ebRoutes are the cases about which targets an event reaches.
var ebRoutes = []Case{
	{"an event is on its own bus only", ebGuide + "eb-event-bus.html", onBus(func(e events) {
		here, there, other := e.q.make(), e.q.make(), e.newBus()
		e.rule(e.bus, everything, e.to(here))
		e.rule(other, everything, e.to(there))
		e.put(e.entry("one", `{}`))
		e.heard(here, 1)
		e.q.none(there)
	})},
	{"a bus may be named by its ARN", ebAPI + "API_PutEventsRequestEntry.html", onBus(func(e events) {
		url := e.q.make()
		e.rule(e.bus, everything, e.to(url))
		entry := e.entry("one", `{}`)
		entry.EventBusName = aws.String(e.busARN(e.bus))
		e.put(entry)
		e.heard(url, 1)
	})},
	{"without a bus it is the default one", ebAPI + "API_PutEventsRequestEntry.html", onBus(func(e events) {
		url, source := e.q.make(), name("source")
		e.rule("default", `{"source":["`+source+`"]}`, e.to(url))
		entry := e.entry("one", `{}`)
		entry.EventBusName, entry.Source = nil, &source
		e.put(entry)
		e.heard(url, 1)
	})},
	{"a bus is a target", ebGuide + "eb-bus-to-bus.html", onBus(func(e events) {
		url, other := e.q.make(), e.newBus()
		e.rule(e.bus, everything, types.Target{Arn: aws.String(e.busARN(other)), RoleArn: aws.String("arn:aws:iam::" + e.q.target.Account + ":role/events")})
		e.rule(other, `{"detail-type":["one"]}`, e.to(url))
		id := e.put(e.entry("one", `{"n":1}`), e.entry("two", `{}`))[0]
		if got := e.heard(url, 1)[0]; got.ID != id || got.Source != "shop" || !sameJSON(e, string(got.Detail), `{"n":1}`) {
			e.Errorf("%+v", got)
		}
	})},
	{"every rule that matches delivers", ebGuide + "eb-rules.html", onBus(func(e events) {
		url := e.q.make()
		e.rule(e.bus, everything, e.to(url))
		e.rule(e.bus, `{"detail":{"n":[1]}}`, e.to(url))
		e.put(e.entry("one", `{"n":1}`))
		if got := e.heard(url, 2); got[0].ID != got[1].ID {
			e.Errorf("ids %s and %s", got[0].ID, got[1].ID)
		}
	})},
	{"a rule has several targets", ebGuide + "eb-targets.html", onBus(func(e events) {
		a, b := e.q.make(), e.q.make()
		e.rule(e.bus, everything, e.to(a), e.to(b))
		e.put(e.entry("one", `{}`))
		e.heard(a, 1)
		e.heard(b, 1)
	})},
	{"a disabled rule delivers nothing until it is enabled", ebAPI + "API_DisableRule.html", onBus(func(e events) {
		url := e.q.make()
		rule := e.rule(e.bus, everything, e.to(url))
		if _, err := e.DisableRule(e.Context(), &eventbridge.DisableRuleInput{Name: &rule, EventBusName: &e.bus}); err != nil {
			e.Fatal(err)
		}
		e.put(e.entry("lost", `{}`))
		if _, err := e.EnableRule(e.Context(), &eventbridge.EnableRuleInput{Name: &rule, EventBusName: &e.bus}); err != nil {
			e.Fatal(err)
		}
		e.put(e.entry("heard", `{}`))
		if got := e.heard(url, 1); got[0].DetailType != "heard" {
			e.Error(got[0].DetailType)
		}
	})},
	{"a rule made disabled delivers nothing", ebAPI + "API_PutRule.html", onBus(func(e events) {
		url, rule := e.q.make(), name("rule")
		if _, err := e.PutRule(e.Context(), &eventbridge.PutRuleInput{Name: &rule, EventBusName: &e.bus, EventPattern: aws.String(everything), State: types.RuleStateDisabled}); err != nil {
			e.Fatal(err)
		}
		target := e.to(url)
		target.Id = aws.String("a")
		if _, err := e.PutTargets(e.Context(), &eventbridge.PutTargetsInput{Rule: &rule, EventBusName: &e.bus, Targets: []types.Target{target}}); err != nil {
			e.Fatal(err)
		}
		e.put(e.entry("lost", `{}`))
		e.q.none(url)
	})},
	{"a rule's new pattern replaces the old one", ebAPI + "API_PutRule.html", onBus(func(e events) {
		url := e.q.make()
		rule := e.rule(e.bus, `{"detail-type":["old"]}`, e.to(url))
		if _, err := e.PutRule(e.Context(), &eventbridge.PutRuleInput{Name: &rule, EventBusName: &e.bus, EventPattern: aws.String(`{"detail-type":["new"]}`)}); err != nil {
			e.Fatal(err)
		}
		e.put(e.entry("old", `{}`), e.entry("new", `{}`))
		if got := e.heard(url, 1); got[0].DetailType != "new" {
			e.Error(got[0].DetailType)
		}
	})},
	{"a removed target hears nothing", ebAPI + "API_RemoveTargets.html", onBus(func(e events) {
		a, b := e.q.make(), e.q.make()
		rule := e.rule(e.bus, everything, e.to(a), e.to(b))
		if _, err := e.RemoveTargets(e.Context(), &eventbridge.RemoveTargetsInput{Rule: &rule, EventBusName: &e.bus, Ids: []string{"a"}}); err != nil {
			e.Fatal(err)
		}
		e.put(e.entry("one", `{}`))
		e.heard(b, 1)
		e.q.none(a)
	})},
}
