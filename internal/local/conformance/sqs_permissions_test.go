package conformance

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

var sqsPermissionCases = []Case{
	{"permissions", "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_AddPermission.html", func(t testing.TB, target Target) {
		client, ctx := sqs.NewFromConfig(target.Config), t.Context()
		made, err := client.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String(name("permissions"))})
		if err != nil {
			t.Fatal(err)
		}
		labels := func() string {
			out, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: made.QueueUrl, AttributeNames: []sqstypes.QueueAttributeName{"Policy", "QueueArn"}})
			if err != nil {
				t.Fatal(err)
			}
			var p struct {
				Statement []struct {
					Sid, Effect, Resource string
					Principal             struct{ AWS any }
					Action                any
				}
			}
			if text := out.Attributes["Policy"]; text != "" && json.Unmarshal([]byte(text), &p) != nil {
				t.Errorf("the policy is no JSON: %s", text)
			}
			all := ""
			for _, s := range p.Statement {
				all += fmt.Sprintf("%s %s %v %v;", s.Sid, s.Effect, s.Principal.AWS, s.Action)
				if s.Resource != out.Attributes["QueueArn"] {
					t.Errorf("%s is for %s", s.Sid, s.Resource)
				}
			}
			return all
		}
		add := func(label, account string, actions ...string) error {
			_, err := client.AddPermission(ctx, &sqs.AddPermissionInput{QueueUrl: made.QueueUrl, Label: &label, AWSAccountIds: []string{account}, Actions: actions})
			return err
		}
		wantTold(t, "add", add("one", "111122223333", "SendMessage"), "200")
		wantTold(t, "add another", add("two", "444455556666", "ReceiveMessage", "DeleteMessage"), "200")
		if got, want := labels(), "one Allow arn:aws:iam::111122223333:root SQS:SendMessage;two Allow arn:aws:iam::444455556666:root [SQS:ReceiveMessage SQS:DeleteMessage];"; got != want {
			t.Errorf("the policy says %s, want %s", got, want)
		}
		wantTold(t, "a label twice", add("one", "111122223333", "SendMessage"), "400 InvalidParameterValue")
		wantTold(t, "an action of the owner's", add("three", "111122223333", "CreateQueue"), "400 InvalidParameterValue")
		wantTold(t, "too many actions", add("three", "111122223333", "SendMessage", "ReceiveMessage", "DeleteMessage", "PurgeQueue", "GetQueueUrl", "GetQueueAttributes", "ListDeadLetterSourceQueues", "ChangeMessageVisibility"), "403 OverLimit")
		for _, label := range []string{"one", "two"} {
			_, err := client.RemovePermission(ctx, &sqs.RemovePermissionInput{QueueUrl: made.QueueUrl, Label: &label})
			wantTold(t, "remove", err, "200")
		}
		if got := labels(); got != "" {
			t.Errorf("the policy says %s", got)
		}
		_, err = client.RemovePermission(ctx, &sqs.RemovePermissionInput{QueueUrl: made.QueueUrl, Label: aws.String("one")})
		wantTold(t, "remove again", err, "400 InvalidParameterValue")
	}},
}
