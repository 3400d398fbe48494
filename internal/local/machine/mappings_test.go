package machine

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"sluice/events"
	"sluice/internal/local/sqs"
	"sluice/internal/mappings"
)

// A mapping that is paused receives nothing, also after a restart, until it is
// switched on again.
func TestAPausedMappingStaysPausedOverARestart(t *testing.T) {
	folder := t.TempDir()
	m := running(t, folder)
	pausing := mappings.Connect(m.config(m.keys), mappings.Options{Function: "analyze", RoleARN: pauseRole})
	if err := pausing.Pause(t.Context(), QueueARN(events.QueueName(Environment, "analyze")), time.Now().Add(24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	becomes(t, m, "analyze", "Disabled")
	shut(t, m)

	m = running(t, folder)
	becomes(t, m, "analyze", "Disabled")
	becomes(t, m, "store", "Enabled")
	send(t, m, "analyze")
	send(t, m, "store")
	received(t, m, "store")
	if got := inFlight(t, m, "analyze"); got != 0 {
		t.Errorf("%d messages of a paused mapping were received", got)
	}
	client := lambda.NewFromConfig(m.config(m.keys))
	id := mapping(t, m, "analyze").UUID
	if _, err := client.UpdateEventSourceMapping(t.Context(), &lambda.UpdateEventSourceMappingInput{UUID: id, Enabled: aws.Bool(true)}); err != nil {
		t.Fatal(err)
	}
	received(t, m, "analyze")
	becomes(t, m, "analyze", "Enabled")
	m.kill(t)
}

func running(t *testing.T, folder string) *Machine {
	t.Helper()
	m, err := open(t, Options{Folder: folder})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// kill closes a machine whose functions never end a call.
func (m *Machine) kill(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = m.Close(ctx) // it tells that calls were ended by force
}

// mapping is the one that feeds a function.
func mapping(t *testing.T, m *Machine, function string) types.EventSourceMappingConfiguration {
	t.Helper()
	queue := QueueARN(events.QueueName(Environment, function))
	out, err := lambda.NewFromConfig(m.config(m.keys)).ListEventSourceMappings(t.Context(), &lambda.ListEventSourceMappingsInput{FunctionName: &function, EventSourceArn: &queue})
	if err != nil || len(out.EventSourceMappings) != 1 {
		t.Fatalf("%s: %+v, %v", function, out, err)
	}
	return out.EventSourceMappings[0]
}

// becomes waits until a mapping has a state.
func becomes(t *testing.T, m *Machine, function, want string) {
	t.Helper()
	for *mapping(t, m, function).State != want {
		time.Sleep(10 * time.Millisecond)
	}
}

func send(t *testing.T, m *Machine, function string) {
	t.Helper()
	_, errs := m.services.SQS.SendAll(t.Context(), []sqs.Addressed{{Queue: events.QueueName(Environment, function), Outgoing: sqs.Outgoing{Body: "{}"}}})
	if errs[0] != nil {
		t.Fatal(errs[0])
	}
}

func inFlight(t *testing.T, m *Machine, function string) int {
	t.Helper()
	counts, err := m.services.SQS.Counts(events.QueueName(Environment, function))
	if err != nil {
		t.Fatal(err)
	}
	return counts.InFlight
}

// received waits until a function's poller has received something.
func received(t *testing.T, m *Machine, function string) {
	t.Helper()
	for inFlight(t, m, function) == 0 {
		time.Sleep(10 * time.Millisecond)
	}
}
