package workflow

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"

	"sluice/internal/bedrock/bedrocktest"
	"sluice/internal/local/stepfunctions"
	"sluice/internal/suppression"
	"sluice/internal/workflow"
)

// reply is how the model answers a call.
type reply int

const (
	answers_  reply = iota
	throttles       // a 429 for the minute's quota
	dayQuota        // a 429 for the day's
	breaks          // a 500
	silence         // no answer at all
)

func always(r reply) func(int, time.Duration) reply {
	return func(int, time.Duration) reply { return r }
}

// first answers the first calls so, and the rest as the model does.
func first(replies ...reply) func(int, time.Duration) reply {
	return func(call int, _ time.Duration) reply {
		if call > len(replies) {
			return answers_
		}
		return replies[call-1]
	}
}

// way is one way through the workflow, as every interpreter goes it.
type way struct {
	name, word string
	emails     []string
	anyway     bool
	// mood is how the model answers its calls, from 1, so long after the first.
	mood func(call int, since time.Duration) reply
	// refused is how often the first step fails before it goes well.
	refused int
	// change alters the definition for an interpreter that has to hurry.
	change func(states map[string]map[string]any)
	// stand puts something into the way; slow ways need virtual time.
	stand func(v *virtual)
	slow  bool

	status string // of the execution
	path   string // the states, and !Error where an attempt failed
	said   string // events
	// waits and attempts, where the way has such: what is asserted in virtual time.
	verify func(t *testing.T, w went)
}

const (
	// arrives is when the report that a mail was delivered comes seconds later.
	arrives  = "Notify WasAnybodyMailed AskDelivery WasItDelivered WaitForDelivery AskDelivery WasItDelivered MailDelivered HowDidItEnd "
	toStore  = "Store IsItStored TakeResult DoesAnybodyWantMail "
	unmailed = "Validate IsItValid Analyze IsItAnswered " + toStore + "HowDidItEnd Completed"
)

// ways are all the ways.
func ways() []way {
	return append([]way{
		{name: "happy", word: "lovely", emails: []string{"lan@example.com"}, status: "SUCCEEDED",
			path: "Validate IsItValid Analyze IsItAnswered " + toStore + arrives + "Completed",
			said: "AiCompleted Stored Notified"},
		{name: "bounced", word: "back", emails: []string{"bounce@simulator.amazonses.com"}, status: "SUCCEEDED",
			path: "Validate IsItValid Analyze IsItAnswered " + toStore + strings.Replace(arrives, "MailDelivered", "MailBounced", 1) + "Completed",
			said: "AiCompleted Stored Notified"},
		{name: "nobody-asked", word: "quiet", status: "SUCCEEDED", path: unmailed, said: "AiCompleted Stored"},
		{name: "suppressed", word: "silent", emails: []string{"gone@example.com"}, status: "SUCCEEDED",
			path: "Validate IsItValid Analyze IsItAnswered Suppressed", said: "NotificationSkipped"},
		{name: "suppressed-anyway", word: "anyway", emails: []string{"gone@example.com"}, anyway: true, status: "SUCCEEDED",
			path: "Validate IsItValid Analyze IsItAnswered " + toStore + "Notify WasAnybodyMailed Suppressed",
			said: "AiCompleted Stored NotificationSkipped"},
		// A minute's throttle is waited out by the function itself, within one step.
		{name: "throttled", word: "throttle", mood: first(throttles), status: "SUCCEEDED", path: unmailed, said: "AiCompleted Stored"},
		{name: "retried", word: "again", refused: 2, status: "SUCCEEDED",
			path: "Validate !Sluice.retry !Sluice.retry " + strings.TrimPrefix(unmailed, "Validate "), said: "AiCompleted Stored",
			verify: func(t *testing.T, w went) { w.pauses(t, 2, 2*time.Second, 2, time.Minute) }},
		{name: "never-answers", word: "never", mood: always(silence),
			change: func(states map[string]map[string]any) { states["Analyze"]["TimeoutSeconds"] = 4 }, status: "FAILED",
			path: "Validate IsItValid Analyze !States.Timeout SayFailed DoesAnybodyWantMail HowDidItEnd Failed",
			said: "AiFailed"},
	}, slowWays()...)
}

// went is how a way was gone in virtual time.
type went struct {
	outline   []string
	moments   []workflow.Moment
	execution workflow.Execution
	said      []string
	sent      map[string]int
	dead      map[string][]string
}

// goes goes the way by our own interpreter, with the functions' own handlers.
func (one way) goes(t *testing.T) (w went) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		v := newVirtual(t, true, one.change)
		list := v.suppressions()
		if err := list.Suppress(t.Context(), list.Key("gone@example.com"), suppression.Entry{Reason: suppression.Bounce}); err != nil {
			t.Fatal(err)
		}
		v.model.Say = one.say()
		v.faults["validate"] = failing(one.refused, "Sluice.retry")
		if one.stand != nil {
			one.stand(v)
		}
		data := map[string]any{"task": "sentiment", "audit": true, "input": map[string]string{"text": "This is " + one.word + ", I love it"}}
		if len(one.emails) > 0 {
			data["notify"] = map[string]any{"email": one.emails, "answerAnyway": one.anyway}
		}
		v.publish(one.name, data)
		w = v.went(one.name)
	})
	return w
}

