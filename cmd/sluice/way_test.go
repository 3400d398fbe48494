package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// wayLine is what the test reads of a line of the log.
type wayLine struct {
	Msg           string         `json:"msg"`
	Function      string         `json:"function"`
	RequestID     string         `json:"requestId"`
	CorrelationID string         `json:"correlationId"`
	Event         string         `json:"event"`
	Outcome       string         `json:"outcome"`
	Ended         string         `json:"ended"`
	WaitMs        *int           `json:"waitMs"`
	DurationMs    *float64       `json:"durationMs"`
	Said          map[string]int `json:"said"`
	Calls         []string       `json:"calls"`
	Mails         []string       `json:"mails"`
	Trace         string         `json:"trace"`
	Ledger        string         `json:"ledger"`
	ID            string         `json:"id"`
	Status        string         `json:"status"`
}

// logOf are the lines of a machine's log.
func logOf(t *testing.T, data string) []wayLine {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(data, "machine.log"))
	if err != nil {
		t.Fatal(err)
	}
	var all []wayLine
	for line := range bytes.Lines(raw) {
		at := bytes.IndexByte(line, '{')
		var one wayLine
		if at >= 0 && json.Unmarshal(line[at:], &one) == nil {
			all = append(all, one)
		}
	}
	return all
}

// A request's whole way is told by the log alone: each event and its wait, the
// model call, the mail.
func TestTheWayOfARequestIsToldByItsLog(t *testing.T) {
	data := t.TempDir()
	dev(t, data)
	if r := sluice(t, data, "submit", "The parcel came late.", "--task", "classify", "--id", "way-1", "--email", "me@example.com"); r.code != 0 {
		t.Fatalf("exit %d\n%s%s", r.code, r.out, r.err)
	}
	var lines []wayLine
	eventually(t, "all have told", func() bool {
		lines = logOf(t, data)
		told := 0
		for _, l := range lines {
			if l.Msg == "handled" && l.RequestID == "way-1" && slices.Contains([]string{"Email Sent", "Email Delivered", "Notified"}, l.Event) {
				told++
			}
		}
		return told == 3
	})
	step := func(function, event string) wayLine {
		t.Helper()
		i := slices.IndexFunc(lines, func(l wayLine) bool {
			return l.Msg == "handled" && l.RequestID == "way-1" && l.CorrelationID == "way-1" && l.Function == function && l.Event == event
		})
		if i < 0 {
			t.Fatalf("the log does not tell that %s handled %s of way-1", function, event)
		}
		if l := lines[i]; l.Outcome != "done" || l.WaitMs == nil || l.DurationMs == nil {
			t.Errorf("%s of %s: %+v", event, function, l)
		}
		return lines[i]
	}
	asked, stored, mailed := step("analyze", "RequestReceived"), step("store", "AiCompleted"), step("notify", "Stored")
	sent, delivered := step("feedback", "Email Sent"), step("feedback", "Email Delivered")
	for _, event := range []string{"Stored", "Notified"} {
		step("track", event)
	}
	if len(sent.Said) > 0 || delivered.Said["EmailDelivered"] != 1 || len(delivered.Mails) != 1 || len(mailed.Mails) != 1 || delivered.Mails[0] != mailed.Mails[0] {
		t.Errorf("the mail: %+v, %+v", sent, delivered)
	}
	if asked.Said["AiCompleted"] != 1 || stored.Said["Stored"] != 1 || mailed.Said["Notified"] != 1 || mailed.Ended != "completed" {
		t.Errorf("said: %v, %v, %v; ended %q", asked.Said, stored.Said, mailed.Said, mailed.Ended)
	}
	if asked.Trace == "" || asked.Trace != stored.Trace || stored.Trace != mailed.Trace {
		t.Errorf("the steps have the traces %q, %q, %q", asked.Trace, stored.Trace, mailed.Trace)
	}
	if len(asked.Calls) != 1 {
		t.Fatalf("calls %v", asked.Calls)
	}
	for _, kind := range []string{"begin", "end"} {
		if !slices.ContainsFunc(lines, func(l wayLine) bool { return l.Ledger == kind && l.ID == asked.Calls[0] }) {
			t.Errorf("the call %s has no line %s", asked.Calls[0], kind)
		}
	}
	if len(mailed.Mails) != 1 || !strings.Contains(sluice(t, data, "mails").out, mailed.Mails[0]) {
		t.Errorf("mails %v", mailed.Mails)
	}
	if !slices.ContainsFunc(lines, func(l wayLine) bool { return l.Msg == "metrics" && l.Function == "notify" }) {
		t.Error("there are no metrics")
	}
	erases(t, data)
}

// erases forgets the request and looks for it with other eyes.
func erases(t *testing.T, data string) {
	t.Helper()
	if r := sluice(t, data, "erase", "--tenant", localTenant, "--request", "way-1"); r.code != exitUsage {
		t.Errorf("erased without a yes: exit %d %s", r.code, r.out)
	}
	document := document(t, sluice(t, data, "erase", "--tenant", localTenant, "--request", "way-1", "--yes", "--json"))
	removed := map[string]float64{}
	for _, one := range document["prefixes"].([]any) {
		c := one.(map[string]any)
		removed[c["prefix"].(string)] = c["removed"].(float64)
	}
	for _, prefix := range []string{"requests/", "answers/", "results/"} {
		if removed[prefix] != 1 {
			t.Errorf("%s: %v removed of %v", prefix, removed[prefix], document)
		}
	}
	if r := sluice(t, data, "status", "way-1"); document["left"] != 0.0 || r.code != exitFailed {
		t.Errorf("after it: %v, status exit %d %s", document["left"], r.code, r.out)
	}
}
