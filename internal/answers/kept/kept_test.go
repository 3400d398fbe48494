package kept

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"
	"time"

	"sluice/events"
	"sluice/internal/fault"
	"sluice/internal/objects"
	"sluice/internal/objects/objectstest"
)

func TestSaveAndLoad(t *testing.T) {
	memory := objectstest.NewMemory()
	store := objects.New(memory, "b")
	if _, err := Load(t.Context(), store, "answers/k"); !errors.Is(err, objects.ErrNotFound) {
		t.Fatalf("nothing kept: %v", err)
	}
	a := Answer{
		Key: "answers/k", Tenant: "acme", Task: "summarize", TaskVersion: "v", Answer: json.RawMessage(`{"summary":"Chào"}`), RequestID: "r",
		Spend: events.Spend{Model: "m", Usage: events.Usage{Input: 1, Output: 2}, CostUSD: 0.5}, Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Nonce: "n",
	}
	if err := Save(t.Context(), store, a); err != nil {
		t.Fatal(err)
	}
	if err := Save(t.Context(), store, a); !errors.Is(err, ErrOvertaken) {
		t.Errorf("a second first write: %v", err)
	}
	first, err := Load(t.Context(), store, a.Key)
	if err != nil || first.etag == "" {
		t.Fatal(err)
	}
	rival := first
	first.Failures = map[string]Failure{"s": {Class: events.FailureUnfit}}
	if err := Save(t.Context(), store, first); err != nil {
		t.Fatal(err)
	}
	rival.Nonce = "rival"
	if err := Save(t.Context(), store, rival); !errors.Is(err, ErrOvertaken) {
		t.Errorf("a write over what was never read: %v", err)
	}
	loaded, err := Load(t.Context(), store, a.Key)
	loaded.etag, first.etag = "", ""
	if err != nil || !reflect.DeepEqual(loaded, first) {
		t.Errorf("loaded %+v, want %+v, %v", loaded, first, err)
	}
	memory.Set(a.Key, []byte("nonsense"))
	_, err = Load(t.Context(), store, a.Key)
	if class, _ := fault.Of(err); class != fault.Park {
		t.Errorf("nonsense: class %s, %v", class, err)
	}
}

func TestShared(t *testing.T) {
	for _, tt := range []struct {
		name     string
		failures map[string]Failure
		want     events.FailureClass
	}{
		{"none", nil, ""},
		{"unfit is its own", map[string]Failure{"a": {Class: events.FailureUnfit}}, ""},
		{"refused is everybody's", map[string]Failure{"a": {Class: events.FailureUnfit}, "b": {Class: events.FailureRefused}}, events.FailureRefused},
		{"too long is everybody's", map[string]Failure{"a": {Class: events.FailureTooLong}}, events.FailureTooLong},
	} {
		got, shared := Answer{Failures: tt.failures}.Shared()
		if got.Class != tt.want || shared != (tt.want != "") {
			t.Errorf("%s: %+v, %v", tt.name, got, shared)
		}
	}
	many := map[string]Failure{}
	for i := range manyFailures {
		many[time.Duration(i).String()] = Failure{Class: events.FailureModel}
	}
	if _, shared := (Answer{Failures: many}).Shared(); !shared {
		t.Error("an input that always fails is asked for ever")
	}
}