// say is the model in the way's mood.
func (one way) say() func(int, []bedrocktest.Record, *bedrockruntime.ConverseInput) (*bedrockruntime.ConverseOutput, error) {
	began := time.Now()
	return func(call int, _ []bedrocktest.Record, in *bedrockruntime.ConverseInput) (*bedrockruntime.ConverseOutput, error) {
		mood := answers_
		if one.mood != nil {
			mood = one.mood(call, time.Since(began))
		}
		switch mood {
		case throttles:
			return nil, bedrocktest.Throttled()
		case dayQuota:
			return nil, bedrocktest.Error(http.StatusTooManyRequests, "ThrottlingException", "Too many tokens per day, please wait before trying again.")
		case breaks:
			return nil, bedrocktest.Error(http.StatusInternalServerError, "InternalServerException", "broken")
		case silence:
			time.Sleep(48 * time.Hour)
		}
		return bedrocktest.Default(in), nil
	}
}

// went waits for the end of the execution, and for what follows.
func (v *virtual) went(id string) went {
	arn := strings.Replace(machineARN, ":stateMachine:", ":execution:", 1) + ":" + workflow.Name(tenant, id, 1)
	var w went
	for range 15 * 24 * 6 { // an execution lasts 14 days at most
		time.Sleep(10 * time.Minute)
		if w.execution, _ = v.machine.Describe(arn); w.execution.Status != "" && w.execution.Status != "RUNNING" {
			break
		}
	}
	w.moments, _ = v.machine.History(arn)
	w.outline = outline(w.moments)
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, record := range v.said {
		if !strings.HasPrefix(record.DetailType, "Email") {
			w.said = append(w.said, record.DetailType)
		}
	}
	slices.Sort(w.said)
	w.sent, w.dead = v.sent, v.dead
	return w
}

// check compares how the execution went with what the way is.
func (one way) check(t *testing.T, ended workflow.Execution, moments []workflow.Moment) {
	t.Helper()
	if path := strings.Join(pathOf(moments), " "); path != one.path || ended.Status != one.status {
		t.Errorf("%s %s: %s\nwent %s\nwant %s", ended.Status, ended.Error, ended.Cause, path, one.path)
	}
}

// pathOf is which states an execution entered, and where an attempt failed.
func pathOf(moments []workflow.Moment) []string {
	var path []string
	for _, m := range moments {
		if m.Entered != nil {
			path = append(path, m.Entered.Name)
		}
		if failed := m.Failed(); failed != nil && m.ExecutionEnded == nil {
			path = append(path, "!"+failed.Error)
		}
	}
	return path
}

// outline is a history without its times and data.
func outline(moments []workflow.Moment) []string {
	var all []string
	for _, m := range moments {
		line := m.Type
		switch failed := m.Failed(); {
		case m.Entered != nil:
			line += " " + m.Entered.Name
		case m.Exited != nil:
			line += " " + m.Exited.Name
		case failed != nil:
			line += " " + failed.Error
		}
		all = append(all, line)
	}
	return all
}

// between are the pauses between attempts that failed and the next ones.
func between(moments []workflow.Moment) []time.Duration {
	var all []time.Duration
	var failed time.Time
	for _, m := range moments {
		switch {
		case m.TaskFailed != nil || m.TaskTimedOut != nil:
			failed = m.At()
		case m.Type == "TaskScheduled" && !failed.IsZero():
			all = append(all, m.At().Sub(failed))
			failed = time.Time{}
		case m.Entered != nil:
			failed = time.Time{}
		}
	}
	return all
}

// pauses checks that there were n attempts more, each after a pause of at most
// interval × rate^(its number - 1) and at most most: the jitter takes any part.
func (w went) pauses(t *testing.T, n int, interval time.Duration, rate float64, most time.Duration) {
	t.Helper()
	all := between(w.moments)
	if len(all) != n {
		t.Errorf("%d attempts more, want %d: %v", len(all), n, all)
	}
	limit := interval
	for i, pause := range all {
		if pause < 0 || pause > limit+time.Millisecond {
			t.Errorf("pause %d is %s, more than %s", i+1, pause, limit)
		}
		limit = min(time.Duration(float64(limit)*rate), most)
	}
}

// Every way is gone in virtual time, with every wait and backoff as it is written.
func TestEveryWayInVirtualTime(t *testing.T) {
	for _, one := range ways() {
		t.Run(one.name, func(t *testing.T) {
			w := one.goes(t)
			one.check(t, w.execution, w.moments)
			want := strings.Fields(one.said)
			slices.Sort(want)
			if !slices.Equal(want, w.said) {
				t.Errorf("said %v, want %v", w.said, want)
			}
			if one.verify != nil {
				one.verify(t, w)
			}
		})
	}
}

// Every state is entered by one of the ways, so none is there that nobody saw.
func TestTheWaysEnterEveryState(t *testing.T) {
	var d struct{ States map[string]json.RawMessage }
	if err := json.Unmarshal((&virtual{T: t}).definition(nil), &d); err != nil {
		t.Fatal(err)
	}
	for _, one := range ways() {
		for _, name := range strings.Fields(one.path) {
			delete(d.States, name)
		}
	}
	delete(d.States, "Rejected") // TestTheWorkflowRejects, and the 200 requests
	for name := range d.States {
		t.Errorf("no way enters %s", name)
	}
}

// failing fails the first n times.
func failing(n int, name string) func() error {
	return func() error {
		if n--; n < 0 {
			return nil
		}
		return &stepfunctions.Failure{Name: name, Cause: "it is put into the way"}
	}
}
