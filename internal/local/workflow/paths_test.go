package workflow

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/events"
	"sluice/internal/requests"
	"sluice/internal/results"
	"sluice/internal/suppression"
	"sluice/internal/workflow"
)

// throttled is a 429 as Bedrock says it.
func throttled(message string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("X-Amzn-ErrorType", "ThrottlingException")
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = w.Write([]byte(`{"message":"` + message + `"}`))
		return true
	}
}

// inTurn answers the first calls so, and the rest as the model does.
func inTurn(moods ...func(http.ResponseWriter, *http.Request) bool) func(http.ResponseWriter, *http.Request) bool {
	turn := 0
	return func(w http.ResponseWriter, r *http.Request) bool {
		if turn++; turn > len(moods) {
			return false
		}
		return moods[turn-1](w, r)
	}
}

func TestEveryPathOfTheWorkflow(t *testing.T) {
	w := newWorld(t)
	list := suppression.New(w.store, secret, time.Now)
	if err := list.Suppress(t.Context(), list.Key("gone@example.com"), suppression.Entry{Reason: suppression.Bounce}); err != nil {
		t.Fatal(err)
	}
	silent := make(chan struct{})
	t.Cleanup(func() { close(silent) })
	tests := []struct {
		name, word string
		emails     []string
		anyway     bool
		mood       func(http.ResponseWriter, *http.Request) bool
		change     func(states map[string]map[string]any)
		status     string
		path       string
		said       string
	}{
		{name: "happy", word: "lovely", emails: []string{"lan@example.com"}, status: "SUCCEEDED",
			path: "Validate IsItValid Analyze IsItAnswered Store IsItStored TakeResult DoesAnybodyWantMail Notify WasAnybodyMailed HowDidItEnd Completed",
			said: "AiCompleted Stored Notified"},
		{name: "nobody-asked", word: "quiet", status: "SUCCEEDED",
			path: "Validate IsItValid Analyze IsItAnswered Store IsItStored TakeResult DoesAnybodyWantMail HowDidItEnd Completed",
			said: "AiCompleted Stored"},
		{name: "suppressed", word: "silent", emails: []string{"gone@example.com"}, status: "SUCCEEDED",
			path: "Validate IsItValid Analyze IsItAnswered Suppressed", said: "NotificationSkipped"},
		{name: "suppressed-anyway", word: "anyway", emails: []string{"gone@example.com"}, anyway: true, status: "SUCCEEDED",
			path: "Validate IsItValid Analyze IsItAnswered Store IsItStored TakeResult DoesAnybodyWantMail Notify WasAnybodyMailed Suppressed",
			said: "AiCompleted Stored NotificationSkipped"},
		// A minute's throttle is waited out by the function itself, within one step.
		{name: "throttled", word: "throttle", mood: inTurn(throttled("Too many tokens, please wait before trying again.")), status: "SUCCEEDED",
			path: "Validate IsItValid Analyze IsItAnswered Store IsItStored TakeResult DoesAnybodyWantMail HowDidItEnd Completed",
			said: "AiCompleted Stored"},
		{name: "never-answers", word: "never", mood: func(_ http.ResponseWriter, r *http.Request) bool {
			select {
			case <-silent:
			case <-r.Context().Done():
			}
			return true
		}, change: func(states map[string]map[string]any) { states["Analyze"]["TimeoutSeconds"] = 4 }, status: "FAILED",
			path: "Validate IsItValid Analyze !States.Timeout SayFailed DoesAnybodyWantMail HowDidItEnd Failed",
			said: "AiFailed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := w.of(t)
			w.install(test.change)
			if test.mood != nil {
				w.model.mu.Lock()
				w.model.moods[test.word] = test.mood
				w.model.mu.Unlock()
			}
			w.publish(test.name, "This is "+test.word+", I love it", true, test.anyway, test.emails...)
			ended := w.ended(test.name)
			if path := strings.Join(w.path(test.name), " "); path != test.path || ended.Status != test.status {
				t.Errorf("%s %s: %s\nwent %s\nwant %s", ended.Status, ended.Error, ended.Cause, path, test.path)
			}
			if strings.Contains(ended.Input, "I love it") || strings.Contains(ended.Input, "@") {
				t.Errorf("the history holds what it must not: %s", ended.Input)
			}
			want := strings.Fields(test.said)
			heard := w.heard(map[string]string{test.name: want[len(want)-1]})[test.name]
			slices.Sort(want)
			if diff := cmp.Diff(want, types(heard)); diff != "" {
				t.Errorf("said (-want +got):\n%s", diff)
			}
			for _, one := range heard {
				if !strings.Contains(one, "execution true") {
					t.Errorf("not said of the execution: %s", one)
				}
			}
		})
	}
	if strings.Contains(w.log.String(), "taskToken") {
		t.Error("a token is in the log")
	}
}

