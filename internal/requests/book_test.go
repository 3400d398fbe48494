package requests

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"sluice/events"
	"sluice/internal/fault"
	"sluice/internal/objects"
	"sluice/internal/objects/objectstest"
)

func TestAdmit(t *testing.T) {
	ctx, memory := context.Background(), objectstest.NewMemory()
	book := New(objects.New(memory, "b"))
	first, err := book.Admit(ctx, Status{RequestID: "r1", Tenant: "acme", Fingerprint: "f1", Notify: []string{"a@example.com"}})
	if err != nil || first.State != Received || first.Attempt != 1 || first.Generation != 1 || first.Nonce == "" {
		t.Fatalf("first: %+v, %v", first, err)
	}
	again, err := book.Admit(ctx, Status{RequestID: "r1", Tenant: "acme", Fingerprint: "f1"})
	if err != nil || again.Nonce != first.Nonce {
		t.Errorf("the same request again: %+v, %v", again, err)
	}
	before := memory.Body(Key("acme", "r1"))
	standing, err := book.Admit(ctx, Status{RequestID: "r1", Tenant: "acme", Fingerprint: "f2"})
	if !errors.Is(err, ErrConflict) || standing.Fingerprint != "f1" {
		t.Errorf("another request under the id: %+v, %v", standing, err)
	}
	if string(memory.Body(Key("acme", "r1"))) != string(before) {
		t.Error("the first request was disturbed")
	}
	if _, err := book.Admit(ctx, Status{RequestID: "r1", Tenant: "other", Fingerprint: "f2"}); err != nil {
		t.Errorf("the same id of another tenant: %v", err)
	}
	if _, err := book.Get(ctx, "acme", "nobody"); !errors.Is(err, objects.ErrNotFound) {
		t.Errorf("Get of nothing: %v", err)
	}
}

func TestUpdateCreatesAndIsIdempotent(t *testing.T) {
	ctx, memory := context.Background(), objectstest.NewMemory()
	book := New(objects.New(memory, "b"))
	end := func(s *Status) bool {
		if s.State == Rejected {
			return false
		}
		s.State, s.Outcome = Rejected, events.Rejected
		return true
	}
	for range 3 {
		s, err := book.Update(ctx, "acme", "r1", end)
		if err != nil || s.State != Rejected || s.Generation != 1 || s.RequestID != "r1" || s.Tenant != "acme" {
			t.Fatalf("%+v, %v", s, err)
		}
	}
	if puts := memory.Counts()["PutObject"]; puts != 1 {
		t.Errorf("%d PUTs, want 1", puts)
	}
}

func TestUpdateUnderRivals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, memory := context.Background(), objectstest.NewMemory()
		book := New(objects.New(memory, "b"))
		var rivals sync.WaitGroup
		for range 8 {
			rivals.Go(func() {
				for range 5 {
					if _, err := book.Update(ctx, "acme", "r1", func(s *Status) bool { s.Attempt++; return true }); err != nil {
						t.Error(err)
					}
				}
			})
		}
		rivals.Wait()
		s, err := book.Get(ctx, "acme", "r1")
		if err != nil || s.Attempt != 40 || s.Generation != 40 {
			t.Errorf("attempt %d generation %d, %v; want 40 of each", s.Attempt, s.Generation, err)
		}
	})
}

func TestUpdateGivesUpAsRetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := objectstest.NewMemory()
		memory.Fault = func(operation, _ string) error {
			if operation == "PutObject" {
				return objectstest.Error(412, "PreconditionFailed")
			}
			return nil
		}
		_, err := New(objects.New(memory, "b")).Update(context.Background(), "acme", "r1", func(*Status) bool { return true })
		if class, _ := fault.Of(err); err == nil || class != fault.Retry {
			t.Errorf("%v of class %s", err, class)
		}
	})
}

func TestUpdateAfterLostResponse(t *testing.T) {
	ctx, memory := context.Background(), objectstest.NewMemory()
	book := New(objects.New(memory, "b"))
	lost := errors.New("connection reset")
	memory.After = func(string, string) error { return lost }
	change := func(s *Status) bool {
		if s.State == Stored {
			return false
		}
		s.State = Stored
		return true
	}
	if _, err := book.Update(ctx, "acme", "r1", change); !errors.Is(err, lost) {
		t.Fatal(err)
	}
	memory.After = nil
	if s, err := book.Update(ctx, "acme", "r1", change); err != nil || s.Generation != 1 {
		t.Errorf("%+v, %v: the write that took effect is to be found", s, err)
	}
}

