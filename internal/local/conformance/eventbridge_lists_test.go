package conformance

import (
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

// ebLists are the cases about what is told of buses, rules and targets.
var ebLists = []Case{
	{"a rule is described", ebAPI + "API_DescribeRule.html", onBus(func(e events) {
		rule := e.rule(e.bus, everything)
		out, err := e.DescribeRule(e.Context(), &eventbridge.DescribeRuleInput{Name: &rule, EventBusName: &e.bus})
		if err != nil || *out.Arn != e.q.target.ARN("events", "rule/"+e.bus+"/"+rule) || out.State != types.RuleStateEnabled || *out.EventBusName != e.bus || !sameJSON(e, *out.EventPattern, everything) {
			e.Errorf("%+v, %v", out, err)
		}
	})},
	{"rules are listed by prefix and in pages", ebAPI + "API_ListRules.html", onBus(func(e events) {
		var want, got []string
		for range 3 {
			want = append(want, e.rule(e.bus, everything))
		}
		in := &eventbridge.ListRulesInput{EventBusName: &e.bus, NamePrefix: aws.String("rule-"), Limit: aws.Int32(2)}
		for {
			out, err := e.ListRules(e.Context(), in)
			if err != nil || len(out.Rules) > 2 {
				e.Fatalf("%+v, %v", out, err)
			}
			for _, rule := range out.Rules {
				got = append(got, *rule.Name)
			}
			if in.NextToken = out.NextToken; in.NextToken == nil {
				break
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			e.Errorf("got %v, want %v", got, want)
		}
	})},
	{"targets are listed", ebAPI + "API_ListTargetsByRule.html", onBus(func(e events) {
		target := e.to(e.q.make())
		target.RetryPolicy = &types.RetryPolicy{MaximumRetryAttempts: aws.Int32(3), MaximumEventAgeInSeconds: aws.Int32(60)}
		rule := e.rule(e.bus, everything, target)
		out, err := e.ListTargetsByRule(e.Context(), &eventbridge.ListTargetsByRuleInput{Rule: &rule, EventBusName: &e.bus})
		if err != nil || len(out.Targets) != 1 || *out.Targets[0].Arn != *target.Arn || *out.Targets[0].Id != "a" || *out.Targets[0].RetryPolicy.MaximumRetryAttempts != 3 {
			e.Errorf("%+v, %v", out, err)
		}
	})},
	{"the rules of a target", ebAPI + "API_ListRuleNamesByTarget.html", onBus(func(e events) {
		target := e.to(e.q.make())
		rule := e.rule(e.bus, everything, target)
		e.rule(e.bus, everything)
		out, err := e.ListRuleNamesByTarget(e.Context(), &eventbridge.ListRuleNamesByTargetInput{TargetArn: target.Arn, EventBusName: &e.bus})
		if err != nil || len(out.RuleNames) != 1 || out.RuleNames[0] != rule {
			e.Errorf("%+v, %v", out, err)
		}
	})},
	{"a bus is described", ebAPI + "API_DescribeEventBus.html", onBus(func(e events) {
		out, err := e.DescribeEventBus(e.Context(), &eventbridge.DescribeEventBusInput{Name: &e.bus})
		if err != nil || *out.Name != e.bus || *out.Arn != e.busARN(e.bus) {
			e.Errorf("%+v, %v", out, err)
		}
	})},
	{"the default bus is always there", ebAPI + "API_DescribeEventBus.html", onBus(func(e events) {
		out, err := e.DescribeEventBus(e.Context(), &eventbridge.DescribeEventBusInput{})
		if err != nil || *out.Name != "default" || *out.Arn != e.busARN("default") {
			e.Errorf("%+v, %v", out, err)
		}
	})},
	{"a rule's tags", ebAPI + "API_TagResource.html", onBus(func(e events) {
		arn := e.q.target.ARN("events", "rule/"+e.bus+"/"+e.rule(e.bus, everything))
		if _, err := e.TagResource(e.Context(), &eventbridge.TagResourceInput{ResourceARN: &arn, Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}, {Key: aws.String("b"), Value: aws.String("2")}}}); err != nil {
			e.Fatal(err)
		}
		if _, err := e.UntagResource(e.Context(), &eventbridge.UntagResourceInput{ResourceARN: &arn, TagKeys: []string{"a"}}); err != nil {
			e.Fatal(err)
		}
		if out, err := e.ListTagsForResource(e.Context(), &eventbridge.ListTagsForResourceInput{ResourceARN: &arn}); err != nil || len(out.Tags) != 1 || *out.Tags[0].Key != "b" {
			e.Errorf("%+v, %v", out, err)
		}
	})},
}