// A quota of the day is waited for, and the step is done again. The function
// itself believes the quota for the rest of its hour, and the hurried workflow
// does not: so this is watched until it has waited, and not to its end.
func TestTheWorkflowWaitsForAQuotaOfTheDay(t *testing.T) {
	w := newWorld(t)
	w.install(nil)
	w.model.mu.Lock()
	w.model.moods["daily"] = throttled("Too many tokens per day, please wait before trying again.")
	w.model.mu.Unlock()
	w.publish("daily", "The daily paper came, I love it", true, false)
	want := "Validate IsItValid Analyze IsItAnswered WaitForQuota Analyze"
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		if strings.HasPrefix(strings.Join(w.path("daily"), " "), want) {
			return
		}
	}
	t.Errorf("went %v", w.path("daily"))
}

// of is the world of a part of the test.
func (w *world) of(t *testing.T) *world {
	part := *w
	part.T = t
	return &part
}

// types are the detail-types of what was heard.
func types(heard []string) []string {
	var all []string
	for _, one := range heard {
		all = append(all, strings.Fields(one)[1])
	}
	slices.Sort(all)
	return all
}

// A request that turned wrong after its execution was started is rejected by the
// workflow's own first step. Here somebody starts one by hand.
func TestTheWorkflowRejects(t *testing.T) {
	w := newWorld(t)
	w.install(nil)
	record := `{"id":"1","source":"sluice.analyze","detail-type":"RequestReceived","account":"123456789012","region":"us-east-1","time":"2026-11-28T00:00:00Z","resources":[],
		"detail":{"requestId":"by-hand","tenant":"local","version":1,"execution":"` + execution("by-hand") + `","data":{"task":"no-such-task","input":{"text":"x"},"audit":true}}}`
	in, err := json.Marshal(workflow.Input{Fingerprint: "f", Record: json.RawMessage(record)})
	if err != nil {
		t.Fatal(err)
	}
	w.call("StartExecution", map[string]string{"stateMachineArn": machineARN, "name": workflow.Name("local", "by-hand", 1), "input": string(in)})
	ended := w.ended("by-hand")
	want := "Validate IsItValid DoesAnybodyWantMail HowDidItEnd Rejected"
	if path := strings.Join(w.path("by-hand"), " "); path != want || ended.Status != "SUCCEEDED" {
		t.Errorf("%s %s %s: %s", ended.Status, ended.Error, ended.Cause, path)
	}
	heard := w.heard(map[string]string{"by-hand": "RequestRejected"})["by-hand"]
	if len(heard) != 1 || !strings.Contains(heard[0], "unknownTask") || !strings.Contains(heard[0], "terminal true rejected") {
		t.Errorf("said %v", heard)
	}
}

// The same request is said the same by the choreography and by the workflow, but
// for the execution; and the result says who keeps the history.
func TestTheWorkflowSaysWhatTheChoreographySays(t *testing.T) {
	w := newWorld(t)
	w.install(nil)
	const text = "The parcel came on time and I love it"
	last := map[string]string{"audited": "Notified", "unaudited": "Notified"}
	w.publish("audited", text+" (one)", true, false, "lan@example.com")
	w.publish("unaudited", text+" (two)", false, false, "lan@example.com")
	w.ended("audited")
	heard := w.heard(last)
	strip := func(id string) []string {
		all := slices.Clone(heard[id])
		slices.Sort(all)
		for i := range all {
			all[i] = volatile.ReplaceAllString(strings.Replace(all[i], "execution true", "execution false", 1), "…")
		}
		return all
	}
	if diff := cmp.Diff(strip("unaudited"), strip("audited")); diff != "" {
		t.Errorf("choreography (-) and workflow (+):\n%s", diff)
	}
	w.told("audited", events.AuditWorkflow, execution("audited"))
	w.told("unaudited", "", "")
}

// told checks what the result and the status tell of the audit.
func (w *world) told(id string, audit events.Audit, execution string) {
	w.Helper()
	var status requests.Status
	for deadline := time.Now().Add(patience); time.Now().Before(deadline) && status.Result == ""; time.Sleep(200 * time.Millisecond) {
		status, _ = requests.New(w.store).Get(w.Context(), events.DefaultTenant, id)
	}
	object, err := w.store.Get(context.Background(), status.Result, 1<<20)
	var result results.Result
	if err != nil || json.Unmarshal(object.Body, &result) != nil {
		w.Fatalf("the result of %s: %v", id, err)
	}
	if status.Audit != audit || status.Execution != execution || result.Audit != audit || result.Execution != execution {
		w.Errorf("%s: status %q %q, result %q %q", id, status.Audit, status.Execution, result.Audit, result.Execution)
	}
}

// volatile is what differs between two requests in any case: keys and ids.
var volatile = regexp.MustCompile(`"(answer|key|messageId)": *"[^"]*"`)
