package conformance

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

const (
	ebRate = ebGuide + "eb-scheduled-rule-pattern.html#eb-rate-expressions"
	ebCron = ebGuide + "eb-scheduled-rule-pattern.html#eb-cron-expressions"
)

// ebSchedules are the cases about rules that have a clock. What they say when it
// is due is not asked here: no schedule is due within the time of a case.
var ebSchedules = []Case{
	{"a rule may have a pattern and a schedule", ebAPI + "API_PutRule.html", onBus(func(e events) {
		rule := name("clock")
		e.schedule(&eventbridge.PutRuleInput{Name: &rule, EventPattern: aws.String(everything), ScheduleExpression: aws.String("rate(1 hour)")})
		e.scheduled(rule, "rate(1 hour)", true)
		url, source := e.q.make(), name("source")
		e.schedule(&eventbridge.PutRuleInput{Name: &rule, EventPattern: aws.String(`{"source":["` + source + `"]}`), ScheduleExpression: aws.String("rate(1 day)")})
		target := e.to(url)
		target.Id = aws.String("a")
		if _, err := e.PutTargets(e.Context(), &eventbridge.PutTargetsInput{Rule: &rule, Targets: []types.Target{target}}); err != nil {
			e.Fatal(err)
		}
		entry := e.entry("one", `{}`)
		entry.EventBusName, entry.Source = nil, &source
		e.put(entry)
		e.heard(url, 1)
	})},
	{"what PutRule leaves out is gone, a schedule too", ebAPI + "API_PutRule.html", onBus(func(e events) {
		rule := name("clock")
		e.schedule(&eventbridge.PutRuleInput{Name: &rule, ScheduleExpression: aws.String("rate(5 minutes)")})
		e.scheduled(rule, "rate(5 minutes)", false)
		e.schedule(&eventbridge.PutRuleInput{Name: &rule, EventPattern: aws.String(everything)})
		e.scheduled(rule, "", true)
	})},
	taken("rate(1 minute)", ebRate), taken("rate(12 hours)", ebRate), taken("rate(1 day)", ebRate),
	taken("cron(0 10 * * ? *)", ebCron), taken("cron(0/15 * * * ? *)", ebCron), taken("cron(0/5 8-17 ? * MON-FRI *)", ebCron),
	taken("cron(0 8 1 * ? *)", ebCron), taken("cron(0 9 ? * 2#1 *)", ebCron), taken("cron(15 10 ? * 6L 2030-2035)", ebCron), taken("cron(0 0 3W JAN,JUL ? *)", ebCron),
	noSchedule("hourly", ebRate), noSchedule("at(2099-01-01T00:00:00)", ebRate), noSchedule("rate(5 seconds)", ebRate), noSchedule("rate(1.5 hours)", ebRate),
	noSchedule("rate(1 hours)", ebRate), noSchedule("rate(5 minute)", ebRate), noSchedule("rate(0 minutes)", ebRate),
	noSchedule("cron(0 10 * * ?)", ebCron), noSchedule("cron(0 10 * * * *)", ebCron), noSchedule("cron(0 10 ? * ? *)", ebCron), noSchedule("cron(60 10 * * ? *)", ebCron),
	noSchedule("cron(0 10 ? * 0 *)", ebCron), noSchedule("cron(0 10 ? * 2#1,3#1 *)", ebCron), noSchedule("cron(0 10 L * MON *)", ebCron),
	{"refused: a schedule on a bus of one's own", ebGuide + "eb-create-rule-schedule.html", onBus(func(e events) {
		_, err := e.PutRule(e.Context(), &eventbridge.PutRuleInput{Name: aws.String(name("clock")), EventBusName: &e.bus, ScheduleExpression: aws.String("rate(1 hour)")})
		wantCode(e, err, "ValidationException")
	})},
}

// schedule puts a rule on the default bus, whose schedule is never due in the
// time of a case.
func (e events) schedule(in *eventbridge.PutRuleInput) {
	e.Helper()
	if _, err := e.PutRule(e.Context(), in); err != nil {
		e.Fatalf("PutRule: %v", err)
	}
}

// scheduled asks whether a rule is told with the schedule, "" for none, and with a
// pattern or without.
func (e events) scheduled(rule, schedule string, pattern bool) {
	e.Helper()
	one, err := e.DescribeRule(e.Context(), &eventbridge.DescribeRuleInput{Name: &rule})
	if err != nil || aws.ToString(one.ScheduleExpression) != schedule || (one.EventPattern != nil) != pattern || *one.EventBusName != "default" {
		e.Errorf("described %+v, %v", one, err)
	}
	list, err := e.ListRules(e.Context(), &eventbridge.ListRulesInput{NamePrefix: &rule})
	if err != nil || len(list.Rules) != 1 || aws.ToString(list.Rules[0].ScheduleExpression) != schedule || (list.Rules[0].EventPattern != nil) != pattern {
		e.Errorf("listed %+v, %v", list, err)
	}
}

// taken is a case of an expression that makes a rule.
func taken(expression, page string) Case {
	return Case{"schedule: " + expression, page, onBus(func(e events) {
		rule := name("clock")
		e.schedule(&eventbridge.PutRuleInput{Name: &rule, ScheduleExpression: &expression, State: types.RuleStateDisabled})
		e.scheduled(rule, expression, false)
	})}
}

// noSchedule is a case of an expression that makes none.
func noSchedule(expression, page string) Case {
	return Case{"no schedule: " + expression, page, onBus(func(e events) {
		_, err := e.PutRule(e.Context(), &eventbridge.PutRuleInput{Name: aws.String(name("clock")), ScheduleExpression: &expression})
		wantCode(e, err, "ValidationException")
	})}
}
