package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"sluice/events"
	"sluice/internal/local/machine"
)

// dev starts a machine and returns its URL. It ends with the test.
func dev(t *testing.T, data string) string {
	t.Helper()
	c, url := startDev(t, data)
	t.Cleanup(func() { interrupt(t, c) })
	return url
}

// startDev starts a machine that the caller ends.
func startDev(t *testing.T, data string) (*exec.Cmd, string) {
	t.Helper()
	c := command(t, data, "dev", "--json")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	var up struct {
		URL string `json:"url"`
	}
	if err != nil || json.Unmarshal([]byte(line), &up) != nil {
		_ = c.Process.Kill()
		t.Fatalf("sluice dev said %q, %v", line, err)
	}
	return c, up.URL
}

func interrupt(t *testing.T, c *exec.Cmd) {
	_ = c.Process.Signal(syscall.SIGINT)
	if err := c.Wait(); err != nil {
		t.Errorf("sluice dev: %v", err)
	}
}

// eventually waits until the condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience / 2); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("never: %s", what)
}

func publishDetail(t *testing.T, url, detail string) {
	t.Helper()
	out, err := eventbridge.NewFromConfig(clientConfig(machine.At(url))).PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{{
		EventBusName: &machine.Bus, Source: aws.String("com.example.crm"), DetailType: aws.String("RequestReceived"), Detail: &detail}}})
	if err != nil || out.FailedEntryCount > 0 {
		t.Fatalf("%v %+v", err, out)
	}
}

func TestAnUpstreamSystemPublishesAndGetsResultAndMail(t *testing.T) {
	data := t.TempDir()
	url := dev(t, data)
	session := newSession(machine.At(url), nil)
	detail := `{"requestId":"order-4711","data":{"task":"summarize","input":{"text":"Đơn hàng 4711 chưa tới. Tôi rất thất vọng."},"notify":{"email":["linh@example.com"]}}}`
	publishDetail(t, url, detail)
	eventually(t, "the request is notified", func() bool {
		status, err := session.book.Get(t.Context(), localTenant, "order-4711")
		return err == nil && status.Terminal()
	})
	r := document(t, sluice(t, data, "status", "order-4711", "--json"))
	if r["outcome"] != "completed" || r["state"] != "notified" || !strings.Contains(fmt.Sprint(r["resultBody"]), "4711") {
		t.Errorf("%v", r)
	}
	if _, told := r["notify"]; told {
		t.Error("status tells the addresses")
	}
	publishDetail(t, url, detail) // the same again is the same request
	conflicting := strings.Replace(detail, "4711 chưa", "4711 đã", 1)
	publishDetail(t, url, conflicting)
	eventually(t, "the conflict is rejected", func() bool {
		n := 0
		for info, err := range session.store.List(t.Context(), "requests/") {
			if err != nil {
				t.Fatal(err)
			}
			object, err := session.store.Get(t.Context(), info.Key, 0)
			if err == nil && strings.Contains(string(object.Body), `"conflictsWith":"order-4711"`) && strings.Contains(string(object.Body), `"outcome":"rejected"`) {
				n++
			}
		}
		return n == 1
	})
	var results int
	for _, err := range session.store.List(t.Context(), "results/") {
		if err != nil {
			t.Fatal(err)
		}
		results++
	}
	if results != 1 {
		t.Errorf("%d results", results)
	}
	var told []machine.Mail
	eventually(t, "the result and the rejection are mailed", func() bool {
		var err error
		told, err = session.doors.Mails(t.Context(), 10, time.Time{})
		return err == nil && len(told) >= 2
	})
	if len(told) != 2 || told[0].To[0] != "linh@example.com" {
		t.Errorf("%+v", told)
	}
	log, err := os.ReadFile(machine.LogFile(data))
	if err != nil || !strings.Contains(string(log), "order-4711") {
		t.Errorf("the log does not tell of the request: %v", err)
	}
	for _, private := range []string{"linh@example.com", "thất vọng"} {
		if strings.Contains(string(log), private) {
			t.Errorf("the log holds %q", private)
		}
	}
}

