package api

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	awsevents "github.com/aws/aws-lambda-go/events"

	"sluice/events"
	"sluice/internal/bus"
)

// receive puts requests into the queue.
func receive(body string, headers ...string) awsevents.APIGatewayV2HTTPRequest {
	return request("POST /requests", "/requests", body, headers...)
}

func get(path string) awsevents.APIGatewayV2HTTPRequest {
	parts := strings.Split(path, "/")
	if len(parts) == 3 {
		return request("GET /"+parts[1]+"/{id}", path, "")
	}
	return request("GET "+path, path, "")
}

// said decodes the RequestReceived at an index.
func (w *world) received(index int) (events.Envelope, events.RequestReceived) {
	w.t.Helper()
	e, data, problems := events.DecodeRequest(w.bus.Of("RequestReceived")[index], events.Tenants{})
	if len(problems) > 0 {
		w.t.Fatal(problems)
	}
	return e, data
}

func TestEverythingOfARequestPassesThrough(t *testing.T) {
	w := newWorld(t)
	r := w.want(202, receive(`{"requestId": "order-1", "task": "classify", "input": {"text": "canary"}, "params": {"labels": ["a", "b"]},
		"notify": {"email": ["canary@example.com"]}, "deadline": "2026-03-05T00:00:00Z", "audit": true}`))
	if r.Headers["location"] != "/requests/order-1" || r.Headers["retry-after"] == "" {
		t.Errorf("%v", r.Headers)
	}
	e, data := w.received(0)
	if e.RequestID != "order-1" || e.Tenant != "acme" || e.CorrelationID != "order-1" || !e.Request.WantsMail || e.Request.Task != "classify" || e.Hop != 0 {
		t.Errorf("%+v", e)
	}
	if data.Deadline == nil || !data.Audit || string(data.Params) != `{"labels":["a","b"]}` || data.Notify.Email[0] != "canary@example.com" {
		t.Errorf("%+v", data)
	}
	if record := w.bus.Records()[0]; record.Source != "sluice.api" {
		t.Error(record.Source)
	}
}

func TestALargeInputTravelsAsAReference(t *testing.T) {
	w := newWorld(t)
	text := strings.Repeat("canary ", 1+bus.ClaimCheckBytes/7)
	w.want(202, receive(fmt.Sprintf(`{"task": "summarize", "input": {"text": %q}}`, text)))
	_, data := w.received(0)
	if data.Input.Text != "" || string(w.memory.Body(data.Input.Ref)) != text {
		t.Errorf("%+v", data.Input)
	}
	// It can be asked about by that reference, but not by another tenant's.
	w.want(200, generate(fmt.Sprintf(`{"input": {"ref": %q}}`, data.Input.Ref)))
	p := parsed[problem](t, w.want(400, receive(`{"task": "summarize", "input": {"ref": "payloads/other/x"}}`)))
	if p.Errors[0].Pointer != "#/input/ref" || p.Errors[0].Code != events.CodeReference {
		t.Errorf("%+v", p.Errors)
	}
}

func TestAListIsTakenItemByItem(t *testing.T) {
	w := newWorld(t)
	body := `[{"task": "summarize", "input": {"text": "canary 1"}}, {"task": "nothing-such", "input": {"text": ""}}, {"requestId": "r3", "task": "sentiment", "input": {"text": "canary 3"}}]`
	r := w.want(207, receive(body, "idempotency-key", "k1"))
	told := parsed[items](t, r)
	if told.Accepted != 2 || told.Refused != 1 || told.Items[1].Status != 400 || told.Items[2].Accepted.RequestID != "r3" || w.said() != "RequestReceived RequestReceived" {
		t.Fatalf("%s, said %s", r.Body, w.said())
	}
	for _, e := range told.Items[1].Problem.Errors {
		if !strings.HasPrefix(e.Pointer, "#/1/") {
			t.Errorf("%+v", e)
		}
	}
	if again := w.want(207, receive(body, "idempotency-key", "k1")); again.Body != r.Body {
		t.Errorf("%s, then %s", r.Body, again.Body)
	}
	w.want(422, receive(body[:len(body)-1]+`, {"task": "summarize", "input": {"text": "canary 4"}}]`, "idempotency-key", "k1"))
	w.want(422, receive(`{"task": "summarize", "input": {"text": "canary 1"}}`, "idempotency-key", "k1"))
}