// ebRefusals are a case for every way in which a call can be wrong.
func ebRefusals() []Case {
	putRule := func(change func(in *eventbridge.PutRuleInput)) func(e events) error {
		return func(e events) error {
			in := &eventbridge.PutRuleInput{Name: aws.String(name("rule")), EventBusName: &e.bus, EventPattern: aws.String(everything)}
			change(in)
			_, err := e.PutRule(e.Context(), in)
			return err
		}
	}
	putTargets := func(change func(e events, in *eventbridge.PutTargetsInput)) func(e events) error {
		return func(e events) error {
			target := e.to(e.q.make())
			target.Id = aws.String("a")
			in := &eventbridge.PutTargetsInput{Rule: aws.String(e.rule(e.bus, everything)), EventBusName: &e.bus, Targets: []types.Target{target}}
			change(e, in)
			_, err := e.PutTargets(e.Context(), in)
			return err
		}
	}
	test := func(pattern, event string) func(e events) error {
		return func(e events) error {
			_, err := e.TestEventPattern(e.Context(), &eventbridge.TestEventPatternInput{EventPattern: &pattern, Event: &event})
			return err
		}
	}
	none := aws.String("there-is-none")
	const validation, absent = "ValidationException", "ResourceNotFoundException"
	tests := []struct {
		name, operation, code string
		act                   func(e events) error
	}{
		{"a rule of an unknown operator", "PutRule", "InvalidEventPatternException", putRule(func(in *eventbridge.PutRuleInput) { in.EventPattern = aws.String(`{"a":[{"like":"x"}]}`) })},
		{"a rule whose pattern is not JSON", "PutRule", "InvalidEventPatternException", putRule(func(in *eventbridge.PutRuleInput) { in.EventPattern = aws.String(`{`) })},
		{"a rule without a pattern", "PutRule", validation, putRule(func(in *eventbridge.PutRuleInput) { in.EventPattern = nil })},
		{"a rule of a bad name", "PutRule", validation, putRule(func(in *eventbridge.PutRuleInput) { in.Name = aws.String("a b") })},
		{"a rule on no bus", "PutRule", absent, putRule(func(in *eventbridge.PutRuleInput) { in.EventBusName = none })},
		{"no rule", "DescribeRule", absent, func(e events) error {
			_, err := e.DescribeRule(e.Context(), &eventbridge.DescribeRuleInput{Name: none, EventBusName: &e.bus})
			return err
		}},
		{"delete a rule that has targets", "DeleteRule", validation, func(e events) error {
			rule := e.rule(e.bus, everything, e.to(e.q.make()))
			_, err := e.DeleteRule(e.Context(), &eventbridge.DeleteRuleInput{Name: &rule, EventBusName: &e.bus})
			return err
		}},
		{"targets of no rule", "PutTargets", absent, putTargets(func(_ events, in *eventbridge.PutTargetsInput) { in.Rule = none })},
		{"six targets", "PutTargets", "LimitExceededException", putTargets(func(e events, in *eventbridge.PutTargetsInput) {
			for i := range 5 {
				target := e.to("queue")
				target.Id = aws.String(fmt.Sprint("more-", i))
				in.Targets = append(in.Targets, target)
			}
		})},
		{"a target whose ARN is none", "PutTargets", validation, putTargets(func(_ events, in *eventbridge.PutTargetsInput) { in.Targets[0].Arn = aws.String("nonsense") })},
		{"a target whose Input is not JSON", "PutTargets", validation, putTargets(func(_ events, in *eventbridge.PutTargetsInput) { in.Targets[0].Input = aws.String("{") })},
		{"a target with a placeholder that is not mapped", "PutTargets", validation, putTargets(func(_ events, in *eventbridge.PutTargetsInput) {
			in.Targets[0].InputTransformer = &types.InputTransformer{InputTemplate: aws.String(`{"a":<nobody>}`), InputPathsMap: map[string]string{"b": "$.detail"}}
		})},
		{"a bus twice", "CreateEventBus", "ResourceAlreadyExistsException", func(e events) error {
			_, err := e.CreateEventBus(e.Context(), &eventbridge.CreateEventBusInput{Name: &e.bus})
			return err
		}},
		{"a bus of a bad name", "CreateEventBus", validation, func(e events) error {
			_, err := e.CreateEventBus(e.Context(), &eventbridge.CreateEventBusInput{Name: aws.String("a b")})
			return err
		}},
		{"delete the default bus", "DeleteEventBus", validation, func(e events) error {
			_, err := e.DeleteEventBus(e.Context(), &eventbridge.DeleteEventBusInput{Name: aws.String("default")})
			return err
		}},
		{"no bus", "DescribeEventBus", absent, func(e events) error {
			_, err := e.DescribeEventBus(e.Context(), &eventbridge.DescribeEventBusInput{Name: none})
			return err
		}},
		{"no archive", "DescribeArchive", absent, func(e events) error {
			_, err := e.DescribeArchive(e.Context(), &eventbridge.DescribeArchiveInput{ArchiveName: none})
			return err
		}},
		{"an archive of no bus", "CreateArchive", absent, func(e events) error {
			_, err := e.CreateArchive(e.Context(), &eventbridge.CreateArchiveInput{ArchiveName: aws.String(name("archive")), EventSourceArn: aws.String(e.busARN(*none))})
			return err
		}},
		{"no replay", "DescribeReplay", absent, func(e events) error {
			_, err := e.DescribeReplay(e.Context(), &eventbridge.DescribeReplayInput{ReplayName: none})
			return err
		}},
		{"test an event that lacks its fields", "TestEventPattern", validation, test(everything, `{"source":"shop"}`)},
		{"test an event that is not JSON", "TestEventPattern", validation, test(everything, `{`)},
	}
	cases := make([]Case, len(tests))
	for i, test := range tests {
		cases[i] = Case{"refused: " + test.name, ebAPI + "API_" + test.operation + ".html", onBus(func(e events) { wantCode(e, test.act(e), test.code) })}
	}
	return cases
}
