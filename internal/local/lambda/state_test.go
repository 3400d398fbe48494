package lambda

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sluice/internal/local/disk"
)

const testQueue = "arn:aws:sqs:us-east-1:000000000000:q"

// obedient is a poller that takes a while.
type obedient struct {
	takes time.Duration
	fails error

	mu   sync.Mutex
	last Settings
}

func (o *obedient) Apply(s Settings) error {
	time.Sleep(o.takes)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.last = s
	return o.fails
}

func (o *obedient) settings() Settings {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.last
}

var usual = Settings{Enabled: true, BatchSize: 100, Window: 1, Concurrency: 5}

func installed(t *testing.T, store disk.Store, p Poller) *State {
	t.Helper()
	s, err := New(store, Config{})
	if err != nil {
		t.Fatal(err)
	}
	mappings := []Mapping{{Function: "f", QueueARN: testQueue, Settings: usual, Poller: p}}
	if err := s.Install(t.Context(), []Function{{Name: "f", Timeout: time.Minute, Memory: 512}}, mappings); err != nil {
		t.Fatal(err)
	}
	return s
}

func code(err error) string {
	var refused *Error
	if errors.As(err, &refused) {
		return refused.Code
	}
	return ""
}

func TestAMappingIsSwitchedOffAndOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &obedient{takes: 10 * time.Second}
		s, id := installed(t, disk.Memory(), p), UUID("f", testQueue)
		if p.settings() != usual {
			t.Errorf("at first %+v", p.settings())
		}
		for _, to := range []struct {
			on       bool
			way, end string
		}{{false, Disabling, Disabled}, {true, Enabling, Enabled}} {
			got, err := s.UpdateMapping(t.Context(), id, Update{Enabled: &to.on})
			if err != nil || got.State != to.way {
				t.Fatalf("%+v, %v", got, err)
			}
			_, err = s.UpdateMapping(t.Context(), id, Update{Enabled: &to.on})
			var refused *Error
			if !errors.As(err, &refused) || refused.Code != CodeInUse || !refused.Retryable() {
				t.Errorf("on the way: %v", err)
			}
			time.Sleep(11 * time.Second)
			if got, err = s.Mapping(id); err != nil || got.State != to.end || p.settings().Enabled != to.on {
				t.Errorf("%+v, %v; the poller has %+v", got, err, p.settings())
			}
			if got, err = s.UpdateMapping(t.Context(), id, Update{Enabled: &to.on}); err != nil || got.State != to.end {
				t.Errorf("again: %+v, %v", got, err)
			}
		}
		s.Close()
	})
}

