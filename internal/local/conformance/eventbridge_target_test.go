package conformance

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

const ebTransform = ebGuide + "eb-transform-target-input.html"

// ebTargets are the cases about what a target gets, and about targets that do
// not take it.
var ebTargets = []Case{
	transforms("Input", ebAPI+"API_Target.html", types.Target{Input: aws.String(`{"fixed":true}`)}, `{"fixed":true}`),
	transforms("InputPath", ebTransform, types.Target{InputPath: aws.String("$.detail.object")}, `{"x":1}`),
	transforms("InputPath to a text", ebTransform, types.Target{InputPath: aws.String("$.detail.list[1].k")}, `"b"`),
	transforms("InputTransformer with values", ebTransform, transformer(`{"a":<name>,"n":<n>,"o":<object>}`), `{"a":"Nguyễn","n":7,"o":{"x":1}}`),
	transforms("InputTransformer within a text", ebTransform, transformer(`{"t":"<name> has <n>"}`), `{"t":"Nguyễn has 7"}`),
	transforms("InputTransformer of a text", ebTransform, transformer(`"<type>: <n>"`), `"Ordered: 7"`),
	{"InputTransformer with the rule's name", ebTransform, onBus(func(e events) {
		url := e.q.make()
		target := e.to(url)
		target.InputTransformer = &types.InputTransformer{InputTemplate: aws.String(`{"rule":"<aws.events.rule-name>","arn":"<aws.events.rule-arn>","event":<aws.events.event.json>}`)}
		rule := e.rule(e.bus, everything, target)
		id := e.put(e.entry("Ordered", `{"n":7}`))[0]
		var got struct {
			Rule, ARN string
			Event     event
		}
		body := e.bodies(url, 1)[0]
		err := json.Unmarshal([]byte(body), &got)
		if err != nil || got.Rule != rule || got.ARN != e.q.target.ARN("events", "rule/"+e.bus+"/"+rule) || got.Event.ID != id {
			e.Errorf("%s, %v", body, err)
		}
	})},
	{"a message group on a standard queue", ebAPI + "API_SqsParameters.html", onBus(func(e events) {
		url := e.q.make()
		target := e.to(url)
		target.SqsParameters = &types.SqsParameters{MessageGroupId: aws.String("tenant")}
		e.rule(e.bus, everything, target)
		e.put(e.entry("one", `{}`))
		if m := e.q.one(url); m.Attributes["MessageGroupId"] != "tenant" {
			e.Errorf("%v", m.Attributes)
		}
	})},
	{"what a target does not take goes to its dead-letter queue", ebGuide + "eb-rule-dlq.html", onBus(func(e events) {
		dead := e.q.make()
		target := e.to(dead + "-none")
		target.DeadLetterConfig = &types.DeadLetterConfig{Arn: aws.String(e.q.arn(dead))}
		rule := e.rule(e.bus, everything, target)
		id := e.put(e.entry("one", `{"n":1}`))[0]
		letter := e.q.one(dead)
		if !strings.Contains(*letter.Body, id) {
			e.Errorf("body %s", *letter.Body)
		}
		for attribute, want := range map[string]string{"RULE_ARN": e.q.target.ARN("events", "rule/"+e.bus+"/"+rule), "TARGET_ARN": *target.Arn, "ERROR_CODE": "NO_RESOURCE"} {
			if got := aws.ToString(letter.MessageAttributes[attribute].StringValue); got != want {
				e.Errorf("%s is %q, want %q", attribute, got, want)
			}
		}
		if aws.ToString(letter.MessageAttributes["ERROR_MESSAGE"].StringValue) == "" {
			e.Error("no ERROR_MESSAGE")
		}
	})},
	{"a target that is gone does not disturb the others", ebGuide + "eb-targets.html", onBus(func(e events) {
		url := e.q.make()
		e.rule(e.bus, everything, e.to(url+"-none"), e.to(url))
		e.put(e.entry("one", `{}`))
		e.heard(url, 1)
	})},
}

func transformer(template string) types.Target {
	return types.Target{InputTransformer: &types.InputTransformer{InputTemplate: &template, InputPathsMap: map[string]string{
		"name": "$.detail.name", "n": "$.detail.n", "object": "$.detail.object", "type": "$.detail-type"}}}
}

// transforms is a case of a target that changes what it gets.
func transforms(name, page string, target types.Target, want string) Case {
	return Case{name, page, onBus(func(e events) {
		url := e.q.make()
		own := target
		own.Arn = aws.String(e.q.arn(url))
		e.rule(e.bus, everything, own)
		e.put(e.entry("Ordered", `{"name":"Nguyễn","n":7,"list":[{"k":"a"},{"k":"b"}],"object":{"x":1}}`))
		if body := e.bodies(url, 1)[0]; !sameJSON(e, body, want) {
			e.Errorf("got %s, want %s", body, want)
		}
	})}
}

