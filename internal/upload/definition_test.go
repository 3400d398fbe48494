package upload_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/events"
	"sluice/internal/objects"
	"sluice/internal/objects/objectstest"
	"sluice/internal/upload"
)

func TestParseDefinition(t *testing.T) {
	whole := upload.Definition{Task: "classify", Params: json.RawMessage(`{"labels":["a","b"]}`), TextField: "Nội dung", Notify: []string{"a@example.com", "b@example.com"},
		MailEach: true, Audit: true, Deadline: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC), Submitted: time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)}
	for document, want := range map[string]upload.Definition{
		`{}`:                                     {},
		"\xEF\xBB\xBF{\"task\":\"summarize\"}":   {Task: "summarize"},
		`{"notify":{"email":["a@example.com"]}}`: {Notify: []string{"a@example.com"}},
		`{"task":"classify","params":{"labels":["a","b"]},"textField":"Nội dung","notify":{"email":["a@example.com","b@example.com"],"each":true},
		  "audit":true,"deadline":"2026-11-24T17:00:00+07:00","submitted":"2026-11-23T03:00:00Z"}`: whole,
	} {
		got, problems := upload.ParseDefinition([]byte(document))
		if d := cmp.Diff(want, got); d != "" || len(problems) > 0 {
			t.Errorf("%s: %v %s", document, problems, d)
		}
		written, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		again, problems := upload.ParseDefinition(written)
		if d := cmp.Diff(got, again); d != "" || len(problems) > 0 {
			t.Errorf("%s, written and read again: %v %s", document, problems, d)
		}
	}
}

func TestEverythingWrongWithADefinitionIsTold(t *testing.T) {
	for _, c := range []struct {
		document string
		fields   []string
		notify   []string
	}{
		{`not JSON`, []string{""}, nil},
		{``, []string{""}, nil},
		{`[]`, []string{""}, nil},
		{`{"taks":"summarize"}`, []string{""}, nil},
		{`{"task":"no good","params":[],"textField":"","notify":{"email":["nobody"],"cc":[]},"deadline":"soon","audit":1}`,
			[]string{"/audit", "/deadline", "/notify", "/notify/email/0", "/params", "/task", "/textField"}, []string{"nobody"}},
		{`{"task":1,"notify":{"email":["a@example.com"]}}`, []string{"/task"}, []string{"a@example.com"}},
		{`{"notify":{"email":[]}}`, []string{"/notify/email"}, []string{}},
		{`{"task":"no good","notify":{"email":["a@example.com"]}}`, []string{"/task"}, []string{"a@example.com"}},
		{`{"params":{"x":"` + strings.Repeat("x", 70_000) + `"}}`, []string{"/params"}, nil},
	} {
		got, problems := upload.ParseDefinition([]byte(c.document))
		if got.Task != "" {
			t.Errorf("%s: the task is %q", c.document, got.Task)
		}
		var fields []string
		for _, p := range problems {
			fields = append(fields, p.Field)
			if p.Code != events.CodeBadDefinition || !strings.Contains(p.Message, "definition") || strings.Contains(p.Message, "nobody") {
				t.Errorf("%+v", p)
			}
		}
		if d := cmp.Diff(c.fields, fields); d != "" {
			t.Errorf("%.80s: %s", c.document, d)
		}
		if d := cmp.Diff(c.notify, got.Notify); d != "" {
			t.Errorf("%.80s: whom to tell: %s", c.document, d)
		}
	}
}

func FuzzDefinition(f *testing.F) {
	for _, seed := range []string{`{}`, `{"task":"summarize","params":{"a":1},"notify":{"email":["a@example.com"],"each":true},"deadline":"2026-11-24T10:00:00Z"}`, `{"task":1}`, `[`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		d, problems := upload.ParseDefinition(document)
		if len(problems) > 0 {
			return
		}
		written, err := json.Marshal(d)
		if err != nil {
			t.Fatalf("%q: %v", document, err)
		}
		again, problems := upload.ParseDefinition(written)
		if len(problems) > 0 {
			t.Fatalf("%q was good, and written as %s it is not: %v", document, written, problems)
		}
		if again.Task != d.Task || !again.Deadline.Equal(d.Deadline) || len(again.Notify) != len(d.Notify) || again.MailEach != (d.MailEach && len(d.Notify) > 0) {
			t.Fatalf("%q changed to %s", document, written)
		}
	})
}

func TestIntake(t *testing.T) {
	ctx := context.Background()
	store := objects.New(objectstest.NewMemory(), "b")
	if _, _, err := upload.LoadIntake(ctx, store, "unone"); !errors.Is(err, objects.ErrNotFound) {
		t.Error(err)
	}
	i := upload.Intake{ID: "uone", File: events.UploadFile{Bucket: "b", Key: "uploads/acme/summarize/a.csv", ETag: "e", Bytes: 5}, Tenant: "acme",
		Definition: upload.Definition{Task: "summarize", Notify: []string{"a@example.com"}}, Submitted: time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC),
		Position: upload.Position{Record: 3, Line: 9, Offset: 77, Header: []string{"id", "text"}, Separator: ";"}, Records: 3, Rejected: 1, Writer: "w"}
	etag, err := upload.SaveIntake(ctx, store, &i, "")
	if err != nil || i.Generation != 1 {
		t.Fatal(err)
	}
	if _, err := upload.SaveIntake(ctx, store, &i, ""); !errors.Is(err, objects.ErrExists) || i.Generation != 1 {
		t.Error("created twice:", err)
	}
	loaded, loadedETag, err := upload.LoadIntake(ctx, store, "uone")
	if d := cmp.Diff(i, loaded); err != nil || d != "" || loadedETag != etag {
		t.Error(err, d)
	}
	if _, err := upload.SaveIntake(ctx, store, &loaded, etag); err != nil || loaded.Generation != 2 {
		t.Error(err)
	}
	if _, err := upload.SaveIntake(ctx, store, &i, etag); !errors.Is(err, objects.ErrChanged) {
		t.Error("an old reading was written over a newer one:", err)
	}
	if got := i.Deadline(); !got.Equal(i.Submitted.Add(24*time.Hour)) || !i.WantsReport() {
		t.Error(got)
	}
}
