package machine

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"sluice/events"
	"sluice/internal/local/ses"
	"sluice/internal/objects"
)

// built puts the very programs of some functions into the folder.
func built(t *testing.T, folder string, names ...string) string {
	t.Helper()
	for _, name := range names {
		if err := os.Remove(filepath.Join(folder, name, "bootstrap")); err != nil {
			t.Fatal(err)
		}
		build := exec.CommandContext(t.Context(), "go", "build", "-tags=lambda.norpc", "-ldflags=-s -w",
			"-o", filepath.Join(folder, name, "bootstrap"), "sluice/functions/"+name+"/lambda")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
	}
	return folder
}

// ear hears events of the machine's bus.
type ear struct {
	t      *testing.T
	queues *sqs.Client
	url    *string
	seen   map[string]bool
}

func listen(t *testing.T, m *Machine, detailTypes string) *ear {
	t.Helper()
	e := &ear{t: t, queues: sqs.NewFromConfig(m.config(m.keys)), seen: map[string]bool{}}
	made, err := e.queues.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("ear")})
	if err != nil {
		t.Fatal(err)
	}
	e.url = made.QueueUrl
	bus := eventbridge.NewFromConfig(m.config(m.keys))
	if _, err := bus.PutRule(t.Context(), &eventbridge.PutRuleInput{Name: aws.String("ear"), EventBusName: aws.String(Bus),
		EventPattern: aws.String(`{"detail-type":[` + detailTypes + `]}`)}); err != nil {
		t.Fatal(err)
	}
	if _, err := bus.PutTargets(t.Context(), &eventbridge.PutTargetsInput{Rule: aws.String("ear"), EventBusName: aws.String(Bus),
		Targets: []ebtypes.Target{{Id: aws.String("ear"), Arn: aws.String(QueueARN("ear"))}}}); err != nil {
		t.Fatal(err)
	}
	return e
}

// next waits for the next event that was not heard before.
func (e *ear) next() events.Envelope {
	e.t.Helper()
	for range 30 {
		out, err := e.queues.ReceiveMessage(e.t.Context(), &sqs.ReceiveMessageInput{QueueUrl: e.url, WaitTimeSeconds: 10, MaxNumberOfMessages: 1})
		if err != nil {
			e.t.Fatal(err)
		}
		for _, m := range out.Messages {
			if _, err := e.queues.DeleteMessage(e.t.Context(), &sqs.DeleteMessageInput{QueueUrl: e.url, ReceiptHandle: m.ReceiptHandle}); err != nil {
				e.t.Fatal(err)
			}
			record, err := events.ParseRecord([]byte(*m.Body))
			if err != nil {
				e.t.Fatal(err)
			}
			if strings.Contains(*m.Body, "@") {
				e.t.Errorf("%s tells an address", record.DetailType)
			}
			said, err := events.Decode(record)
			if err != nil {
				e.t.Fatal(err)
			}
			if !e.seen[said.Type()+said.ID] {
				e.seen[said.Type()+said.ID] = true
				return said
			}
		}
	}
	e.t.Fatal("nothing was said")
	return events.Envelope{}
}

func ask(t *testing.T, m *Machine, requestID, address string) {
	t.Helper()
	detail, err := json.Marshal(map[string]any{"requestId": requestID, "data": map[string]any{"task": "summarize",
		"input": map[string]any{"text": "The parcel never came. Order " + requestID + "."}, "notify": map[string]any{"email": []string{address}}}})
	if err != nil {
		t.Fatal(err)
	}
	out, err := eventbridge.NewFromConfig(m.config(m.keys)).PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []ebtypes.PutEventsRequestEntry{{
		EventBusName: aws.String(Bus), Source: aws.String("com.example.crm"), DetailType: aws.String("RequestReceived"), Detail: aws.String(string(detail))}}})
	if err != nil || out.FailedEntryCount > 0 {
		t.Fatalf("%v %+v", err, out)
	}
}

// about gives the next n events, by request and type.
func (e *ear) about(n int) map[string]map[string]events.Envelope {
	e.t.Helper()
	all := map[string]map[string]events.Envelope{}
	for range n { // which of them is said first is nobody's business
		said := e.next()
		if all[said.RequestID] == nil {
			all[said.RequestID] = map[string]events.Envelope{}
		}
		all[said.RequestID][said.Type()] = said
	}
	return all
}

