package emulator

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// filled is the proxy with every gap filled, before a moto that answers an empty
// document and tells what reached it.
func filled(t *testing.T) (front http.Handler, reached func() string) {
	t.Helper()
	var last string
	moto := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		last = r.Header.Get("X-Amz-Target") + " " + string(raw)
		fmt.Fprint(w, `{"Attributes":{"RedrivePolicy":"{\"other\": 1}","QueueArn":"arn"}}`)
	})
	return proxy(moto, Options{Stack: true}, nil), func() string { said := last; last = ""; return said }
}

func sent(t *testing.T, front http.Handler, target, method, path, body string) (int, string) {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if target != "" {
		r.Header.Set("X-Amz-Target", target)
	}
	w := httptest.NewRecorder()
	front.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func TestWhatMotoForgetsIsKept(t *testing.T) {
	front, reached := filled(t)
	steps := []struct {
		name, target, method, path, body string
		status                           int
		want, reaches                    string
	}{
		{"an attribute that moto has not", "AmazonSQS.SetQueueAttributes", "POST", "/", `{"QueueUrl":"http://x/1/q","Attributes":{"RedriveAllowPolicy":"{\"a\":1}"}}`, 200, "{}", ""},
		{"one of each", "AmazonSQS.SetQueueAttributes", "POST", "/", `{"QueueUrl":"http://x/1/q","Attributes":{"RedriveAllowPolicy":"{\"a\":2}","RedrivePolicy":"{\"r\":1}"}}`, 200, "", `"RedrivePolicy":"{\"r\":1}"`},
		{"they are told", "AmazonSQS.GetQueueAttributes", "POST", "/", `{"QueueUrl":"http://x/1/q","AttributeNames":["All"]}`, 200, `"RedriveAllowPolicy":"{\"a\":2}","RedrivePolicy":"{\"r\":1}"`, "All"},
		{"those that were asked for", "AmazonSQS.GetQueueAttributes", "POST", "/", `{"QueueUrl":"http://x/1/q","AttributeNames":["RedriveAllowPolicy"]}`, 200, `{"Attributes":{"RedriveAllowPolicy":"{\"a\":2}"}}`, "All"},
		{"until the queue goes", "AmazonSQS.DeleteQueue", "POST", "/", `{"QueueUrl":"http://x/1/q"}`, 200, "", "DeleteQueue"},
		{"then no more", "AmazonSQS.GetQueueAttributes", "POST", "/", `{"QueueUrl":"http://x/1/q","AttributeNames":["RedriveAllowPolicy"]}`, 200, `{"Attributes":{}}`, "All"},
		{"a mapping takes nothing", "", "POST", "/2015-03-31/event-source-mappings", `{"Enabled":true,"FunctionName":"f"}`, 200, "", `"Enabled":false`},
		{"no bucket policy", "", "GET", "/bucket?policy=", "", 404, "NoSuchBucketPolicy", ""},
		{"a bucket policy", "", "PUT", "/bucket?policy=", `{"Version":"1"}`, 204, "", ""},
		{"is kept", "", "GET", "/bucket?policy=", "", 200, `{"Version":"1"}`, ""},
		{"and goes", "", "DELETE", "/bucket?policy=", "", 204, "", ""},
		{"an object is not a bucket", "", "PUT", "/bucket/key?policy=", "x", 200, "", " x"},
		{"a budget", "AWSBudgetServiceGateway.CreateBudget", "POST", "/", `{"Budget":{"BudgetName":"b"},"ResourceTags":[{"Key":"k","Value":"v"}],"NotificationsWithSubscribers":[{"Notification":{"NotificationType":"ACTUAL","Threshold":80},"Subscribers":[{"Address":"a"}]}]}`, 200, "", "CreateBudget"},
		{"who is told of it", "AWSBudgetServiceGateway.DescribeSubscribersForNotification", "POST", "/", `{"BudgetName":"b","Notification":{"NotificationType":"ACTUAL","Threshold":80}}`, 200, `[{"Address":"a"}]`, ""},
		{"and its tags", "AWSBudgetServiceGateway.ListTagsForResource", "POST", "/", `{"ResourceARN":"arn:aws:budgets::1:budget/b"}`, 200, `[{"Key":"k","Value":"v"}]`, ""},
		{"a registry", "", "POST", "/v1/registries/name/r", `{"Description":"d","tags":{"k":"v"}}`, 201, `"RegistryArn"`, ""},
		{"a second one", "", "POST", "/v1/registries/name/r", `{}`, 409, "there already", ""},
		{"a schema", "", "POST", "/v1/registries/name/r/schemas/name/s@1", `{"Content":"c"}`, 201, `"SchemaArn"`, ""},
		{"its content", "", "GET", "/v1/registries/name/r/schemas/name/s@1", "", 200, `"Content":"c"`, ""},
		{"the registry's tags", "", "GET", "/tags/arn:aws:schemas:us-east-1:123456789012:registry/r", "", 200, `{"k":"v"}`, ""},
		{"the schema goes", "", "DELETE", "/v1/registries/name/r/schemas/name/s@1", "", 204, "", ""},
		{"and is gone", "", "GET", "/v1/registries/name/r/schemas/name/s@1", "", 404, "not there", ""},
		{"a profile of AWS's", "", "GET", "/inference-profiles/eu.amazon.nova-lite-v1:0", "", 200, "foundation-model/amazon.nova-lite-v1:0", ""},
		{"a profile without a source", "", "POST", "/inference-profiles", `{"inferenceProfileName":"p"}`, 400, "a source", ""},
		{"an unknown profile", "", "GET", "/inference-profiles/abc", "", 404, "not there", ""},
		{"a composite alarm", "", "POST", "/", "Action=PutCompositeAlarm&AlarmName=c&AlarmRule=ALARM(a)&AlarmDescription=d&ActionsEnabled=true&AlarmActions.member.1=x&AlarmActions.member.2=y&Tags.member.1.Key=k&Tags.member.1.Value=v", 200, "PutCompositeAlarmResponse", ""},
		{"one without a rule", "", "POST", "/", "Action=PutCompositeAlarm&AlarmName=c", 400, "<Error><Code>ValidationError</Code><Message>an alarm has a name and a rule", ""},
		{"it is told", "", "POST", "/", "Action=DescribeAlarms&AlarmNames.member.1=c&AlarmTypes.member.1=CompositeAlarm", 200, "<DescribeAlarmsResult><CompositeAlarms><member><AlarmName>c</AlarmName><AlarmArn>arn:aws:cloudwatch:us-east-1:123456789012:alarm:c</AlarmArn><AlarmDescription>d</AlarmDescription><AlarmRule>ALARM(a)</AlarmRule><ActionsEnabled>true</ActionsEnabled><AlarmActions><member>x</member><member>y</member></AlarmActions><OKActions></OKActions>", ""},
		{"alarms of other names are not", "", "POST", "/", "Action=DescribeAlarms&AlarmNames.member.1=a&AlarmTypes.member.1=CompositeAlarm", 200, "<CompositeAlarms></CompositeAlarms>", ""},
		{"metric alarms are moto's", "", "POST", "/", "Action=DescribeAlarms&AlarmNames.member.1=c&AlarmTypes.member.1=MetricAlarm", 200, "Attributes", "AlarmTypes.member.1=MetricAlarm"},
		{"and those of no type", "", "POST", "/", "Action=DescribeAlarms&AlarmNames.member.1=c", 200, "Attributes", "AlarmNames.member.1=c"},
		{"a tag more", "", "POST", "/", "Action=TagResource&ResourceARN=arn:aws:cloudwatch:us-east-1:123456789012:alarm:c&Tags.member.1.Key=l&Tags.member.1.Value=w", 200, "TagResourceResponse", ""},
		{"one less", "", "POST", "/", "Action=UntagResource&ResourceARN=arn:aws:cloudwatch:us-east-1:123456789012:alarm:c&TagKeys.member.1=k", 200, "UntagResourceResponse", ""},
		{"a change leaves tags", "", "POST", "/", "Action=PutCompositeAlarm&AlarmName=c&AlarmRule=OK(a)&Tags.member.1.Key=n&Tags.member.1.Value=n", 200, "", ""},
		{"the alarm's tags", "", "POST", "/", "Action=ListTagsForResource&ResourceARN=arn:aws:cloudwatch:us-east-1:123456789012:alarm:c", 200, "<ListTagsForResourceResult><Tags><member><Key>l</Key><Value>w</Value></member></Tags></ListTagsForResourceResult>", ""},
		{"another alarm's", "", "POST", "/", "Action=ListTagsForResource&ResourceARN=arn:aws:cloudwatch:us-east-1:123456789012:alarm:a", 200, "", "alarm:a"},
		{"a metric alarm goes", "", "POST", "/", "Action=DeleteAlarms&AlarmNames.member.1=a", 200, "", "DeleteAlarms"},
		{"and the composite one", "", "POST", "/", "Action=DeleteAlarms&AlarmNames.member.1=c", 200, "DeleteAlarmsResponse", ""},
		{"and is gone", "", "POST", "/", "Action=DescribeAlarms&AlarmTypes.member.1=CompositeAlarm&AlarmNamePrefix=c", 200, "<CompositeAlarms></CompositeAlarms>", ""},
		{"another form", "", "POST", "/", "Action=ListTopics", 200, "", "ListTopics"},
		{"no form", "", "POST", "/", "%", 200, "", "%"},
		{"a query without a text", "Logs_20140328.PutQueryDefinition", "POST", "/", `{"name":"q"}`, 400, "a name and a query", ""},
		{"no query", "Logs_20140328.PutQueryDefinition", "POST", "/", `[`, 400, "", ""},
		{"a query that is not there", "Logs_20140328.PutQueryDefinition", "POST", "/", `{"queryDefinitionId":"i","name":"q","queryString":"s"}`, 400, "not there", ""},
		{"none goes", "Logs_20140328.DeleteQueryDefinition", "POST", "/", `{"queryDefinitionId":"i"}`, 400, "not there", ""},
		{"none is told", "Logs_20140328.DescribeQueryDefinitions", "POST", "/", `{}`, 200, `{"queryDefinitions":[]}`, ""},
		{"other logs", "Logs_20140328.DescribeLogGroups", "POST", "/", `{}`, 200, "", "DescribeLogGroups"},
		{"everything else", "", "GET", "/bucket/key", "", 200, "Attributes", " "},
	}
	for _, s := range steps {
		status, said := sent(t, front, s.target, s.method, s.path, s.body)
		if to := reached(); status != s.status || !strings.Contains(said, s.want) || !strings.Contains(to, s.reaches) || s.reaches == "" && to != "" {
			t.Errorf("%s: %d %s; moto was asked %q", s.name, status, said, to)
		}
	}
}

func TestAProfileOfOnesOwn(t *testing.T) {
	front, _ := filled(t)
	status, said := sent(t, front, "", "POST", "/inference-profiles", `{"inferenceProfileName":"p","description":"d","tags":[{"key":"k","value":"v"}],"modelSource":{"copyFrom":"arn:aws:bedrock:us-east-1:1:inference-profile/us.a.b-v1:0"}}`)
	var made profile
	if err := json.Unmarshal([]byte(said), &made); err != nil || status != http.StatusCreated || made.Models[0].ARN != "arn:aws:bedrock:us-east-1::foundation-model/a.b-v1:0" {
		t.Fatalf("%d %s %v", status, said, err)
	}
	escaped := strings.ReplaceAll(strings.ReplaceAll(made.ARN, "/", "%2F"), ":", "%3A")
	if status, said := sent(t, front, "", "GET", "/inference-profiles/"+escaped, ""); status != http.StatusOK || !strings.Contains(said, `"description":"d"`) {
		t.Errorf("%d %s", status, said)
	}
	if _, said := sent(t, front, "", "POST", "/listTagsForResource", `{"resourceARN":"`+made.ARN+`"}`); !strings.Contains(said, `"key":"k"`) {
		t.Error(said)
	}
	if status, _ := sent(t, front, "", "DELETE", "/inference-profiles/"+escaped, ""); status != http.StatusOK {
		t.Error(status)
	}
	if status, _ := sent(t, front, "", "GET", "/inference-profiles/"+escaped, ""); status != http.StatusNotFound {
		t.Error(status)
	}
}

func TestAQueryIsSaved(t *testing.T) {
	front, _ := filled(t)
	ask := func(operation, body string) (int, string) {
		return sent(t, front, "Logs_20140328."+operation, "POST", "/", body)
	}
	status, said := ask("PutQueryDefinition", `{"name":"dev/one","queryString":"a","logGroupNames":["g"]}`)
	var made struct{ QueryDefinitionID string }
	if err := json.Unmarshal([]byte(said), &made); err != nil || status != http.StatusOK || made.QueryDefinitionID == "" {
		t.Fatalf("%d %s %v", status, said, err)
	}
	id := `"queryDefinitionId":"` + made.QueryDefinitionID + `"`
	if status, said := ask("PutQueryDefinition", `{`+id+`,"name":"dev/one","queryString":"b"}`); status != http.StatusOK || !strings.Contains(said, id) {
		t.Errorf("%d %s", status, said)
	}
	if _, said := ask("DescribeQueryDefinitions", `{"queryDefinitionNamePrefix":"dev/"}`); strings.Count(said, id) != 1 || !strings.Contains(said, `"queryString":"b"`) {
		t.Error(said)
	}
	if _, said := ask("DescribeQueryDefinitions", `{"queryDefinitionNamePrefix":"prod/"}`); strings.Contains(said, id) {
		t.Error(said)
	}
	if status, said := ask("DeleteQueryDefinition", `{`+id+`}`); status != http.StatusOK || !strings.Contains(said, `"success":true`) {
		t.Errorf("%d %s", status, said)
	}
	if _, said := ask("DescribeQueryDefinitions", `{}`); strings.Contains(said, id) {
		t.Error(said)
	}
}

func TestEveryGapSaysWhy(t *testing.T) {
	seen := map[string]bool{}
	for _, line := range Gaps() {
		name, why, _ := strings.Cut(line, ": ")
		if seen[name] || why == "" {
			t.Errorf("%q", line)
		}
		seen[name] = true
	}
}