// archive makes an archive of the case's bus and answers its ARN.
func (e events) archive(pattern *string) string {
	e.Helper()
	out, err := e.CreateArchive(e.Context(), &eventbridge.CreateArchiveInput{ArchiveName: aws.String(name("archive")), EventSourceArn: aws.String(e.busARN(e.bus)), EventPattern: pattern})
	if err != nil {
		e.Fatalf("CreateArchive: %v", err)
	}
	return *out.ArchiveArn
}

// replay replays the last hour of an archive and waits until it is done.
func (e events) replay(archive string) string {
	e.Helper()
	replay := name("replay")
	_, err := e.StartReplay(e.Context(), &eventbridge.StartReplayInput{ReplayName: &replay, EventSourceArn: &archive, Destination: &types.ReplayDestination{Arn: aws.String(e.busARN(e.bus))},
		EventStartTime: aws.Time(time.Now().Add(-time.Hour)), EventEndTime: aws.Time(time.Now().Add(time.Minute))})
	if err != nil {
		e.Fatalf("StartReplay: %v", err)
	}
	waitFor(e, "the replay is completed", func() bool {
		out, err := e.DescribeReplay(e.Context(), &eventbridge.DescribeReplayInput{ReplayName: &replay})
		return err == nil && out.State == types.ReplayStateCompleted
	})
	return replay
}

// ebArchives are the cases about archives and replays.
var ebArchives = []Case{
	{"archived events are replayed, marked with the replay's name", ebGuide + "eb-replay-archived-event.html", onBus(func(e events) {
		archive := e.archive(nil)
		id := e.put(e.entry("one", `{"n":1}`))[0]
		url := e.q.make()
		e.rule(e.bus, everything, e.to(url))
		replay := e.replay(archive)
		if got := e.heard(url, 1)[0]; got.ReplayName != replay || !sameJSON(e, string(got.Detail), `{"n":1}`) || got.ID == "" {
			e.Errorf("event %s: %+v, want %s", id, got, replay)
		}
	})},
	{"an archive keeps what its pattern takes", ebGuide + "eb-archive-event.html", onBus(func(e events) {
		archive := e.archive(aws.String(`{"detail":{"keep":[true]}}`))
		e.put(e.entry("left", `{"keep":false}`), e.entry("kept", `{"keep":true}`))
		url := e.q.make()
		e.rule(e.bus, everything, e.to(url))
		e.replay(archive)
		if got := e.heard(url, 1); got[0].DetailType != "kept" {
			e.Error(got[0].DetailType)
		}
	})},
	{"an archive keeps its own bus's events", ebGuide + "eb-archive-event.html", onBus(func(e events) {
		archive, own := e.archive(nil), e.bus
		e.bus = e.newBus()
		e.put(e.entry("elsewhere", `{}`))
		e.bus = own
		e.put(e.entry("here", `{}`))
		url := e.q.make()
		e.rule(e.bus, everything, e.to(url))
		e.replay(archive)
		if got := e.heard(url, 1); got[0].DetailType != "here" {
			e.Error(got[0].DetailType)
		}
	})},
	{"a replay may be for named rules only", ebAPI + "API_ReplayDestination.html", onBus(func(e events) {
		archive := e.archive(nil)
		e.put(e.entry("one", `{}`))
		a, b, replay := e.q.make(), e.q.make(), name("replay")
		chosen := e.rule(e.bus, everything, e.to(a))
		e.rule(e.bus, everything, e.to(b))
		_, err := e.StartReplay(e.Context(), &eventbridge.StartReplayInput{ReplayName: &replay, EventSourceArn: &archive,
			Destination:    &types.ReplayDestination{Arn: aws.String(e.busARN(e.bus)), FilterArns: []string{e.q.target.ARN("events", "rule/"+e.bus+"/"+chosen)}},
			EventStartTime: aws.Time(time.Now().Add(-time.Hour)), EventEndTime: aws.Time(time.Now().Add(time.Minute))})
		if err != nil {
			e.Fatal(err)
		}
		e.heard(a, 1)
		e.q.none(b)
	})},
	{"a replay's window is judged", ebAPI + "API_StartReplay.html", onBus(func(e events) {
		_, err := e.StartReplay(e.Context(), &eventbridge.StartReplayInput{ReplayName: aws.String(name("replay")), EventSourceArn: aws.String(e.archive(nil)),
			Destination:    &types.ReplayDestination{Arn: aws.String(e.busARN(e.bus))},
			EventStartTime: aws.Time(time.Now()), EventEndTime: aws.Time(time.Now().Add(-time.Hour))})
		wantCode(e, err, "ValidationException")
	})},
}