func TestKeyStaysInItsFolder(t *testing.T) {
	if got := Key("acme", "Order_7-b"); got != "requests/acme/Order_7-b.json" {
		t.Error(got)
	}
	for _, bad := range []string{"", "../x", "a/b", "%2f", "..", strings.Repeat("a", 1025), "a\x00b"} {
		for _, key := range []string{Key(bad, "r"), Key("acme", bad)} {
			if strings.Count(key, "/") != 2 || strings.Contains(key, "..") || len(key) > 128 || !strings.HasPrefix(key, "requests/") {
				t.Errorf("Key of %q: %q", bad, key)
			}
		}
	}
}

func TestFingerprint(t *testing.T) {
	base := func() events.RequestReceived {
		return events.RequestReceived{Task: "summarize", Input: events.Input{Text: "hello"}, Params: json.RawMessage(`{"a":1,"b":[2]}`),
			Notify: &events.Notify{Email: []string{"a@x.org", "b@x.org"}}}
	}
	same := map[string]func(*events.RequestReceived){
		"white space and order of parameters": func(r *events.RequestReceived) { r.Params = json.RawMessage("{ \"b\": [2],\n\"a\":1}") },
		"order and case of recipients":        func(r *events.RequestReceived) { r.Notify.Email = []string{"B@x.org", "a@x.org"} },
		"upload":                              func(r *events.RequestReceived) { r.Upload = &events.UploadRecord{ID: "u1", Record: 1} },
	}
	other := map[string]func(*events.RequestReceived){
		"task":      func(r *events.RequestReceived) { r.Task = "classify" },
		"text":      func(r *events.RequestReceived) { r.Input.Text = "hello " },
		"ref":       func(r *events.RequestReceived) { r.Input = events.Input{Ref: "hello"} },
		"parameter": func(r *events.RequestReceived) { r.Params = json.RawMessage(`{"a":1.0,"b":[2]}`) },
		"recipient": func(r *events.RequestReceived) { r.Notify = nil },
		"audit":     func(r *events.RequestReceived) { r.Audit = true },
		"anyway":    func(r *events.RequestReceived) { r.Notify.AnswerAnyway = true },
	}
	want := Fingerprint(base())
	for name, change := range same {
		r := base()
		if change(&r); Fingerprint(r) != want {
			t.Errorf("%s changed the fingerprint", name)
		}
	}
	for name, change := range other {
		r := base()
		if change(&r); Fingerprint(r) == want {
			t.Errorf("%s did not change the fingerprint", name)
		}
	}
}

// A request that was parked before it was admitted begins anew; one that has another
// end without that keeps its id.
func TestAdmitWhatWasHeardOfBefore(t *testing.T) {
	ctx, book := t.Context(), New(objects.New(objectstest.NewMemory(), "b"))
	asked := func(id string) Status {
		return Status{RequestID: id, Tenant: "acme", Task: "classify", Fingerprint: "f", Notify: []string{"a@example.com"}, CorrelationID: id}
	}
	for id, outcome := range map[string]events.Outcome{"parked": events.Parked, "rejected": events.Rejected, "open": ""} {
		_, err := book.Update(ctx, "acme", id, func(s *Status) bool {
			s.State, s.Outcome, s.Attempt, s.Parked = Parked, outcome, 2, "parked/x"
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
		standing, err := book.Admit(ctx, asked(id))
		if outcome == events.Rejected {
			if !errors.Is(err, ErrConflict) {
				t.Errorf("%s: %+v, %v", id, standing, err)
			}
			continue
		}
		if err != nil || standing.State != Received || standing.Outcome != "" || standing.Attempt != 2 || standing.Parked != "parked/x" ||
			standing.Task != "classify" || len(standing.Notify) != 1 || standing.Generation != 2 {
			t.Errorf("%s: %+v, %v", id, standing, err)
		}
		if again, err := book.Admit(ctx, asked(id)); err != nil || again.Nonce != standing.Nonce {
			t.Errorf("%s again: %+v, %v", id, again, err)
		}
	}
}
