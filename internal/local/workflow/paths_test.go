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

// answered is how the local model's door answers.
func (r reply) answered(w http.ResponseWriter, q *http.Request, over <-chan struct{}) bool {
	refuse := func(status int, code, message string) bool {
		w.Header().Set("X-Amzn-ErrorType", code)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(`{"message":"` + message + `"}`))
		return true
	}
	switch r {
	case throttles:
		return refuse(http.StatusTooManyRequests, "ThrottlingException", "Too many tokens, please wait before trying again.")
	case dayQuota:
		return refuse(http.StatusTooManyRequests, "ThrottlingException", "Too many tokens per day, please wait before trying again.")
	case breaks:
		return refuse(http.StatusInternalServerError, "InternalServerException", "broken")
	case silence:
		select {
		case <-over:
		case <-q.Context().Done():
		}
		return true
	}
	return false
}

// mood lets the model answer calls about a text with the way's word as the way
// says.
func (w *world) mood(one way, over <-chan struct{}) {
	if one.mood == nil {
		return
	}
	call, began := 0, time.Now()
	w.model.mu.Lock()
	defer w.model.mu.Unlock()
	w.model.moods[one.word] = func(rw http.ResponseWriter, r *http.Request) bool {
		w.model.mu.Lock()
		call++
		this := call
		w.model.mu.Unlock()
		return one.mood(this, time.Since(began)).answered(rw, r, over)
	}
}

func TestEveryPathOfTheWorkflow(t *testing.T) {
	w := newWorld(t)
	list := suppression.New(w.store, secret, time.Now)
	if err := list.Suppress(t.Context(), list.Key("gone@example.com"), suppression.Entry{Reason: suppression.Bounce}); err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	t.Cleanup(func() { close(over) })
	for _, one := range ways() {
		if one.slow {
			t.Logf("NOT IN MOTO: %s; TestEveryWayInVirtualTime goes it", one.name)
			continue
		}
		t.Run(one.name, func(t *testing.T) {
			w := w.of(t)
			w.install(one.change)
			w.mood(one, over)
			w.refused.Store(int64(one.refused))
			w.publish(one.name, "This is "+one.word+", I love it", true, one.anyway, one.emails...)
			ended := w.ended(one.name)
			history, err := w.states.History(w.Context(), execution(one.name))
			if err != nil {
				t.Fatal(err)
			}
			one.path = reports.ReplaceAllString(one.path, "")
			one.check(t, ended, once(history))
			if strings.Contains(ended.Input, "I love it") || strings.Contains(ended.Input, "@") {
				t.Errorf("the history holds what it must not: %s", ended.Input)
			}
			// Our own interpreter goes the same way, event by event.
			if diff := cmp.Diff(outline(once(one.goes(t).moments)), outline(once(history))); diff != "" {
				t.Errorf("our interpreter (-) and moto's (+):\n%s", diff)
			}
			want := strings.Fields(one.said)
			heard := w.heard(map[string]string{one.name: want[len(want)-1]})[one.name]
			heard = slices.DeleteFunc(heard, func(one string) bool { return strings.Contains(one, " Email") })
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
	w.mood(way{word: "daily", mood: always(dayQuota)}, nil)
	w.publish("daily", "The daily paper came, I love it", true, false)
	want := "Validate IsItValid Analyze IsItAnswered WaitForQuota Analyze"
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		if strings.HasPrefix(strings.Join(w.path("daily"), " "), want) {
			return
		}
	}
	t.Errorf("went %v", w.path("daily"))
}

// reports is a round of the wait for what becomes of a mail. How many there are
// depends on how fast an interpreter is.
var reports = regexp.MustCompile(`WaitForDelivery AskDelivery WasItDelivered `)

// once is a history without those rounds.
func once(moments []workflow.Moment) []workflow.Moment {
	var kept []workflow.Moment
	within := false
	for _, m := range moments {
		if m.Entered != nil && m.Entered.Name == "WaitForDelivery" {
			within = true
		}
		if !within {
			kept = append(kept, m)
		}
		if m.Exited != nil && m.Exited.Name == "WasItDelivered" {
			within = false
		}
	}
	return kept
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
	last := map[string]string{"audited": "EmailDelivered", "unaudited": "EmailDelivered"}
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

// volatile is what differs between two requests in any case: keys, ids and times.
var volatile = regexp.MustCompile(`"(answer|key|messageId|at)": *"[^"]*"`)
