package eventbridge

import "context"

// ruleDocument is a rule in requests and answers.
type ruleDocument struct {
	Name               string  `json:",omitempty"`
	Arn                string  `json:",omitempty"`
	EventPattern       string  `json:",omitempty"`
	ScheduleExpression string  `json:",omitempty"`
	State              string  `json:",omitempty"`
	Description        string  `json:",omitempty"`
	RoleArn            string  `json:",omitempty"`
	EventBusName       string  `json:",omitempty"`
	CreatedBy          string  `json:",omitempty"`
	Tags               tagList `json:",omitempty"`
}

func (s *State) ruleDocument(r *Rule) ruleDocument {
	return ruleDocument{Name: r.Name, Arn: r.arn, EventPattern: r.Pattern, ScheduleExpression: r.Schedule, State: r.State, Description: r.Description,
		RoleArn: r.RoleARN, EventBusName: r.Bus}
}

type ruleARN struct{ RuleArn string }

type ruleList struct {
	Rules     []ruleDocument
	NextToken string `json:",omitempty"`
}

type nameList struct {
	RuleNames []string
	NextToken string `json:",omitempty"`
}

type targetsInput struct {
	Rule, EventBusName string
	Targets            []Target
	IDs                []string `json:"Ids"`
}

type targetsOutput struct {
	FailedEntryCount int
	FailedEntries    []none
}

type targetList struct {
	Targets   []Target
	NextToken string `json:",omitempty"`
}

func (s *State) ruleOperations(all map[string]operation) {
	all["PutRule"] = op(s.wirePutRule)
	all["DescribeRule"] = op(func(_ context.Context, in ruleDocument) (ruleDocument, error) {
		r, err := s.Rule(in.EventBusName, in.Name)
		if err != nil {
			return ruleDocument{}, err
		}
		out := s.ruleDocument(r)
		out.CreatedBy = s.cfg.Account
		return out, nil
	})
	all["DeleteRule"] = op(func(ctx context.Context, in ruleDocument) (none, error) {
		return none{}, s.DeleteRule(ctx, in.EventBusName, in.Name)
	})
	all["EnableRule"] = op(func(ctx context.Context, in ruleDocument) (none, error) {
		return none{}, s.SetRuleState(ctx, in.EventBusName, in.Name, StateEnabled)
	})
	all["DisableRule"] = op(func(ctx context.Context, in ruleDocument) (none, error) {
		return none{}, s.SetRuleState(ctx, in.EventBusName, in.Name, StateDisabled)
	})
	all["ListRules"] = op(s.wireListRules)
	all["ListRuleNamesByTarget"] = op(s.wireListRuleNames)
	all["PutTargets"] = op(func(ctx context.Context, in targetsInput) (targetsOutput, error) {
		return targetsOutput{FailedEntries: []none{}}, s.PutTargets(ctx, in.EventBusName, in.Rule, in.Targets)
	})
	all["RemoveTargets"] = op(func(ctx context.Context, in targetsInput) (targetsOutput, error) {
		return targetsOutput{FailedEntries: []none{}}, s.RemoveTargets(ctx, in.EventBusName, in.Rule, in.IDs)
	})
	all["ListTargetsByRule"] = op(func(_ context.Context, in listInput) (targetList, error) {
		targets, next, err := s.TargetsOf(in.EventBusName, in.Rule, in.NextToken, in.Limit)
		return targetList{targets, next}, err
	})
}

func (s *State) wirePutRule(ctx context.Context, in ruleDocument) (ruleARN, error) {
	arn, err := s.PutRule(ctx, Rule{
		Bus: in.EventBusName, Name: in.Name, Description: in.Description, Pattern: in.EventPattern,
		Schedule: in.ScheduleExpression, State: in.State, RoleARN: in.RoleArn, Tags: in.Tags.asMap(),
	})
	return ruleARN{arn}, err
}

func (s *State) wireListRules(_ context.Context, in listInput) (ruleList, error) {
	rules, next, err := s.Rules(in.EventBusName, in.NamePrefix, "", in.NextToken, in.Limit)
	out := ruleList{Rules: make([]ruleDocument, len(rules)), NextToken: next}
	for i, r := range rules {
		out.Rules[i] = s.ruleDocument(r)
	}
	return out, err
}

func (s *State) wireListRuleNames(_ context.Context, in listInput) (nameList, error) {
	if in.TargetArn == "" {
		return nameList{}, invalid("Parameter TargetArn must be specified.")
	}
	rules, next, err := s.Rules(in.EventBusName, "", in.TargetArn, in.NextToken, in.Limit)
	out := nameList{RuleNames: make([]string, len(rules)), NextToken: next}
	for i, r := range rules {
		out.RuleNames[i] = r.Name
	}
	return out, err
}
