package eventbridge

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/smithy-go"
)

func TestTheWholeWayOverTheWire(t *testing.T) {
	s, q := newState(t, Config{})
	c, ctx := client(t, s), t.Context()
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	bus, err := c.CreateEventBus(ctx, &sdk.CreateEventBusInput{Name: aws.String("own"), Description: aws.String("ours"),
		Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("đội")}}})
	must(bus, err)
	made, err := c.PutRule(ctx, &sdk.PutRuleInput{Name: aws.String("r"), EventBusName: bus.EventBusArn, EventPattern: aws.String(`{"source":["shop"]}`),
		Description: aws.String("d"), Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}})
	must(made, err)
	if want := "arn:aws:events:us-east-1:000000000000:rule/own/r"; *made.RuleArn != want {
		t.Errorf("rule ARN %s, want %s", *made.RuleArn, want)
	}
	put, err := c.PutTargets(ctx, &sdk.PutTargetsInput{Rule: aws.String("r"), EventBusName: aws.String("own"), Targets: []types.Target{{
		Id: aws.String("q"), Arn: aws.String(queue), DeadLetterConfig: &types.DeadLetterConfig{Arn: aws.String(deadQueue)},
		RetryPolicy:   &types.RetryPolicy{MaximumRetryAttempts: aws.Int32(0), MaximumEventAgeInSeconds: aws.Int32(60)},
		SqsParameters: &types.SqsParameters{MessageGroupId: aws.String("g")},
	}}})
	must(put, err)
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	out, err := c.PutEvents(ctx, &sdk.PutEventsInput{Entries: []types.PutEventsRequestEntry{
		{EventBusName: aws.String("own"), Source: aws.String("shop"), DetailType: aws.String("Ordered"), Detail: aws.String(`{"tên":"Hà Nội"}`), Time: &at},
		{Source: aws.String("shop"), DetailType: aws.String("Ordered"), Detail: aws.String(`{`)},
	}})
	must(out, err)
	if out.FailedEntryCount != 1 || out.Entries[0].EventId == nil || *out.Entries[1].ErrorCode != "MalformedDetail" {
		t.Errorf("results %+v", out.Entries)
	}
	got := q.in(queue)
	if len(got) != 1 || !bytes.Contains(got[0].Body, []byte(`"time":"2026-03-04T05:06:07Z"`)) || !bytes.Contains(got[0].Body, []byte("Hà Nội")) {
		t.Fatalf("delivered %s", got)
	}
	targets, err := c.ListTargetsByRule(ctx, &sdk.ListTargetsByRuleInput{Rule: aws.String("r"), EventBusName: aws.String("own")})
	must(targets, err)
	if len(targets.Targets) != 1 || *targets.Targets[0].RetryPolicy.MaximumRetryAttempts != 0 || *targets.Targets[0].DeadLetterConfig.Arn != deadQueue {
		t.Errorf("targets %+v", targets.Targets)
	}
	names, err := c.ListRuleNamesByTarget(ctx, &sdk.ListRuleNamesByTargetInput{TargetArn: aws.String(queue), EventBusName: aws.String("own")})
	must(names, err)
	if len(names.RuleNames) != 1 || names.RuleNames[0] != "r" {
		t.Errorf("rule names %v", names.RuleNames)
	}
	must(c.DisableRule(ctx, &sdk.DisableRuleInput{Name: aws.String("r"), EventBusName: aws.String("own")}))
	rule, err := c.DescribeRule(ctx, &sdk.DescribeRuleInput{Name: aws.String("r"), EventBusName: aws.String("own")})
	must(rule, err)
	if rule.State != types.RuleStateDisabled || *rule.Description != "d" || *rule.EventBusName != "own" {
		t.Errorf("rule %+v", rule)
	}
	must(c.EnableRule(ctx, &sdk.EnableRuleInput{Name: aws.String("r"), EventBusName: aws.String("own")}))
	must(c.TagResource(ctx, &sdk.TagResourceInput{ResourceARN: made.RuleArn, Tags: []types.Tag{{Key: aws.String("k2"), Value: aws.String("v2")}}}))
	must(c.UntagResource(ctx, &sdk.UntagResourceInput{ResourceARN: made.RuleArn, TagKeys: []string{"k"}}))
	tags, err := c.ListTagsForResource(ctx, &sdk.ListTagsForResourceInput{ResourceARN: made.RuleArn})
	must(tags, err)
	if len(tags.Tags) != 1 || *tags.Tags[0].Key != "k2" {
		t.Errorf("tags %+v", tags.Tags)
	}
	must(c.RemoveTargets(ctx, &sdk.RemoveTargetsInput{Rule: aws.String("r"), EventBusName: aws.String("own"), Ids: []string{"q", "none"}}))
	must(c.DeleteRule(ctx, &sdk.DeleteRuleInput{Name: aws.String("r"), EventBusName: aws.String("own")}))
	must(c.DeleteEventBus(ctx, &sdk.DeleteEventBusInput{Name: aws.String("own")}))
}