func TestWhatIsWrongIsToldAndPoisonIsParked(t *testing.T) {
	data := t.TempDir()
	url := dev(t, data)
	session := newSession(machine.At(url), nil)
	publishDetail(t, url, `{"requestId":"bad-1","colour":"red","data":{"task":"nonesuch","input":{}}}`)
	queues := sqs.NewFromConfig(clientConfig(machine.At(url)))
	queue := events.QueueName(machine.Environment, "analyze")
	found, err := queues.GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: &queue})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := queues.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: found.QueueUrl, MessageBody: aws.String("{poison")}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the request is rejected", func() bool {
		status, err := session.book.Get(t.Context(), localTenant, "bad-1")
		return err == nil && status.Outcome == events.Rejected && len(status.Reasons) == 3
	})
	eventually(t, "the poison is parked with its cause", func() bool {
		for info, err := range session.store.List(t.Context(), "parked/") {
			if err != nil {
				t.Fatal(err)
			}
			object, err := session.store.Get(t.Context(), info.Key, 0)
			return err == nil && strings.Contains(string(object.Body), "not an EventBridge event")
		}
		return false
	})
}

func TestSubmitWaitsForTheResult(t *testing.T) {
	data := t.TempDir()
	r := sluice(t, data, "submit", "The invoice 88 is wrong and I am angry.", "--task", "sentiment", "--id", "inv-88", "--json")
	d := document(t, r)
	if r.code != 0 || d["requestId"] != "inv-88" || d["state"] != "stored" {
		t.Errorf("exit %d %v", r.code, d)
	}
	rejected := sluice(t, data, "submit", "text", "--task", "nonesuch", "--json")
	if rejected.code != exitFailed || document(t, rejected)["outcome"] != "rejected" {
		t.Errorf("exit %d %s", rejected.code, rejected.out)
	}
}

// At most two objects are written per upload record, mails aside: its answer and
// its share of everything else.
func TestAnUploadRecordCostsAtMostTwoWrites(t *testing.T) {
	const records = 300
	data := t.TempDir()
	url := dev(t, data)
	writes := func() float64 {
		response, err := http.Get(url + "/_sluice/operations")
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		var d struct{ S3 map[string]float64 }
		if err := json.Unmarshal(body, &d); err != nil {
			t.Fatal(err)
		}
		return d.S3["PutObject"] + d.S3["CopyObject"] + d.S3["CompleteMultipartUpload"]
	}
	before := writes()
	r := sluice(t, data, "run", numbered(t, records), "--json")
	if d := document(t, r); d["completed"] != float64(records) {
		t.Fatalf("%s", counts(d))
	}
	if per := (writes() - before) / records; per > 2 {
		t.Errorf("%.2f writes per record", per)
	}
}

func TestTwoCommandsShareOneMachine(t *testing.T) {
	data := t.TempDir()
	url := dev(t, data)
	environment := document(t, sluice(t, data, "env", "--json"))
	if environment["AWS_ENDPOINT_URL"] != url {
		t.Errorf("%v, want %s", environment, url)
	}
	if r := sluice(t, data, "dev"); r.code != 0 || !strings.Contains(r.err, "runs already") {
		t.Errorf("exit %d %s", r.code, r.err)
	}
}

func TestAFileUnderUploadsIsAnswered(t *testing.T) {
	data := t.TempDir()
	url := dev(t, data)
	session := newSession(machine.At(url), nil)
	config := s3.NewFromConfig(clientConfig(machine.At(url)))
	_, err := config.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(machine.Bucket), Key: aws.String("uploads/acme/sentiment/notes.txt"),
		Body: strings.NewReader("I love it\nI hate it\n")})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the results lie under reports/", func() bool {
		for info, err := range session.store.List(t.Context(), "reports/acme/") {
			if err != nil {
				t.Fatal(err)
			}
			object, err := session.store.Get(t.Context(), info.Key, 0)
			if err == nil && strings.HasSuffix(info.Key, "results.csv") && strings.Count(string(object.Body), "completed") == 2 {
				return true
			}
		}
		return false
	})
}
