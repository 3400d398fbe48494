package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"sluice/internal/local/emulator"
	"sluice/internal/local/machine"
)

// From nothing to answers and mails, and to nothing again, in an account that is
// an emulator's: two environments beside each other, the second in a VPC and with
// the audited workflow.
func TestTheStackIsAppliedWorksAndIsDestroyed(t *testing.T) {
	server := emulated(t)
	for _, gap := range emulator.Gaps() {
		t.Log("filled beside the emulator: ", gap)
	}
	s := newStack(t, server.URL())
	both := func(step string, do func(s *stack, environment string)) bool {
		return t.Run(step, func(t *testing.T) {
			for _, environment := range []string{"dev", "staging"} {
				t.Run(environment, func(t *testing.T) {
					t.Parallel()
					do(&stack{t, s.folder, s.url}, environment)
				})
			}
		})
	}
	if !both("apply", (*stack).apply) {
		return // there is nothing to look at
	}
	both("plan again", (*stack).unchanged) // nothing of the one was taken over by the other
	both("policies", (*stack).policiesAreNarrow)
	s.functionsStart("dev")
	works(t, s, server)
	for what, n := range things(t, server.URL()) {
		if n == 0 {
			t.Errorf("there are no %s", what)
		}
	}
	if !both("destroy", (*stack).destroy) {
		return
	}
	for what, n := range things(t, server.URL()) {
		if n != 0 {
			t.Errorf("%d %s are left", n, what)
		}
	}
}

// works puts a file into the bucket and an event on the bus, lets the functions run
// and looks for what comes of it.
func works(t *testing.T, s *stack, server *emulator.Emulator) {
	t.Helper()
	bucket := fmt.Sprint(s.outputs("dev")["bucket"])
	c := command(t, t.TempDir(), "dev", "--endpoint", server.URL(), "--no-provision", "--json")
	c.Env = append(os.Environ(), "SLUICE_ENVIRONMENT=dev", "SLUICE_BUCKET="+bucket, "SLUICE_SENDER=sluice@dev.example.com", "AWS_REGION="+emulator.Region)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer interrupt(t, c)
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || !strings.Contains(line, bucket) {
		t.Fatalf("it said %q, %v", line, err)
	}
	config := clientConfig(machine.At(server.URL()))
	objects := s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true })
	put := func(key, content string) {
		if _, err := objects.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(content)}); err != nil {
			t.Fatal(err)
		}
	}
	put("uploads/local/sentiment/f.csv.sluice.json", `{"task":"sentiment","notify":{"email":["analyst@example.com"]}}`)
	put("uploads/local/sentiment/f.csv", "id,text\n1,I love it\n2,I hate it\n")
	told, err := eventbridge.NewFromConfig(config).PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []ebtypes.PutEventsRequestEntry{{
		EventBusName: aws.String("sluice-dev"), Source: aws.String("com.example.crm"), DetailType: aws.String("RequestReceived"),
		Detail: aws.String(`{"requestId":"order-1","data":{"task":"sentiment","input":{"text":"The parcel came late."},"notify":{"email":["shop@example.com"]}}}`)}}})
	if err != nil || told.FailedEntryCount > 0 {
		t.Fatalf("%v %+v", err, told)
	}
	eventually(t, "the report is there, and the results of file and event", func() bool {
		return len(keys(t, objects, bucket, "reports/")) > 0 && len(keys(t, objects, bucket, "results/")) > 1
	})
	to := map[string]bool{}
	eventually(t, "both are mailed", func() bool {
		mails, err := server.Mails(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range mails {
			to[m.To[0].Email] = true
		}
		return to["analyst@example.com"] && to["shop@example.com"]
	})
}

func keys(t *testing.T, objects *s3.Client, bucket, prefix string) []string {
	t.Helper()
	found, err := objects.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix})
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, o := range found.Contents {
		all = append(all, *o.Key)
	}
	return all
}
