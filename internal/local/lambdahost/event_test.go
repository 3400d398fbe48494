package lambdahost

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// The event is, to the letter, what Lambda makes of the same messages.
func TestEvent(t *testing.T) {
	received := []types.Message{{
		MessageId: aws.String("059f36b4-87a3-44ab-83d2-661975830a7d"), ReceiptHandle: aws.String("AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a"),
		Body: aws.String(`{"detail":{"text":"a < b && xin chào"}}`), MD5OfBody: aws.String("e4e68fb7bd0e697a0ae8f1bb342846b3"),
		MD5OfMessageAttributes: aws.String("8ef4d60dbbc29bd2fd1a87b5b1f7bf4d"),
		Attributes: map[string]string{"ApproximateReceiveCount": "1", "SentTimestamp": "1545082649183", "SenderId": "AIDAIENQZJOLO23YVJ4VO",
			"ApproximateFirstReceiveTimestamp": "1545082649185", "AWSTraceHeader": "Root=1-5759e988-bd862e3fe1be46a994272793"},
		MessageAttributes: map[string]types.MessageAttributeValue{
			"cause": {DataType: aws.String("String"), StringValue: aws.String("throttled")},
			"count": {DataType: aws.String("Number"), StringValue: aws.String("3")},
			"raw":   {DataType: aws.String("Binary"), BinaryValue: []byte{0, 1, 255}},
		},
	}, {
		MessageId: aws.String("2e1424d4-f796-459a-8184-9c92662be6da"), ReceiptHandle: aws.String("AQEBzWwaftRI0KuVm4tP"),
		Body: aws.String("Test message."), MD5OfBody: aws.String("e4e68fb7bd0e697a0ae8f1bb342846b3"),
		Attributes: map[string]string{"ApproximateReceiveCount": "2", "SentTimestamp": "1545082650636"},
	}}
	var batch []message
	for _, r := range received {
		m, err := newMessage(r, "arn:aws:sqs:us-east-2:123456789012:my-queue", "us-east-2")
		if err != nil {
			t.Fatal(err)
		}
		batch = append(batch, m)
	}
	golden, err := os.ReadFile("testdata/sqs-event.json")
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := json.Compact(&want, golden); err != nil {
		t.Fatal(err)
	}
	got := eventOf(batch)
	if string(got) != want.String() {
		t.Errorf("got\n%s\nwant\n%s", got, want.String())
	}
	if size := eventSize(batch); size < len(got) || size > len(got)+1 {
		t.Errorf("size %d of %d bytes", size, len(got))
	}
}

func TestSplit(t *testing.T) {
	of := func(sizes ...int) []message {
		var all []message
		for _, size := range sizes {
			all = append(all, message{record: make([]byte, size)})
		}
		return all
	}
	for _, test := range []struct {
		all          []message
		count, limit int
		want         int
	}{
		{of(), 10, 100, 0},
		{of(10, 10, 10), 10, 1000, 3},
		{of(10, 10, 10), 2, 1000, 2},
		{of(30, 30, 30), 10, 80, 2},
		{of(500, 1), 10, 100, 1}, // one is always taken
	} {
		batch, rest := split(test.all, test.count, test.limit)
		if len(batch) != test.want || len(batch)+len(rest) != len(test.all) {
			t.Errorf("%d in the batch and %d left of %d, want %d", len(batch), len(rest), len(test.all), test.want)
		}
	}
}

// The table is what AWS documents for partial batch responses.
func TestItemFailures(t *testing.T) {
	batch := []message{{id: "a"}, {id: "b"}}
	const fails = "whole batch"
	for answer, want := range map[string]string{
		``: "", `null`: "", ` {} `: "", `{"batchItemFailures":null}`: "", `{"batchItemFailures":[]}`: "", `{"statusCode":200}`: "",
		`{"batchItemFailures":[{"itemIdentifier":"a"}]}`:                                               "a",
		`{"batchItemFailures":[{"itemIdentifier":"a"},{"itemIdentifier":"b"},{"itemIdentifier":"a"}]}`: "a,b",
		`{"batchItemFailures":[{"itemIdentifier":"c"}]}`:                                               fails,
		`{"batchItemFailures":[{"itemIdentifier":""}]}`:                                                fails,
		`{"batchItemFailures":[{"itemIdentifier":null}]}`:                                              fails,
		`{"batchItemFailures":[{"itemIdentifier":1}]}`:                                                 fails,
		`{"batchItemFailures":[{"ItemIdentifier":"a"}]}`:                                               fails,
		`{"batchItemFailures":[{"id":"a"}]}`:                                                           fails,
		`{"batchItemFailures":[null]}`:                                                                 fails,
		`{"batchItemFailures":["a"]}`:                                                                  fails,
		`{"batchItemFailures":{"itemIdentifier":"a"}}`:                                                 fails,
		`{"batchItemFailures":"a"}`:                                                                    fails,
		`[]`:                                                                                           fails,
		`"ok"`:                                                                                         fails,
		`{`:                                                                                            fails,
	} {
		failed, err := itemFailures([]byte(answer), batch)
		got := strings.Join(slices.Sorted(maps.Keys(failed)), ",")
		if err != nil {
			got = fails
		}
		if got != want {
			t.Errorf("%s: %q (%v), want %q", answer, got, err, want)
		}
	}
}

func FuzzItemFailures(f *testing.F) {
	for _, seed := range []string{`null`, `{"batchItemFailures":[{"itemIdentifier":"a"}]}`, `{"batchItemFailures":[{}]}`, `[`} {
		f.Add([]byte(seed))
	}
	batch := []message{{id: "a"}, {id: "b"}}
	f.Fuzz(func(t *testing.T, answer []byte) {
		failed, err := itemFailures(answer, batch)
		if err != nil && failed != nil {
			t.Error("an error and failures")
		}
		for id := range failed {
			if id != "a" && id != "b" {
				t.Errorf("failed %q", id)
			}
		}
	})
}

func TestLines(t *testing.T) {
	long := strings.Repeat("x", maxLine+10)
	for in, want := range map[string][]string{
		"": nil, "a": {"a"}, "a\nb\r\n\nc": {"a", "b", "", "c"}, "bad \xff\n": {"bad \uFFFD"},
		long + "\nshort\n": nil, // checked below
	} {
		var got []string
		lines(strings.NewReader(in), func(line string) { got = append(got, line) })
		if want == nil && in != "" {
			if strings.Join(got[:len(got)-1], "") != long || got[len(got)-1] != "short" || len(got[0]) > maxLine+8<<10 {
				t.Errorf("a long line came as %d", len(got))
			}
		} else if !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestTail(t *testing.T) {
	var kept tail
	for i := range 100 {
		kept.add(strings.Repeat("y", i*10))
	}
	got := strings.Split(kept.String(), "\n")
	if len(got) != tailLines || len(got[tailLines-1]) > tailWidth+len("…") {
		t.Errorf("%d lines, the last of %d bytes", len(got), len(got[len(got)-1]))
	}
}
