package analyze

import (
	"slices"
	"strings"
	"testing"

	"sluice/events"
)

func TestEverythingWrongIsToldAtOnce(t *testing.T) {
	w := newWorld(t)
	if left := w.send(payload(t, "everything-wrong")); left != 0 {
		t.Fatalf("%d messages left", left)
	}
	e := w.one("RequestRejected")
	if !e.Terminal || e.Outcome != events.Rejected || e.Tenant != "acme" || !events.ValidRequestID(e.RequestID) {
		t.Errorf("envelope = %+v", e)
	}
	var got []string
	for _, p := range data[events.RequestRejected](t, e).Reasons {
		got = append(got, p.Field+" "+p.Code)
	}
	for _, want := range []string{
		" additionalProperties", "/requestId pattern", "/tenant tenant", "/data/task unknownTask", "/data/input/ref reference",
		"/data/deadline format", "/data/upload unsupported",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is not told; told are %q", want, got)
		}
	}
	if len(w.model.Calls()) != 0 {
		t.Error("the model was asked")
	}
}

func TestRejections(t *testing.T) {
	for _, tt := range []struct {
		name, path string
		value      any
		want       string
	}{
		{"unknown task", "data/task", "nosuchtask", "/data/task unknownTask"},
		{"params", "data/params", map[string]any{"labels": []string{"one"}}, "/data/params/labels minItems"},
		{"empty text", "data/input", map[string]any{"text": " \n\t"}, "/data/input empty"},
		{"no text", "data/input", map[string]any{"text": ""}, "/data/input/text minLength"},
		{"no input", "data/input", nil, "/data required"},
		{"oversized", "data/input", map[string]any{"text": strings.Repeat("a", events.MaxInputBytes+1)}, "/data/input/text tooLarge"},
		{"lost payload", "data/input", map[string]any{"ref": "payloads/acme/abc"}, "/data/input/ref reference"},
		{"another tenant's payload", "data/input", map[string]any{"ref": "payloads/other/abc"}, "/data/input/ref reference"},
		{"another tenant", "tenant", "other", "/tenant tenant"},
		{"broken definition", "data/task", "broken", "/data/task definition"},
		{"text is a number", "data/input", map[string]any{"text": 5}, "/data/input/text type"},
		{"address", "data/notify", map[string]any{"email": []string{"canary nobody"}}, "/data/notify/email/0 format"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.memory.Set("payloads/other/abc", []byte("canary of another tenant"))
			w.memory.Set("tasks/broken.json", []byte(`{"name":"broken"}`))
			if left := w.send(edited(t, payload(t, "upstream"), tt.path, tt.value)); left != 0 {
				t.Fatalf("%d messages left; log: %s", left, w.log)
			}
			var got []string
			for _, p := range data[events.RequestRejected](t, w.one("RequestRejected")).Reasons {
				got = append(got, p.Field+" "+p.Code)
			}
			if !slices.Contains(got, tt.want) || len(w.model.Calls()) != 0 {
				t.Errorf("reasons = %q, want %q; %d calls", got, tt.want, len(w.model.Calls()))
			}
		})
	}
}

func TestALongListOfProblemsIsCut(t *testing.T) {
	w := newWorld(t)
	var labels []int
	for i := range 2000 {
		labels = append(labels, i)
	}
	w.send(edited(t, payload(t, "upstream"), "data/params", map[string]any{"labels": labels}))
	if n := len(data[events.RequestRejected](t, w.one("RequestRejected")).Reasons); n > mostReasons {
		t.Errorf("%d reasons", n)
	}
}

func TestSameIDOtherContent(t *testing.T) {
	w := newWorld(t)
	first := payload(t, "full")
	second := edited(t, first, "data/input", map[string]any{"text": "canary other content"})
	w.send(first)
	w.send(second)
	w.send(second) // again
	all := w.bus.Records()
	if got := kinds(all); !slices.Equal(got, []string{"AiCompleted", "RequestRejected", "RequestRejected"}) {
		t.Fatalf("said %v", got)
	}
	original, rejected, again := w.decode(all[0]), w.decode(all[1]), w.decode(all[2])
	if rejected.RequestID == "ticket-1" || rejected.Subject == "ticket-1" || rejected.ID != again.ID || rejected.RequestID != again.RequestID {
		t.Errorf("rejected as %s and %s, ids %s and %s", rejected.RequestID, again.RequestID, rejected.ID, again.ID)
	}
	reason := data[events.RequestRejected](t, rejected)
	if reason.ConflictsWith != "ticket-1" || reason.Reasons[0].Code != events.CodeConflict {
		t.Errorf("data = %+v", reason)
	}
	if s := w.status("ticket-1"); s.ConflictsWith != "" || len(w.model.Calls()) != 1 {
		t.Errorf("the first was disturbed: %+v", s)
	}
	if s := w.status(rejected.RequestID); len(s.Notify) != 1 {
		t.Errorf("nobody would hear of the rejection: %+v", s)
	}
	w.send(first)
	if e := w.decode(w.bus.Records()[3]); e.ID != original.ID {
		t.Errorf("the first, again, says %s, not %s", e.ID, original.ID)
	}
}

func TestMalformedIsAnotherRequest(t *testing.T) {
	w := newWorld(t)
	w.send(payload(t, "full"))
	w.send(edited(t, payload(t, "full"), "colour", "red")) // the rest is equal
	e := w.decode(w.bus.Records()[1])
	if e.RequestID == "ticket-1" || data[events.RequestRejected](t, e).ConflictsWith != "ticket-1" {
		t.Errorf("envelope = %+v", e)
	}
}
