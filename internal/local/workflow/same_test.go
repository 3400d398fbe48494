package workflow

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	brtypes "github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/google/go-cmp/cmp"

	"sluice/events"
	"sluice/internal/bedrock/bedrocktest"
	"sluice/internal/local/eventbridge/pattern"
	"sluice/internal/suppression"
)

const (
	mixed    = 200              // requests that are compared
	others   = 300              // requests of others that come at the same time
	arriving = 60 * time.Second // how long it takes for all of them to come
	settled  = 3 * time.Hour    // by then everything is over
	big      = 60 << 10         // bytes of a text that lies under payloads/
)

// asks are requests of every kind that there is, by i.
func asks(i int) (id string, data map[string]any) {
	id = fmt.Sprintf("mixed-%03d", i)
	text := fmt.Sprintf("mixed %03d: the parcel came late, and I love it all the same", i)
	data = map[string]any{"task": []string{"sentiment", "summarize", "classify", "extract", "generate"}[i%5], "audit": true, "input": map[string]any{"text": text}}
	mail := func(anyway bool, to ...string) { data["notify"] = map[string]any{"email": to, "answerAnyway": anyway} }
	switch i % 20 {
	case 0, 1, 2:
		mail(false, fmt.Sprintf("reader%d@example.com", i))
	case 3:
		mail(false, "gone@example.com") // suppressed: the model is not asked
	case 4:
		mail(true, "gone@example.com") // suppressed, and the answer is wanted all the same
	case 5:
		mail(false, "gone@example.com", "lan@example.com")
	case 6:
		mail(false, "somebody@elsewhere.org") // a domain that may not be mailed
	case 7:
		data["task"] = "no-such-task"
	case 8:
		data["params"] = map[string]any{"nobody": "knows it"}
		mail(false, "lan@example.com") // who asked for mail hears of the rejection
	case 9:
		data["input"] = map[string]any{"ref": "payloads/" + tenant + "/not-there"}
	case 10, 11:
		data["input"] = map[string]any{"text": text + " spoils its call"} // the model fails
	case 12:
		data["input"] = map[string]any{"text": text + " spoils its call"}
		mail(false, "lan@example.com")
	case 13, 14:
		data["input"] = map[string]any{"ref": payload(i)}
	case 15:
		data["unknown"] = true // malformed
	}
	return id, data
}

func payload(i int) string { return fmt.Sprintf("payloads/%s/mixed-%03d.txt", tenant, i) }

// happening is everything that is compared of a run.
type happening struct {
	said   []string // events, without what may differ
	mails  int
	mixing mixing
	// executions are those of the requests that were good, by how they ended.
	executions map[string]int
	// carried counts the events of the requests that carry an execution.
	carried int
}

// mixing counts the model's calls, the records in them, those of the compared
// requests, and of these the ones that shared a call with others' (together: how
// many calls).
type mixing struct{ calls, records, compared, together, shared int }

// happens lets the mixed requests come, and those of others at the same time, and
// waits until all is over. What comes twice comes later the second time.
func happens(t *testing.T, audited bool) (h happening) {
	synctest.Test(t, func(t *testing.T) {
		v := newVirtual(t, audited, nil)
		list := v.suppressions()
		if err := list.Suppress(t.Context(), list.Key("gone@example.com"), suppression.Entry{Reason: suppression.Bounce}); err != nil {
			t.Fatal(err)
		}
		v.model.Say = spoiled
		var coming sync.WaitGroup
		coming.Go(func() {
			for i := range mixed {
				id, data := asks(i)
				if data["input"].(map[string]any)["ref"] == payload(i) {
					v.memory.Set(payload(i), []byte(strings.Repeat(fmt.Sprintf("mixed %03d lies in an object. ", i), big/30)))
				}
				v.publish(id, data)
				time.Sleep(arriving / mixed)
			}
		})
		coming.Go(func() {
			for i := range others {
				v.publish(fmt.Sprintf("other-%03d", i), map[string]any{"task": []string{"sentiment", "summarize", "classify", "extract"}[i%4],
					"input": map[string]string{"text": fmt.Sprintf("other %03d: where is my parcel?", i)}})
				time.Sleep(arriving / others)
			}
		})
		coming.Wait()
		time.Sleep(settled)
		v.again()
		time.Sleep(settled)
		h = v.happened()
	})
	return h
}