func TestBusesPermissionsAndPages(t *testing.T) {
	s, _ := newState(t, Config{})
	c, ctx := client(t, s), t.Context()
	for i := range 5 {
		rule(t, s, "", fmt.Sprintf("r%d", i), `{"source":["a"]}`)
	}
	var names []string
	var token *string
	for {
		page, err := c.ListRules(ctx, &sdk.ListRulesInput{NamePrefix: aws.String("r"), Limit: aws.Int32(2), NextToken: token})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Rules {
			names = append(names, *r.Name)
		}
		if token = page.NextToken; token == nil {
			break
		}
	}
	if got := strings.Join(names, " "); got != "r0 r1 r2 r3 r4" {
		t.Errorf("rules %s", got)
	}
	for _, sid := range []string{"one", "two"} {
		_, err := c.PutPermission(ctx, &sdk.PutPermissionInput{StatementId: aws.String(sid), Action: aws.String("events:PutEvents"), Principal: aws.String("111111111111")})
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.RemovePermission(ctx, &sdk.RemovePermissionInput{StatementId: aws.String("one")}); err != nil {
		t.Fatal(err)
	}
	bus, err := c.DescribeEventBus(ctx, &sdk.DescribeEventBusInput{})
	if err != nil {
		t.Fatal(err)
	}
	if *bus.Name != "default" || !strings.Contains(*bus.Policy, `"Sid":"two"`) || strings.Contains(*bus.Policy, `"Sid":"one"`) {
		t.Errorf("bus %s with policy %s", *bus.Name, *bus.Policy)
	}
	buses, err := c.ListEventBuses(ctx, &sdk.ListEventBusesInput{})
	if err != nil || len(buses.EventBuses) != 1 || *buses.EventBuses[0].Arn != s.busARN("default") {
		t.Errorf("buses %+v, %v", buses, err)
	}
}

func TestArchivesOverTheWire(t *testing.T) {
	s, _ := newState(t, Config{})
	c, ctx := client(t, s), t.Context()
	running(t, s)
	bus := aws.String(s.busARN("default"))
	made, err := c.CreateArchive(ctx, &sdk.CreateArchiveInput{ArchiveName: aws.String("a"), EventSourceArn: bus, RetentionDays: aws.Int32(3)})
	if err != nil || made.State != types.ArchiveStateEnabled {
		t.Fatalf("%+v, %v", made, err)
	}
	putOne(t, s, entry(`{}`))
	a, err := c.DescribeArchive(ctx, &sdk.DescribeArchiveInput{ArchiveName: aws.String("a")})
	if err != nil || a.EventCount != 1 || *a.RetentionDays != 3 || *a.EventSourceArn != *bus {
		t.Errorf("%+v, %v", a, err)
	}
	if list, err := c.ListArchives(ctx, &sdk.ListArchivesInput{}); err != nil || len(list.Archives) != 1 {
		t.Errorf("%+v, %v", list, err)
	}
	_, err = c.StartReplay(ctx, &sdk.StartReplayInput{ReplayName: aws.String("p"), EventSourceArn: made.ArchiveArn, Destination: &types.ReplayDestination{Arn: bus},
		EventStartTime: aws.Time(time.Now().Add(-time.Hour)), EventEndTime: aws.Time(time.Now().Add(time.Hour))})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the end of the replay", func() bool {
		p, err := c.DescribeReplay(ctx, &sdk.DescribeReplayInput{ReplayName: aws.String("p")})
		return err == nil && p.State == types.ReplayStateCompleted && p.EventLastReplayedTime != nil && p.ReplayEndTime != nil
	})
	_, err = c.CancelReplay(ctx, &sdk.CancelReplayInput{ReplayName: aws.String("p")})
	var illegal *types.IllegalStatusException
	if !errors.As(err, &illegal) {
		t.Errorf("cancelling what is over: %v", err)
	}
	if list, err := c.ListReplays(ctx, &sdk.ListReplaysInput{State: types.ReplayStateCompleted}); err != nil || len(list.Replays) != 1 {
		t.Errorf("%+v, %v", list, err)
	}
	if _, err := c.DeleteArchive(ctx, &sdk.DeleteArchiveInput{ArchiveName: aws.String("a")}); err != nil {
		t.Error(err)
	}
}

