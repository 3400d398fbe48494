package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// wide are the actions that are allowed on "*", since AWS knows no resources of
// them.
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
var wide = []string{
	"lambda:ListEventSourceMappings", "ses:ListSuppressedDestinations",
	"xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments",
	// Lambda's network interfaces, which are not there yet.
	"ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
	// How a state machine's log is delivered.
	"logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies", "logs:GetLogDelivery", "logs:ListLogDeliveries",
	"logs:PutResourcePolicy", "logs:UpdateLogDelivery",
}

// policyStatement is one of an aws_iam_policy_document, as Terraform's state has it.
type policyStatement struct {
	Effect        string                            `json:"effect"`
	Actions       []string                          `json:"actions"`
	Resources     []string                          `json:"resources"`
	Principals    []struct{ Identifiers []string }  `json:"principals"`
	Conditions    []struct{ Test, Variable string } `json:"condition"`
	NotActions    []string                          `json:"not_actions"`
	NotResources  []string                          `json:"not_resources"`
	NotPrincipals []struct{ Type string }           `json:"not_principals"`
}

// tooWide says what a statement allows that it should not; "" is nothing. One that
// denies may be as wide as it likes.
func (s policyStatement) tooWide() string {
	if s.Effect == "Deny" {
		return ""
	}
	if len(s.NotActions)+len(s.NotResources)+len(s.NotPrincipals) > 0 {
		return "everything but something"
	}
	everybody, keys := false, len(s.Principals) > 0 // a key's own policy names the key as "*"
	for _, p := range s.Principals {
		everybody = everybody || slices.Contains(p.Identifiers, "*")
	}
	for _, action := range s.Actions {
		if strings.Contains(action, "*") {
			return action
		}
		keys = keys && strings.HasPrefix(action, "kms:")
		if slices.Contains(s.Resources, "*") && !keys && !slices.Contains(wide, action) {
			return action + " on everything"
		}
	}
	for _, resource := range s.Resources {
		// arn:partition:service:region:account:resource
		if parts := strings.SplitN(resource, ":", 6); resource != "*" && (len(parts) < 6 || strings.Contains(strings.Join(parts[:5], ":"), "*") || parts[5] == "*") {
			return "on " + resource
		}
	}
	if everybody && !slices.ContainsFunc(s.Conditions, func(c struct{ Test, Variable string }) bool {
		return c.Test == "ArnEquals" && c.Variable == "aws:PrincipalArn"
	}) {
		return "everybody"
	}
	return ""
}

// policiesAreNarrow looks at every policy that the provider made.
func (s *stack) policiesAreNarrow(environment string) {
	s.t.Helper()
	said, _ := s.terraform(environment, "show", "-json")
	var state any
	if err := json.Unmarshal([]byte(said), &state); err != nil {
		s.t.Fatal(err)
	}
	documents := valuesOf(state, "aws_iam_policy_document")
	if len(documents) < 20 {
		s.t.Fatalf("only %d policies were there to look at", len(documents))
	}
	for _, values := range documents {
		var all []policyStatement
		raw, err := json.Marshal(values["statement"])
		if err == nil {
			err = json.Unmarshal(raw, &all)
		}
		if err != nil || len(all) == 0 {
			s.t.Errorf("%v has no statements: %v", values["json"], err)
		}
		for _, statement := range all {
			if said := statement.tooWide(); said != "" {
				s.t.Errorf("a policy allows %s: %s", said, fmt.Sprint(values["json"]))
			}
		}
	}
}

func TestAPolicyThatIsTooWideIsSeen(t *testing.T) {
	tests := map[string]struct{ statement, want string }{
		"a call":                    {`{"effect":"Allow","actions":["s3:GetObject"],"resources":["arn:aws:s3:::b/answers/*"]}`, ""},
		"a service":                 {`{"effect":"Allow","actions":["s3:*"],"resources":["arn:aws:s3:::b/answers/*"]}`, "s3:*"},
		"every queue":               {`{"effect":"Allow","actions":["sqs:SendMessage"],"resources":["*"]}`, "sqs:SendMessage on everything"},
		"every queue of an account": {`{"effect":"Allow","actions":["sqs:SendMessage"],"resources":["arn:aws:sqs:us-east-1:1:*"]}`, "on arn:aws:sqs:us-east-1:1:*"},
		"a queue of every account":  {`{"effect":"Allow","actions":["sqs:SendMessage"],"resources":["arn:aws:sqs:us-east-1:*:q"]}`, "on arn:aws:sqs:us-east-1:*:q"},
		"what has no resource":      {`{"effect":"Allow","actions":["xray:PutTraceSegments"],"resources":["*"]}`, ""},
		"the key itself":            {`{"effect":"Allow","actions":["kms:Decrypt"],"resources":["*"],"principals":[{"identifiers":["logs.amazonaws.com"]}]}`, ""},
		"every key":                 {`{"effect":"Allow","actions":["kms:Decrypt"],"resources":["*"]}`, "kms:Decrypt on everything"},
		"everybody":                 {`{"effect":"Allow","actions":["sqs:SendMessage"],"resources":["arn:aws:sqs:us-east-1:1:q"],"principals":[{"identifiers":["*"]}]}`, "everybody"},
		"our roles, by an endpoint": {`{"effect":"Allow","actions":["sqs:SendMessage"],"resources":["arn:aws:sqs:us-east-1:1:q"],"principals":[{"identifiers":["*"]}],"condition":[{"test":"ArnEquals","variable":"aws:PrincipalArn"}]}`, ""},
		"all but one":               {`{"effect":"Allow","not_actions":["iam:PassRole"],"resources":["arn:aws:sqs:us-east-1:1:q"]}`, "everything but something"},
		"a denial":                  {`{"effect":"Deny","actions":["s3:*"],"resources":["*"]}`, ""},
		"who may take a role":       {`{"effect":"Allow","actions":["sts:AssumeRole"],"principals":[{"identifiers":["lambda.amazonaws.com"]}]}`, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var s policyStatement
			if err := json.Unmarshal([]byte(test.statement), &s); err != nil {
				t.Fatal(err)
			}
			if got := s.tooWide(); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}