// again sends what came before a second time, other content under an id that is
// taken, and the same content under another id, which shares its answer.
func (v *virtual) again() {
	for i := range mixed / 4 {
		id, data := asks(i)
		switch i % 3 {
		case 0:
			v.publish(id, data)
		case 1:
			data["task"], data["input"] = "summarize", map[string]any{"text": fmt.Sprintf("mixed %03d is somebody else's", i)}
			v.publish(id, data)
		case 2:
			v.publish(id+"-again", data)
		}
	}
}

// spoiled is a model that takes 2 s and refuses a call with certain records.
func spoiled(_ int, records []bedrocktest.Record, in *bedrockruntime.ConverseInput) (*bedrockruntime.ConverseOutput, error) {
	time.Sleep(2 * time.Second)
	for _, r := range records {
		if strings.Contains(r.Text, "spoils its call") {
			return bedrocktest.Stopped(brtypes.StopReasonContentFiltered, ""), nil
		}
	}
	return bedrocktest.Default(in), nil
}

// happened collects what is compared. An event is told once, however often it was
// said: its id tells that it is the same.
func (v *virtual) happened() (h happening) {
	v.mu.Lock()
	defer v.mu.Unlock()
	told, used := map[string]bool{}, events.Usage{}
	for _, record := range v.said {
		e, err := events.Decode(record)
		if err != nil {
			v.Fatal(err)
		}
		if told[e.ID] || strings.HasPrefix(e.RequestID, "other") {
			if !told[e.ID] {
				used = used.Add(usageOf(e))
			}
			told[e.ID] = true
			continue
		}
		told[e.ID] = true
		used = used.Add(usageOf(e))
		h.said = append(h.said, v.plain(record))
		if e.Execution != "" {
			h.carried++
		}
	}
	slices.Sort(h.said)
	calls := v.model.Calls()
	for _, in := range calls {
		h.mixing.add(bedrocktest.Records(in))
	}
	if want := bedrocktest.InputTokens * len(calls); used.Input != want {
		v.Errorf("the events tell of %d tokens that went in, the model of %d", used.Input, want)
	}
	h.mails, h.executions = v.post.sent, map[string]int{}
	if v.machine != nil {
		for _, arn := range v.machine.Executions() {
			x, err := v.machine.Describe(arn)
			if err != nil {
				v.Fatal(err)
			}
			h.executions[strings.TrimSpace(x.Status+" "+x.Error)]++
		}
	}
	if len(v.dead) > 0 {
		v.Errorf("given up: %v", v.dead)
	}
	return h
}

// usageOf is what the model was paid for an event; Stored repeats it.
func usageOf(e events.Envelope) events.Usage {
	var spend struct{ Usage events.Usage }
	if e.Type() == "AiCompleted" || e.Type() == "AiFailed" {
		_ = json.Unmarshal(e.Data, &spend)
	}
	return spend.Usage
}

// plain is an event without when it was said, what runs it, and the share of its
// calls that it paid, which depends on who else was in them.
func (v *virtual) plain(record events.Record) string {
	var detail map[string]any
	if err := json.Unmarshal(record.Detail, &detail); err != nil {
		v.Fatal(err)
	}
	for _, name := range []string{"time", "timeline", "execution"} {
		delete(detail, name)
	}
	data := detail["data"].(map[string]any)
	for _, name := range []string{"usage", "costUSD", "at"} {
		delete(data, name)
	}
	delete(detail["request"].(map[string]any), "submitted")
	text, err := json.Marshal(map[string]any{"source": record.Source, "type": record.DetailType, "detail": detail})
	if err != nil {
		v.Fatal(err)
	}
	return string(text)
}