func TestEverythingThatIsWrongIsNamed(t *testing.T) {
	w := newWorld(t)
	r := w.want(400, receive(`{"requestId": "no good", "task": "nothing-such", "input": {"text": "x", "ref": "y"}, "params": [], "notify": {"email": ["canary"]},
		"deadline": "soon", "audit": 1, "tenant": "other", "upload": {"id": "u1", "record": 1}}`))
	p := parsed[problem](t, r)
	var named []string
	for _, e := range p.Errors {
		named = append(named, e.Pointer)
		if e.Code == "" || e.Detail == "" {
			t.Errorf("%+v says nothing", e)
		}
	}
	for _, pointer := range []string{"#/requestId", "#/task", "#/input", "#/params", "#/notify/email/0", "#/deadline", "#/audit", "#/upload"} {
		if !slices.Contains(named, pointer) {
			t.Errorf("%s is not named in %s", pointer, r.Body)
		}
	}
	if !strings.Contains(r.Body, `tenant`) || strings.Contains(r.Body, canary) {
		t.Errorf("%s", r.Body)
	}
	if r.Headers["content-type"] != "application/problem+json" || w.said() != "" || len(w.memory.Keys("")) != 0 {
		t.Errorf("%v, said %s, wrote %v", r.Headers, w.said(), w.memory.Keys(""))
	}
}

func TestHowFarARequestIs(t *testing.T) {
	w := newWorld(t)
	w.want(404, get("/requests/r1"))
	w.want(202, receive(`{"requestId": "r1", "task": "generate", "input": {"text": "canary"}}`))
	r := w.want(200, get("/requests/r1"))
	if s := parsed[standing](t, r); s.State != "received" || s.Result != nil || r.Headers["retry-after"] == "" {
		t.Errorf("%v %s", r.Headers, r.Body)
	}
	w.stored("r1", `{"text": "yes"}`, events.Spend{Model: "m", CostUSD: 0.25})
	r = w.want(200, get("/requests/r1"))
	if s := parsed[standing](t, r); s.State != "stored" || string(s.Result.Answer) != `{"text":"yes"}` || s.Result.CostUSD != 0.25 || r.Headers["retry-after"] != "" {
		t.Errorf("%v %s", r.Headers, r.Body)
	}
	other := get("/requests/r1")
	other.RequestContext.Authorizer.IAM.AccountID = "210987654321"
	w.want(404, other)
}

func TestHowFarARecordIs(t *testing.T) {
	w := newWorld(t)
	id := w.reported()
	for record, state := range map[int]string{1: "stored", 2: "rejected", 3: "received"} {
		s := parsed[standing](t, w.want(200, get(fmt.Sprintf("/requests/%s-%d", id, record))))
		if string(s.State) != state || s.Upload.Record != record || s.Task != "classify" {
			t.Errorf("record %d: %+v", record, s)
		}
	}
	for _, bad := range []string{"-4", "-0", "-x", "", "-99999999999999999999"} {
		w.want(404, get("/requests/"+id+bad))
	}
	other := get("/requests/" + id + "-1")
	other.RequestContext.Authorizer.IAM.AccountID = "210987654321"
	w.want(404, other)
}

func TestTasksAreListed(t *testing.T) {
	w := newWorld(t)
	w.memory.Set("tasks/mine.json", []byte(`{"name": "mine", "instruction": "Do it.", "output": {"type": "object", "additionalProperties": false, "properties": {"a": {"type": "string"}}}}`))
	w.memory.Set("tasks/broken.json", []byte(`{"name": "other"}`))
	w.memory.Set("tasks/folder/x.json", []byte(`{}`))
	told := parsed[struct{ Tasks []definition }](t, w.want(200, get("/tasks")))
	byName := map[string]definition{}
	for _, d := range told.Tasks {
		byName[d.Name] = d
	}
	if len(told.Tasks) != 7 || !json.Valid(byName["classify"].Params) || len(byName["mine"].Output) == 0 || len(byName["broken"].Problems) == 0 {
		t.Errorf("%+v", told)
	}
}
