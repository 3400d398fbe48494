package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"sluice/internal/local/emulator"
	"sluice/internal/local/machine"
)

// things counts what is in the account, as the services themselves tell it.
func things(t *testing.T, url string) map[string]int {
	t.Helper()
	config, ctx := clientConfig(machine.At(url)), context.Background()
	all := map[string]int{}
	if l, err := sqs.NewFromConfig(config).ListQueues(ctx, &sqs.ListQueuesInput{}); err != nil {
		t.Error(err)
	} else {
		all["queues"] = len(l.QueueUrls)
	}
	if l, err := s3.NewFromConfig(config).ListBuckets(ctx, &s3.ListBucketsInput{}); err != nil {
		t.Error(err)
	} else {
		all["buckets"] = len(l.Buckets)
	}
	events := eventbridge.NewFromConfig(config)
	if l, err := events.ListEventBuses(ctx, &eventbridge.ListEventBusesInput{}); err != nil {
		t.Error(err)
	} else {
		all["buses"] = len(l.EventBuses) - 1 // the default one
	}
	if l, err := events.ListRules(ctx, &eventbridge.ListRulesInput{}); err != nil {
		t.Error(err)
	} else {
		all["rules of the default bus"] = len(l.Rules)
	}
	functions := lambda.NewFromConfig(config)
	if l, err := functions.ListFunctions(ctx, &lambda.ListFunctionsInput{}); err != nil {
		t.Error(err)
	} else {
		all["functions"] = len(l.Functions)
	}
	if l, err := functions.ListEventSourceMappings(ctx, &lambda.ListEventSourceMappingsInput{}); err != nil {
		t.Error(err)
	} else {
		all["event source mappings"] = len(l.EventSourceMappings)
	}
	for what, ask := range map[string]asked{
		"log groups":        {"logs", "Logs_20140328.DescribeLogGroups", `{}`, `"logGroupName"`},
		"query definitions": {"logs", "Logs_20140328.DescribeQueryDefinitions", `{}`, `"queryDefinitionId"`},
		"alarms":            {"monitoring", "", "Action=DescribeAlarms&Version=2010-08-01", "<AlarmName>"},
		"composite alarms":  {"monitoring", "", "Action=DescribeAlarms&Version=2010-08-01&AlarmTypes.member.1=CompositeAlarm", "<AlarmName>"},
		"roles":             {"iam", "", "Action=ListRoles&Version=2010-05-08", "<RoleName>"},
		"topics":            {"sns", "", "Action=ListTopics&Version=2010-03-31", "<TopicArn>"},
		"state machines":    {"states", "AWSStepFunctions.ListStateMachines", `{}`, `"stateMachineArn"`},
	} {
		all[what] = ask.count(t, url)
	}
	return all
}

// asked is a call to a service that no client of ours speaks to: its target, if it
// takes JSON, its body, and what its answer has once for each thing.
type asked struct{ service, target, body, mark string }

func (a asked) count(t *testing.T, url string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url+"/", strings.NewReader(a.body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260101/"+emulator.Region+"/"+a.service+"/aws4_request, SignedHeaders=host, Signature=0")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if a.target != "" {
		r.Header.Set("Content-Type", "application/x-amz-json-1.1")
		r.Header.Set("X-Amz-Target", a.target)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %v\n%s", a.body, answer.Status, err, said)
	}
	return bytes.Count(said, []byte(a.mark))
}
