package main

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"sluice/events"
	"sluice/internal/local/emulator"
	"sluice/internal/local/machine"
)

// moto starts the independent emulator of AWS, where it is on the machine.
func moto(t *testing.T) string {
	t.Helper()
	if os.Getenv("SLUICE_CONFORMANCE_MOTO") == "off" {
		t.Skip("SKIPPED: moto is left to make conformance")
	}
	server, err := emulator.Start(t.Context(), emulator.Options{})
	if errors.Is(err, emulator.ErrAbsent) {
		t.Skip("SKIPPED: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return server.URL()
}

// moto has neither Converse nor events of mails: the one is sent elsewhere, the
// other is left out.
func TestTheFunctionsAloneRunAgainstAnotherEmulator(t *testing.T) {
	url := moto(t)
	model, callers := inAWS(t)
	t.Setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", model)
	c := command(t, t.TempDir(), "dev", "--endpoint", url, "--json")
	var log bytes.Buffer
	c.Stderr = &log
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.Contains(line, `"bus":"sluice-local"`) {
		t.Errorf("it said %q, %v", line, err)
	}
	config := clientConfig(machine.At(url))
	choreography, err := events.LoadChoreography()
	if err != nil {
		t.Fatal(err)
	}
	for name := range choreography.Subscriptions {
		queue := events.QueueName(machine.Environment, name)
		if _, err := sqs.NewFromConfig(config).GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: &queue}); err != nil {
			t.Error(err)
		}
	}
	publishDetail(t, url, `{"requestId":"order-1","data":{"task":"sentiment","input":{"text":"I love it"}}}`)
	objects := s3.NewFromConfig(config)
	eventually(t, "the result is stored", func() bool {
		found, err := objects.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(machine.Bucket), Prefix: aws.String("results/")})
		return err == nil && len(found.Contents) == 1
	})
	if len(callers()) != 1 {
		t.Errorf("the model was asked %d times", len(callers()))
	}
	interrupt(t, c)
	if !strings.Contains(log.String(), "left out") || !strings.Contains(log.String(), "events of mails") {
		t.Errorf("what moto cannot do is not told: %s", &log)
	}
}