func TestRefusalsHaveAWSNames(t *testing.T) {
	s, _ := newState(t, Config{})
	c, ctx := client(t, s), t.Context()
	rule(t, s, "", "taken", `{"source":["a"]}`, Target{ARN: queue})
	if _, err := s.CreateBus(ctx, Bus{Name: "own"}); err != nil {
		t.Fatal(err)
	}
	rule(t, s, "own", "r", `{"source":["a"]}`)
	putTargets := func(targets ...types.Target) error {
		_, err := c.PutTargets(ctx, &sdk.PutTargetsInput{Rule: aws.String("taken"), Targets: targets})
		return err
	}
	target := func(arn string) types.Target { return types.Target{Id: aws.String("x"), Arn: aws.String(arn)} }
	for _, test := range []struct {
		name, code, message string
		act                 func() error
	}{
		{"pattern", "InvalidEventPatternException", "Event pattern is not valid. Reason: Unrecognized match type foo", func() error {
			_, err := c.PutRule(ctx, &sdk.PutRuleInput{Name: aws.String("x"), EventPattern: aws.String(`{"a":[{"foo":1}]}`)})
			return err
		}},
		{"nothing to match", "ValidationException", "Parameter(s) EventPattern or ScheduleExpression must be specified.", func() error {
			_, err := c.PutRule(ctx, &sdk.PutRuleInput{Name: aws.String("x")})
			return err
		}},
		{"schedule", "ValidationException", "Parameter ScheduleExpression is not valid. Reason: the unit of 1 is singular: rate(1 minute).", func() error {
			_, err := c.PutRule(ctx, &sdk.PutRuleInput{Name: aws.String("x"), ScheduleExpression: aws.String("rate(1 minutes)")})
			return err
		}},
		{"schedule on another bus", "ValidationException", "ScheduleExpression is supported only on the default event bus.", func() error {
			_, err := c.PutRule(ctx, &sdk.PutRuleInput{Name: aws.String("x"), EventBusName: aws.String("own"), ScheduleExpression: aws.String("rate(1 minute)")})
			return err
		}},
		{"rule's name", "ValidationException", "", func() error {
			_, err := c.PutRule(ctx, &sdk.PutRuleInput{Name: aws.String("a b"), EventPattern: aws.String(`{"a":["b"]}`)})
			return err
		}},
		{"rule on no bus", "ResourceNotFoundException", "Event bus none does not exist.", func() error {
			_, err := c.PutRule(ctx, &sdk.PutRuleInput{Name: aws.String("x"), EventBusName: aws.String("none"), EventPattern: aws.String(`{"a":["b"]}`)})
			return err
		}},
		{"no rule", "ResourceNotFoundException", "Rule none does not exist on EventBus default.", func() error {
			_, err := c.DescribeRule(ctx, &sdk.DescribeRuleInput{Name: aws.String("none")})
			return err
		}},
		{"rule with targets", "ValidationException", "Rule can't be deleted since it has targets.", func() error {
			_, err := c.DeleteRule(ctx, &sdk.DeleteRuleInput{Name: aws.String("taken")})
			return err
		}},
		{"bus twice", "ResourceAlreadyExistsException", "Event bus own already exists.", func() error {
			_, err := c.CreateEventBus(ctx, &sdk.CreateEventBusInput{Name: aws.String("own")})
			return err
		}},
		{"default bus", "ValidationException", "Cannot delete event bus default.", func() error {
			_, err := c.DeleteEventBus(ctx, &sdk.DeleteEventBusInput{Name: aws.String("default")})
			return err
		}},
		{"bus with rules", "ValidationException", "", func() error {
			_, err := c.DeleteEventBus(ctx, &sdk.DeleteEventBusInput{Name: aws.String("own")})
			return err
		}},
		{"target's ARN", "ValidationException", "", func() error { return putTargets(target("nonsense")) }},
		{"target's service", "ValidationException", "", func() error { return putTargets(target("arn:aws:lambda:us-east-1:0:function:f")) }},
		{"target's placeholder", "ValidationException", "InputTemplate for target x contains invalid placeholder no.", func() error {
			bad := target(queue)
			bad.InputTransformer = &types.InputTransformer{InputTemplate: aws.String(`{"a":<no>}`)}
			return putTargets(bad)
		}},
		{"target's path by a name of AWS's", "ValidationException", "", func() error {
			bad := target(queue)
			bad.InputTransformer = &types.InputTransformer{InputTemplate: aws.String(`{"a":1}`), InputPathsMap: map[string]string{"AWS.a": "$.detail"}}
			return putTargets(bad)
		}},
		{"target's input", "ValidationException", "", func() error {
			bad := target(queue)
			bad.Input = aws.String("{")
			return putTargets(bad)
		}},
		{"six targets", "LimitExceededException", "", func() error {
			var many []types.Target
			for i := range 6 {
				many = append(many, types.Target{Id: aws.String(fmt.Sprint("t", i)), Arn: aws.String(queue)})
			}
			return putTargets(many...)
		}},
		{"archive", "ResourceNotFoundException", "Archive none does not exist.", func() error {
			_, err := c.DescribeArchive(ctx, &sdk.DescribeArchiveInput{ArchiveName: aws.String("none")})
			return err
		}},
		{"statement", "ResourceNotFoundException", "", func() error {
			_, err := c.RemovePermission(ctx, &sdk.RemovePermissionInput{StatementId: aws.String("none")})
			return err
		}},
		{"too many entries", "ValidationException", "", func() error {
			_, err := c.PutEvents(ctx, &sdk.PutEventsInput{Entries: make([]types.PutEventsRequestEntry, 11)})
			return err
		}},
		{"unknown operation", "UnknownOperationException", "", func() error {
			_, err := c.ListConnections(ctx, &sdk.ListConnectionsInput{})
			return err
		}},
	} {
		var told smithy.APIError
		if err := test.act(); !errors.As(err, &told) || told.ErrorCode() != test.code || !strings.HasPrefix(told.ErrorMessage(), test.message) {
			t.Errorf("%s: %v; want %s: %s", test.name, err, test.code, test.message)
		}
	}
}