func TestWhatWasSwitchedOffStaysOff(t *testing.T) {
	store, id, off := disk.Memory(), UUID("f", testQueue), false
	s := installed(t, store, &obedient{})
	batch := 7
	for _, u := range []Update{{Enabled: &off}, {BatchSize: &batch}} {
		if _, err := s.UpdateMapping(t.Context(), id, u); err != nil {
			t.Fatal(err)
		}
		s.Close()
	}
	before, err := s.Mapping(id)
	if err != nil || before.BatchSize != 7 || before.State != Disabled {
		t.Errorf("%+v, %v", before, err)
	}
	// A wake-up may come before the machine has installed anything.
	again, err := New(store, Config{})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := again.Mapping(id); err != nil || got.State != Disabled || got.BatchSize != 7 {
		t.Errorf("%+v, %v", got, err)
	}
	p := &obedient{}
	s = installed(t, store, p)
	want := usual
	want.Enabled = false
	if got, err := s.Mapping(id); err != nil || got.State != Disabled || got.Settings != want || p.settings() != want {
		t.Errorf("%+v, %v; the poller has %+v", got, err, p.settings())
	}
	// What is installed no more is gone, on disk too.
	if err := s.Install(t.Context(), nil, nil); err != nil {
		t.Fatal(err)
	}
	again, err = New(store, Config{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again.Mapping(id); code(err) != CodeNotFound {
		t.Error(err)
	}
}

func TestWhatCannotBeIsRefused(t *testing.T) {
	s := installed(t, disk.Memory(), nil)
	number := func(n int) *int { return &n }
	text := func(s string) *string { return &s }
	for name, test := range map[string]struct {
		update Update
		fine   bool
	}{
		"a batch of nothing":          {Update{BatchSize: number(0)}, false},
		"too large a batch":           {Update{BatchSize: number(10_001)}, false},
		"a large batch and no window": {Update{BatchSize: number(11), Window: number(0)}, false},
		"a small one and none":        {Update{BatchSize: number(10), Window: number(0)}, true},
		"too long a window":           {Update{Window: number(301)}, false},
		"a window before now":         {Update{Window: number(-1)}, false},
		"one call at a time":          {Update{Concurrency: number(1)}, false},
		"too many calls":              {Update{Concurrency: number(1001)}, false},
		"as many as there may be":     {Update{Concurrency: number(0)}, true},
		"another function":            {Update{Function: text("g")}, false},
		"its own, by ARN":             {Update{Function: text("arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST")}, true},
		"its own, with the account":   {Update{Function: text("000000000000:f")}, true},
	} {
		_, err := s.UpdateMapping(t.Context(), UUID("f", testQueue), test.update)
		if (err == nil) != test.fine || err != nil && code(err) != CodeParameter {
			t.Errorf("%s: %v", name, err)
		}
		s.Close()
	}
	if _, err := s.UpdateMapping(t.Context(), "none", Update{}); code(err) != CodeNotFound {
		t.Error(err)
	}
}

func TestAFIFOQueueHasItsOwnLimits(t *testing.T) {
	s, err := New(disk.Memory(), Config{})
	if err != nil {
		t.Fatal(err)
	}
	m := Mapping{Function: "f", QueueARN: testQueue + ".fifo", Settings: Settings{Enabled: true, BatchSize: 10}}
	if err := s.Install(t.Context(), nil, []Mapping{m}); err != nil {
		t.Fatal(err)
	}
	for _, u := range []Update{{BatchSize: new(11)}, {Window: new(1)}} {
		if _, err := s.UpdateMapping(t.Context(), UUID(m.Function, m.QueueARN), u); code(err) != CodeParameter {
			t.Errorf("%+v: %v", u, err)
		}
	}
}

func TestAPollerThatDoesNotObeyIsTold(t *testing.T) {
	s, err := New(disk.Memory(), Config{})
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("no")
	err = s.Install(t.Context(), nil, []Mapping{{Function: "f", QueueARN: testQueue, Settings: usual, Poller: &obedient{fails: broken}}})
	if !errors.Is(err, broken) {
		t.Error(err)
	}
}

func TestWhatIsNotKeptIsNotAnswered(t *testing.T) {
	store := disk.Memory()
	s := installed(t, store, nil)
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	off := false
	if _, err := s.UpdateMapping(t.Context(), UUID("f", testQueue), Update{Enabled: &off}); code(err) != CodeService {
		t.Error(err)
	}
	s.Close()
}

func TestADamagedRecordIsTold(t *testing.T) {
	store := disk.Memory()
	if err := store.Enqueue(disk.Change{Bucket: bucket, Key: []byte("x"), Value: []byte("{")}).Wait(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, err := New(store, Config{}); err == nil {
		t.Error("it is taken")
	}
}

func TestCallsOfOtherServices(t *testing.T) {
	s := installed(t, disk.Memory(), nil)
	id := UUID("f", testQueue)
	for input, want := range map[string]string{
		`{"Uuid":"` + id + `","Enabled":false}`: "",
		`{"UUID":"` + id + `","Enabled":false}`: CodeParameter, // that is how Lambda's own API writes it
		`{"Uuid":"","Enabled":false}`:           CodeParameter,
		`{"Uuid":"x","Enabled":"no"}`:           CodeParameter,
		`{"Uuid":"x","Queue":"y"}`:              CodeParameter,
		`{"Uuid":"x"} {}`:                       CodeParameter,
		`null`:                                  CodeParameter,
		``:                                      CodeParameter,
	} {
		if err := CheckCall([]byte(input)); code(err) != want {
			t.Errorf("%s: %v", input, err)
		}
		if err := s.Call(t.Context(), []byte(input)); code(err) != want {
			t.Errorf("%s: %v", input, err)
		}
		s.Close()
	}
	if got, err := s.Mapping(id); err != nil || got.State != Disabled {
		t.Errorf("%+v, %v", got, err)
	}
	if err := s.Call(t.Context(), []byte(`{"Uuid":"none","Enabled":true}`)); code(err) != CodeNotFound {
		t.Error(err)
	}
}