func dataOf[D events.Event](t *testing.T, all map[string]events.Envelope) D {
	t.Helper()
	var d D
	e, said := all[d.Type()]
	if !said {
		t.Fatalf("%s was not said", d.Type())
	}
	d, err := events.DataOf[D](e)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// A mail bounces: the request that caused it is told, and the address gets no mail
// any more.
func TestWhoBouncedIsNotMailedAgain(t *testing.T) {
	m, err := open(t, Options{Folder: t.TempDir(), Functions: built(t, functions(t), "analyze", "store", "notify", "feedback", "track")})
	if err != nil {
		t.Fatal(err)
	}
	defer shut(t, m)
	const address = "bounce+someone@simulator.amazonses.com"
	heard := listen(t, m, `"Notified", "NotificationSkipped", "EmailBounced", "EmailDelivered", "EmailComplained", "RequestParked"`)

	ask(t, m, "first", address)
	said := heard.about(2)["first"]
	notified, bounced := dataOf[events.Notified](t, said), dataOf[events.EmailBounced](t, said)
	if e := said[bounced.Type()]; e.Request.Task != "summarize" || e.Tenant != "local" {
		t.Errorf("%+v", e)
	}
	if len(notified.Recipients) != 1 || bounced.MessageID != notified.Recipients[0].MessageID || bounced.Recipient != notified.Recipients[0].Hash ||
		bounced.Kind != events.BouncePermanent || !bounced.Suppressed || bounced.About != "Stored" {
		t.Errorf("%+v, and then %+v", notified, bounced)
	}
	store := objects.New(s3.NewFromConfig(m.config(m.keys), func(o *s3.Options) { o.UsePathStyle = true }), Bucket)
	object, err := store.Get(t.Context(), "suppressions/"+bounced.Key+".json", 0)
	if err != nil || !strings.Contains(string(object.Body), `"reason":"bounce"`) || strings.Contains(string(object.Body), "@") {
		t.Errorf("%s, %v", object.Body, err)
	}

	ask(t, m, "second", strings.ToUpper(address))
	said = heard.about(1)["second"]
	skipped := dataOf[events.NotificationSkipped](t, said)
	if e := said[skipped.Type()]; !e.Terminal || e.Outcome != events.Skipped || skipped.About != "RequestReceived" || !strings.Contains(skipped.Reason, "bounced") || len(skipped.Recipients) != 1 || skipped.Recipients[0].Hash != bounced.Recipient {
		t.Errorf("%+v", skipped)
	}
	calls := int64(0)
	for _, model := range m.services.Bedrock.Counters() {
		calls += model.Calls
	}
	if calls != 1 {
		t.Errorf("the model was asked %d times", calls)
	}
	mails, err := m.services.SES.Outbox(t.Context(), ses.Filter{Limit: 10, Since: time.Time{}})
	if err != nil || len(mails) != 1 {
		t.Errorf("%d mails, %v", len(mails), err)
	}
}

// Each address of SES's mailbox simulator comes back as what it stands for.
func TestWhatBecomesOfAMailComesBack(t *testing.T) {
	m, err := open(t, Options{Folder: t.TempDir(), Functions: built(t, functions(t), "analyze", "store", "notify", "feedback", "track")})
	if err != nil {
		t.Fatal(err)
	}
	defer shut(t, m)
	heard := listen(t, m, `"Notified", "NotificationSkipped", "EmailBounced", "EmailDelivered", "EmailComplained", "RequestParked"`)
	cases := map[string]struct{ first, again []string }{
		"success":         {[]string{"EmailDelivered", "Notified"}, []string{"EmailDelivered", "Notified"}},
		"complaint":       {[]string{"EmailComplained", "EmailDelivered", "Notified"}, []string{"NotificationSkipped"}},
		"ooto":            {[]string{"EmailBounced", "EmailDelivered", "Notified"}, []string{"EmailBounced", "EmailDelivered", "Notified"}},
		"suppressionlist": {[]string{"EmailBounced", "Notified"}, []string{"NotificationSkipped"}},
	}
	for _, round := range []string{"first", "again"} {
		want, n := map[string][]string{}, 0
		for mailbox, c := range cases {
			id := mailbox + "-" + round
			if want[id] = c.first; round == "again" {
				want[id] = c.again
			}
			n += len(want[id])
			ask(t, m, id, mailbox+"@simulator.amazonses.com")
		}
		got := map[string][]string{}
		for id, said := range heard.about(n) {
			got[id] = slices.Sorted(maps.Keys(said))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +said)\n%s", round, diff)
		}
	}
}

func TestWhoLooksUpAddressesHasTheirSecret(t *testing.T) {
	secrets := map[string]string{}
	for name, want := range map[string]bool{"analyze": true, "notify": true, "feedback": true, "ingest": false, "store": false, "track": false, "park": false} {
		secret := functionEnvironment(name, "http://x", "s", "", nil)["SLUICE_SUPPRESSION_SECRET"]
		if (secret != "") != want {
			t.Errorf("%s has the secret: %t", name, secret != "")
		}
		if want {
			secrets[secret] = name
		}
		if withAWS := functionEnvironment(name, "http://x", "s"+ofAWSAnswers, "", nil)["SLUICE_SUPPRESSION_SECRET"]; withAWS != secret {
			t.Errorf("%s: addresses are filed under another secret when AWS answers", name)
		}
	}
	if len(secrets) != 1 {
		t.Errorf("%d secrets", len(secrets))
	}
}
