package results

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"sluice/events"
	"sluice/internal/fault"
	"sluice/internal/objects"
	"sluice/internal/objects/objectstest"
)

// late is half an hour before midnight in New York and so the next day in UTC.
var late = time.Date(2026, 3, 1, 23, 30, 0, 0, time.FixedZone("EST", -5*3600))

func TestKeys(t *testing.T) {
	if got := Key(late, "acme", "r-1"); got != "results/dt=2026-03-02/acme/r-1.json" {
		t.Error(got)
	}
	one, other := SegmentKey(late, "u1", "e1", "e2", "e1"), SegmentKey(late, "u1", "e2", "e1")
	if one != other || !strings.HasPrefix(one, "results/dt=2026-03-02/upload=u1/") || !strings.HasSuffix(one, ".ndjson") {
		t.Errorf("%s, %s", one, other)
	}
	if SegmentKey(late, "u1", "e1") == one {
		t.Error("other events, the same segment")
	}
	for _, bad := range []string{"../x", "a/b", "", strings.Repeat("x", 1025)} {
		for _, key := range []string{Key(late, bad, "r"), Key(late, "acme", bad), SegmentKey(late, bad, "e")} {
			if strings.Count(key, "/") != 3 || strings.Contains(key, "..") || len(key) > 200 {
				t.Errorf("%q: %s", bad, key)
			}
		}
	}
}

func result(position, attempt int, answer string) Result {
	raw, _ := json.Marshal(map[string]string{"summary": answer})
	return Result{RequestID: fmt.Sprintf("u1-%d", position), Tenant: "acme", Task: "summarize", Attempt: attempt,
		Upload: &events.UploadRecord{ID: "u1", Record: position}, Submitted: late, Completed: late.Add(time.Minute),
		Answer: raw, AnswerKey: "answers/x", Spend: events.Spend{Model: "m", CostUSD: 0.5, Usage: events.Usage{Input: 1}}}
}

func put(t *testing.T, memory *objectstest.Memory, name string, all ...Result) {
	t.Helper()
	body, err := Lines(all)
	if err != nil {
		t.Fatal(err)
	}
	memory.Set(SegmentPrefix(late, "u1")+name, body)
}

func TestSpool(t *testing.T) {
	memory := objectstest.NewMemory()
	put(t, memory, "a.ndjson", result(3, 1, "three"), result(1, 1, "một <b>& hai\nline"))
	put(t, memory, "b.ndjson", result(3, 1, "three again"), result(5, 1, "first attempt"))
	put(t, memory, "c.ndjson", result(5, 2, "second attempt"))
	memory.Set("results/dt=2026-03-02/upload=u10/x.ndjson", []byte("another upload"))
	s, err := Open(t.Context(), objects.New(memory, "b"), SegmentPrefix(late, "u1"), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for position, want := range map[int]string{0: "", 1: "một <b>& hai\nline", 2: "", 3: "three", 4: "", 5: "second attempt", 6: "", -1: "", 1 << 40: ""} {
		got, found, err := s.Find(position)
		var answer struct{ Summary string }
		_ = json.Unmarshal(got.Answer, &answer)
		if err != nil || found != (want != "") || answer.Summary != want {
			t.Errorf("%d: %q, %t, %v", position, answer.Summary, found, err)
		}
	}
	if s.Len() != 3 {
		t.Errorf("%d results", s.Len())
	}
}

func TestSpoolOfManySegments(t *testing.T) {
	memory := objectstest.NewMemory()
	for i := range 1200 { // two pages of a listing
		put(t, memory, fmt.Sprintf("%05d.ndjson", i), result(2*i+1, 1, "odd"), result(2*i+2, 1, "even"))
	}
	dir := t.TempDir()
	s, err := Open(t.Context(), objects.New(memory, "b"), SegmentPrefix(late, "u1"), dir)
	if err != nil || s.Len() != 2400 {
		t.Fatal(err)
	}
	defer s.Close()
	for position := 1; position <= 2400; position++ {
		r, found, err := s.Find(position)
		if err != nil || !found || r.Position() != position {
			t.Fatalf("%d: %+v, %t, %v", position, r, found, err)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("%v stay behind", left)
	}
}

func TestSpoolErrors(t *testing.T) {
	for name, body := range map[string]string{"no JSON": "{\n", "a single request's": `{"requestId":"r"}`, "position 0": `{"upload":{"record":0}}`,
		"absurd position": `{"upload":{"record":99999999999}}`} {
		memory := objectstest.NewMemory()
		memory.Set(SegmentPrefix(late, "u1")+"a.ndjson", []byte(body))
		_, err := Open(t.Context(), objects.New(memory, "b"), SegmentPrefix(late, "u1"), t.TempDir())
		if class, _ := fault.Of(err); err == nil || class != fault.Park {
			t.Errorf("%s: %v", name, err)
		}
	}
	t.Run("S3 fails", func(t *testing.T) {
		for _, operation := range []string{"ListObjectsV2", "GetObject"} {
			memory := objectstest.NewMemory()
			put(t, memory, "a.ndjson", result(1, 1, "x"))
			put(t, memory, "b.ndjson", result(2, 1, "x"))
			memory.Fault = func(o, _ string) error {
				if o == operation {
					return objectstest.Error(503, "SlowDown")
				}
				return nil
			}
			if _, err := Open(t.Context(), objects.New(memory, "b"), SegmentPrefix(late, "u1"), t.TempDir()); fault.Code(err) != "SlowDown" {
				t.Errorf("%s: %v", operation, err)
			}
		}
	})
	t.Run("no time", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		memory := objectstest.NewMemory()
		memory.Fault = func(string, string) error { return ctx.Err() }
		if _, err := Open(ctx, objects.New(memory, "b"), "results/", t.TempDir()); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}