func TestEventPatternOverTheWire(t *testing.T) {
	s, _ := newState(t, Config{})
	c := client(t, s)
	event := `{"id":"1","account":"0","source":"shop","time":"2026-01-01T00:00:00Z","region":"us-east-1","resources":[],"detail-type":"x","detail":{"n":5}}`
	for pattern, want := range map[string]bool{`{"detail":{"n":[{"numeric":[">",4]}]}}`: true, `{"source":["other"]}`: false} {
		out, err := c.TestEventPattern(t.Context(), &sdk.TestEventPatternInput{EventPattern: &pattern, Event: &event})
		if err != nil || out.Result != want {
			t.Errorf("%s: %+v, %v", pattern, out, err)
		}
	}
	_, err := c.TestEventPattern(t.Context(), &sdk.TestEventPatternInput{EventPattern: aws.String(`{`), Event: &event})
	var refused *types.InvalidEventPatternException
	if !errors.As(err, &refused) {
		t.Errorf("a broken pattern: %v", err)
	}
}

func FuzzWire(f *testing.F) {
	f.Add("PutEvents", `{"Entries":[{"Source":"a","DetailType":"b","Detail":"{}","Time":1.5}]}`)
	f.Add("PutRule", `{"Name":"r","EventPattern":"{\"a\":[1]}"}`)
	f.Add("PutRule", `{"Name":"r","ScheduleExpression":"cron(0 0 ? * 6L 2026/2)"}`)
	f.Add("PutTargets", `{"Rule":"r","Targets":[{"Id":"1","Arn":"arn:aws:sqs:us-east-1:0:q","InputTransformer":{"InputTemplate":"<a>","InputPathsMap":{"a":"$.b[0]"}}}]}`)
	f.Add("StartReplay", `{"EventStartTime":1e300,"EventEndTime":"x"}`)
	f.Add("ListRules", `{"Limit":-1}`)
	f.Add("TagResource", `{"ResourceARN":"arn:aws:events:x:y:rule/a/b","Tags":[{"Key":"a"}]}`)
	s, _ := newState(f, Config{})
	h := Handler(s)
	f.Fuzz(func(t *testing.T, operation, body string) {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.Header.Set("X-Amz-Target", targetPrefix+operation)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		answer, _ := io.ReadAll(w.Result().Body)
		if w.Code != http.StatusOK && w.Code != http.StatusBadRequest {
			t.Fatalf("%s %q: %d %s", operation, body, w.Code, answer)
		}
	})
}