// add counts a call.
func (m *mixing) add(records []bedrocktest.Record) {
	compared := 0
	for _, r := range records {
		if strings.HasPrefix(r.Text, "mixed") {
			compared++
		}
	}
	m.calls++
	m.records += len(records)
	m.compared += compared
	if compared > 0 && compared < len(records) {
		m.together++
		m.shared += compared
	}
}

// The same requests lead to the same events with the same data whether a workflow
// runs them or not; and the workflow's questions share their calls with those of
// others, as they do without it.
func TestTheWorkflowSaysWhatTheChoreographySaysOf200Requests(t *testing.T) {
	choreography, workflow := happens(t, false), happens(t, true)
	if diff := cmp.Diff(choreography.said, workflow.said); diff != "" {
		t.Errorf("choreography (-) and workflow (+):\n%.6000s", diff)
	}
	if choreography.mails != workflow.mails || workflow.mails == 0 {
		t.Errorf("%d mails by the choreography, %d by the workflow", choreography.mails, workflow.mails)
	}
	if choreography.carried != 0 || len(choreography.executions) != 0 {
		t.Errorf("a workflow, where there is none: %+v", choreography.executions)
	}
	counts := map[string]int{}
	for _, one := range workflow.said {
		_, after, _ := strings.Cut(one, `"type":"`)
		name, _, _ := strings.Cut(after, `"`)
		counts[name]++
	}
	for _, name := range []string{"AiCompleted", "AiFailed", "RequestRejected", "Stored", "Notified", "NotificationSkipped", "EmailDelivered"} {
		if counts[name] == 0 {
			t.Errorf("no %s among %v", name, counts)
		}
	}
	// Every request that can be asked is run by one execution, and no other one is.
	if failed := workflow.executions["FAILED AiFailed"]; failed != counts["AiFailed"] || len(workflow.executions) != 2 || workflow.carried == 0 {
		t.Errorf("executions %v, of events %v", workflow.executions, counts)
	}
	// Nearly as many of the compared records are asked about together with those of
	// others as without the workflow, where chance decides about the rest.
	for name, m := range map[string]mixing{"choreography": choreography.mixing, "workflow": workflow.mixing} {
		if 2*m.shared < m.compared {
			t.Errorf("%s: of %d records, %d shared their call with those of others", name, m.compared, m.shared)
		}
	}
	if 10*workflow.mixing.shared < 6*choreography.mixing.shared || 10*workflow.mixing.calls > 13*choreography.mixing.calls {
		t.Errorf("the choreography %+v, the workflow %+v", choreography.mixing, workflow.mixing)
	}
	t.Logf("%d events: %v; %d mails; executions: %v", len(workflow.said), counts, workflow.mails, workflow.executions)
	t.Logf("choreography: %+v", choreography.mixing)
	t.Logf("workflow:     %+v", workflow.mixing)
}

// What becomes of mails costs those nothing whom no workflow runs: track's rule
// does not match it.
func TestTrackHearsOfMailsWhereAWorkflowWaits(t *testing.T) {
	choreography, err := events.LoadChoreography()
	if err != nil {
		t.Fatal(err)
	}
	compiled, err := pattern.Compile(choreography.Subscriptions["track"].PatternFor("b", "set"))
	if err != nil {
		t.Fatal(err)
	}
	for detail, want := range map[string]bool{
		`"detail-type":"EmailDelivered","detail":{"data":{"messageId":"m"}}`:                              false,
		`"detail-type":"EmailBounced","detail":{"execution":"arn","data":{"messageId":"m"}}`:              true,
		`"detail-type":"Notified","detail":{"data":{"recipients":[{"hash":"h","messageId":"m"}]}}`:        true,
		`"detail-type":"Notified","detail":{"execution":"arn","data":{"recipients":[{"messageId":"m"}]}}`: true,
		`"detail-type":"UploadReceived","detail":{"data":{}}`:                                             true,
		`"detail-type":"AiCompleted","detail":{"execution":"arn","data":{}}`:                              false,
	} {
		if got, err := compiled.MatchJSON([]byte(`{"source":"sluice.x",` + detail + `}`)); err != nil || got != want {
			t.Errorf("%s: %t %v", detail, got, err)
		}
	}
}
