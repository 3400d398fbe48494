package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/events"
	"sluice/internal/requests"
	"sluice/internal/workflow"
)

func TestARequestIsShownStepByStep(t *testing.T) {
	data := t.TempDir()
	url := dev(t, data)
	publishDetail(t, url, `{"requestId":"good","data":{"task":"summarize","input":{"text":"The kettle is cracked. I want another."},"notify":{"email":["ada@example.com"]},"audit":true}}`)
	publishDetail(t, url, `{"requestId":"bad","data":{"task":"nosuch","input":{"text":"The kettle is cracked."}}}`)
	var good result
	eventually(t, "both requests are over", func() bool {
		good = sluice(t, data, "audit", "good")
		return good.code == exitOK && sluice(t, data, "audit", "bad").code == exitOK
	})
	for _, want := range []string{"notified, completed", "analyze ", "store ", "notify ", "tokens in", "mail sent", "audit choreography"} {
		if !strings.Contains(strings.Join(strings.Fields(good.out), " "), want) {
			t.Errorf("%q is not in\n%s", want, good.out)
		}
	}
	if strings.Contains(good.out, "@") || strings.Contains(good.out, "MISSING") {
		t.Errorf("%s", good.out)
	}
	if got := document(t, sluice(t, data, "audit", "good", "--json")); len(got["steps"].([]any)) != 3 || got["notify"] != nil {
		t.Errorf("%v", got)
	}
	if r := sluice(t, data, "audit", "bad"); !strings.Contains(r.out, "rejected") || !strings.Contains(r.out, "reason") {
		t.Errorf("%s", r.out)
	}
	if r := sluice(t, data, "audit", "nobody"); r.code != exitFailed || !strings.Contains(r.err, "there is no request nobody") {
		t.Errorf("exit %d: %s", r.code, r.err)
	}
	if r := sluice(t, data, "audit", "a/b"); r.code != exitUsage {
		t.Errorf("exit %d: %s", r.code, r.err)
	}
}

func TestWhatIsMissingOfARequest(t *testing.T) {
	step := func(names ...string) []events.Step {
		var all []events.Step
		for _, name := range names {
			all = append(all, events.Step{Name: name})
		}
		return all
	}
	for name, tt := range map[string]struct {
		status requests.Status
		mail   bool
		want   []string
	}{
		"whole":            {requests.Status{Outcome: events.Completed, Result: "r", Timeline: step("analyze", "store", "notify")}, true, nil},
		"answered at once": {requests.Status{Outcome: events.Completed, Result: "r", Timeline: step("api", "store")}, false, nil},
		"not over":         {requests.Status{State: requests.Stored, Timeline: step("analyze", "store")}, true, []string{"the end: the request is stored"}},
		"no store":         {requests.Status{Outcome: events.Completed, Timeline: step("analyze")}, false, []string{"store", "the result"}},
		"no mail":          {requests.Status{Outcome: events.Completed, Result: "r", Timeline: step("analyze", "store")}, true, []string{"notify"}},
		"rejected":         {requests.Status{Outcome: events.Rejected, Timeline: step("analyze")}, true, nil},
		"nothing":          {requests.Status{Outcome: events.Failed}, false, []string{"every step: there is no timeline"}},
	} {
		if diff := cmp.Diff(tt.want, missing(tt.status, tt.mail)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

// Where a workflow waited for what became of the mails, that is shown beside them.
func TestWhatBecameOfMailsIsShown(t *testing.T) {
	var out strings.Builder
	sent := func(id string) events.Recipient {
		return events.Recipient{Hash: "h", Outcome: events.MailSent, MessageID: id}
	}
	status := requests.Status{RequestID: "r", State: requests.Notified, Outcome: events.Completed, Mail: []events.Recipient{sent("m1"), sent("m2"), sent("m3")}}
	status.Deliver(requests.Delivery{MessageID: "m1", Became: requests.Delivered})
	status.Deliver(requests.Delivery{MessageID: "m2", Became: requests.Bounced})
	if err := (&settings{console: console{out: &out}}).showAudit(&site{}, audit{Status: status}); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(strings.Fields(out.String()), " "); !strings.Contains(got, "mail sent m1 delivered mail sent m2 bounced mail sent m3 ") {
		t.Error(out.String())
	}
}

func TestAnExecutionsHistoryIsShownWithoutWhatWasPassedOn(t *testing.T) {
	raw, err := os.ReadFile("testdata/history.json")
	if err != nil {
		t.Fatal(err)
	}
	var page struct {
		Events []workflow.Moment `json:"events"`
	}
	if err := json.Unmarshal(raw, &page); err != nil {
		t.Fatal(err)
	}
	at := func(s int) time.Time { return time.Unix(1_790_000_000+int64(s), 0).UTC() }
	want := []auditMoment{
		{At: at(0), Type: "ExecutionStarted"},
		{At: at(0), Type: "TaskStateEntered", State: "Analyze"},
		{At: at(5), Type: "TaskSubmitFailed", Error: "Sqs.QueueDoesNotExist", Cause: "the queue is gone"},
		{At: at(8), Type: "TaskTimedOut", Error: "States.Timeout"},
		{At: at(9), Type: "FailStateEntered", State: "Failed"},
		{At: at(9), Type: "ExecutionTimedOut", Error: "States.Timeout", Cause: "too late"},
	}
	got := momentsOf(page.Events)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if shown, _ := json.Marshal(got); strings.Contains(string(shown), "canary") {
		t.Errorf("%s", shown)
	}
}
