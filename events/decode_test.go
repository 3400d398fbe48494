package events

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var at = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)

func anyTenant(t *testing.T) Tenants {
	t.Helper()
	var tenants Tenants
	if err := tenants.UnmarshalText([]byte("000000000000=*,111122223333=acme")); err != nil {
		t.Fatal(err)
	}
	return tenants
}

func upstreamRecord(account, detail string) Record {
	return Record{ID: "6a7e8feb-b491-4cf7-a9f1-bf3703467718", Source: "com.example.crm", DetailType: "RequestReceived", Account: account, Time: at, Detail: json.RawMessage(detail)}
}

// The payloads under testdata are EventBridge records as a queue holds them;
// <name>.problems lists what is wrong with them, a line each.
func TestUpstreamPayloads(t *testing.T) {
	files, err := filepath.Glob("testdata/request-*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no payloads: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			body, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			record, err := ParseRecord(body)
			if err != nil {
				t.Fatal(err)
			}
			_, _, problems := DecodeRequest(record, anyTenant(t))
			var got []string
			for _, p := range problems {
				got = append(got, p.Field+" "+p.Code)
			}
			want, err := os.ReadFile(strings.TrimSuffix(file, ".json") + ".problems")
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Fields(string(want)), strings.Fields(strings.Join(got, "\n"))); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheLeastDetailIsAWholeRequest(t *testing.T) {
	e, data, problems := DecodeRequest(upstreamRecord("111122223333", `{"data":{"task":"summarize","input":{"text":"Xin chào"}}}`), anyTenant(t))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if data.Task != "summarize" || data.Input.Text != "Xin chào" {
		t.Errorf("data %+v", data)
	}
	if !ValidRequestID(e.RequestID) || e.Tenant != "acme" || e.Subject != e.RequestID || e.CorrelationID != e.RequestID || e.Attempt != 1 || !e.Request.Submitted.Equal(at) {
		t.Errorf("envelope %+v", e)
	}
	again, _, _ := DecodeRequest(upstreamRecord("111122223333", `{"data":{"task":"summarize","input":{"text":"Xin chào"}}}`), anyTenant(t))
	if again.ID != e.ID || again.RequestID != e.RequestID {
		t.Error("the same event gave another id")
	}
}

func TestTheTenantComesFromTheAccount(t *testing.T) {
	tests := []struct {
		account, said, want string
		problem             bool
	}{
		{"111122223333", "", "acme", false},
		{"111122223333", "acme", "acme", false},
		{"111122223333", "other", "acme", true},
		{"000000000000", "", "local", false},
		{"000000000000", "other", "other", false},
		{"000000000000", "../x", "local", true},
		{"444455556666", "", "444455556666", false},
		{"444455556666", "acme", "444455556666", true},
		{"", "acme", "unknown", true},
	}
	for _, test := range tests {
		detail := `{"tenant":"` + test.said + `","data":{"task":"summarize","input":{"text":"x"}}}`
		if test.said == "" {
			detail = `{"data":{"task":"summarize","input":{"text":"x"}}}`
		}
		e, _, problems := DecodeRequest(upstreamRecord(test.account, detail), anyTenant(t))
		if e.Tenant != test.want || (len(problems) > 0) != test.problem {
			t.Errorf("%s says %q: tenant %s, problems %v", test.account, test.said, e.Tenant, problems)
		}
	}
}

func TestUploadRecordsComeFromIngestAlone(t *testing.T) {
	detail := `{"data":{"task":"summarize","input":{"text":"x"},"upload":{"id":"u1","record":1}}}`
	e, _, problems := DecodeRequest(upstreamRecord("000000000000", detail), anyTenant(t))
	if len(problems) != 1 || problems[0].Field != "/data/upload" || e.Request.Upload != nil {
		t.Errorf("%v %+v", problems, e.Request)
	}
}

func TestProblemsNeverQuoteTheText(t *testing.T) {
	const canary = "canary-4711"
	for _, detail := range []string{
		`{"data":{"task":"` + canary + ` ","input":{"text":"x"}}}`,
		`{"data":{"task":"summarize","input":{"text":"x"},"notify":{"email":["` + canary + `"]}}}`,
		`{"time":"` + canary + `","data":{"task":"summarize","input":{"text":"x"}}}`,
		`{"requestId":"` + canary + ` !","data":{"task":"summarize","input":{"ref":"` + canary + `"}}}`,
	} {
		e, _, problems := DecodeRequest(upstreamRecord("000000000000", detail), anyTenant(t))
		if len(problems) == 0 {
			t.Errorf("%s: no problems", detail)
		}
		for _, p := range problems {
			if strings.Contains(p.Message, canary) {
				t.Errorf("%s: %s", detail, p.Message)
			}
		}
		if strings.Contains(e.RequestID+e.Request.Task, canary) {
			t.Errorf("%s: the envelope says it: %+v", detail, e)
		}
	}
}

// sample returns one valid envelope per event type.
func sample(t *testing.T, data Event) Envelope {
	t.Helper()
	first, err := New(Envelope{RequestID: "r-1", Tenant: "acme", Request: Request{Task: "summarize", Submitted: at}}, at,
		RequestReceived{Task: "summarize", Input: Input{Text: "text"}})
	if err != nil {
		t.Fatal(err)
	}
	if data.Type() == first.Type() {
		return first
	}
	e, err := first.Next("step", at, at.Add(time.Second), data)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// samples is one event of every type with all its fields set.
var samples = []Event{
	RequestReceived{Task: "summarize", Input: Input{Text: "x"}},
	RequestRejected{Reasons: []Problem{{"/data/task", CodeUnknownTask, "there is no such task"}}, ConflictsWith: "r-0", File: "uploads/a/b/c.csv", Line: 3},
	AiCompleted{Answer: "answers/abc", Spend: spend},
	AiFailed{Class: FailureRefused, Message: "The model refused.", Spend: spend},
	Stored{Key: "results/dt=2026-11-24/acme/r-1.json", Answer: "answers/abc", Spend: spend},
	Notified{About: "Stored", Recipients: []Recipient{{AddressHash("a@example.com"), MailSent, "m-1", ""}}},
	NotificationSkipped{About: "Stored", Reason: "The domain is not allowed.", Recipients: []Recipient{{AddressHash("a@example.com"), MailSkipped, "", "domain"}}},
	RequestParked{Cause: "It crashed.", Class: "crash", Queue: "q-dlq", Key: "parked/acme/r-1/1.json", Event: "RequestReceived"},
	UploadReceived{File: file, Records: 3, Rejected: 1, Deadline: at, WantsReport: true},
	UploadCompleted{File: file, Records: 3, Completed: 2, Rejected: 1, Reasons: map[string]int{"empty": 1}, Results: "reports/acme/u/results.csv", Report: "reports/acme/u/report.html"},
	EmailDelivered{mailed},
	EmailBounced{Mailed: mailed, Kind: BouncePermanent, SubType: "General", FeedbackID: "f-1", Suppressed: true},
	EmailComplained{Mailed: mailed, FeedbackType: "abuse", FeedbackID: "f-1"},
}

var (
	spend = Spend{Model: "m", AnsweredBy: "n", Usage: Usage{10, 5, 1, 1}, CostUSD: 0.001, Reused: false}
	file  = UploadFile{"b", "uploads/acme/summarize/f.csv", "e", 12}

	mailed = Mailed{About: "Stored", MessageID: "m-1", Recipient: AddressHash("a@example.com"), Key: strings.Repeat("abc234", 8) + "wxyz", At: at}
)

func TestEveryEventSurvivesItsSchema(t *testing.T) {
	var covered []string
	for _, data := range samples {
		covered = append(covered, data.Type())
		e := sample(t, data).Ends(Completed)
		if data.Type() == "RequestReceived" {
			e = sample(t, data)
		}
		detail, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decode(Record{Source: "sluice.x", DetailType: data.Type(), Detail: detail})
		if err != nil {
			t.Errorf("%s: %v", data.Type(), err)
			continue
		}
		if diff := cmp.Diff(e, got, cmp.AllowUnexported(Envelope{})); diff != "" {
			t.Errorf("%s (-said +heard):\n%s", data.Type(), diff)
		}
	}
	for _, e := range All() {
		if !slices.Contains(covered, e.Type()) {
			t.Errorf("no sample of %s", e.Type())
		}
	}
}

func TestOurOwnEventsMaySayMoreThanWeKnow(t *testing.T) {
	detail, err := json.Marshal(sample(t, AiCompleted{Answer: "answers/abc", Spend: spend}))
	if err != nil {
		t.Fatal(err)
	}
	newer := strings.Replace(string(detail), `"answer":`, `"mood":"good","answer":`, 1)
	if _, err := Decode(Record{DetailType: "AiCompleted", Detail: json.RawMessage(newer)}); err != nil {
		t.Error(err)
	}
	for name, broken := range map[string]string{
		"lacks the answer": strings.Replace(string(detail), `"answer":`, `"anwser":`, 1),
		"another version":  strings.Replace(string(detail), `"version":1`, `"version":2`, 1),
		"not an object":    `[]`,
		"a loop":           strings.Replace(string(detail), `"hop":1`, `"hop":13`, 1),
		"id that is no id": strings.Replace(string(detail), `"requestId":"r-1"`, `"requestId":"../r"`, 1),
	} {
		if _, err := Decode(Record{DetailType: "AiCompleted", Detail: json.RawMessage(broken)}); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestIDsAreDeterministicAndDistinct(t *testing.T) {
	first := sample(t, AiCompleted{Answer: "a", Spend: spend})
	if again := sample(t, AiCompleted{Answer: "a", Spend: spend}); again.ID != first.ID {
		t.Error("the same cause gave another id")
	}
	if other := sample(t, AiFailed{Class: FailureModel}); other.ID == first.ID {
		t.Error("another event has the same id")
	}
	if ID("a", "bc") == ID("ab", "c") {
		t.Error("lists of parts run together")
	}
}

func FuzzDecodeRequest(f *testing.F) {
	files, _ := filepath.Glob("testdata/request-*.json")
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	var tenants Tenants
	if err := tenants.UnmarshalText([]byte("000000000000=*")); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		record, err := ParseRecord(body)
		if err != nil {
			if !errors.Is(err, ErrNotAnEvent) {
				t.Fatal(err)
			}
			return
		}
		e, _, problems := DecodeRequest(record, tenants)
		if !ValidRequestID(e.RequestID) && len(problems) == 0 {
			t.Errorf("request id %q without a problem", e.RequestID)
		}
		if !record.Own() && !ValidTenant(e.Tenant) && e.Tenant != record.Account {
			t.Errorf("tenant %q", e.Tenant)
		}
		_, _ = Decode(record)
	})
}
