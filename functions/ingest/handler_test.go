package ingest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/events"
	"sluice/functions/ingest"
	"sluice/internal/upload"
)

const key = "uploads/acme/summarize/2026/Bản ghi + more.jsonl"

func TestRecordsBecomeRequests(t *testing.T) {
	w := newWorld(t)
	canary := "canary-7f3a"
	w.put(key, `{"id":"a","text":"Xin chào `+canary+`"}`+"\n\n"+`{"id":"b"}`+"\n"+`"`+canary+` bare"`+"\nbroken "+canary+"\n", "")
	w.takeIn(key)

	id := upload.ID(bucket, key, w.intake(key).File.ETag)
	requests := w.bus.requests(t)
	if len(requests) != 2 || requests[1].data.Input.Text != "Xin chào "+canary || requests[3].data.Input.Text != canary+" bare" {
		t.Fatalf("%+v", requests)
	}
	want := events.Request{Task: "summarize", Upload: &events.UploadRecord{ID: id, Record: 3}, Submitted: created}
	e := requests[3].envelope
	if d := cmp.Diff(want, e.Request); d != "" || e.RequestID != id+"-3" || e.Subject != e.RequestID || e.Tenant != "acme" || e.CorrelationID != id ||
		e.CausationID != "17793124-05d4-b198-2fde-7ededc63b103" || e.Attempt != 1 || e.Terminal {
		t.Errorf("%+v %s", e, d)
	}
	rejections := w.bus.rejections(t)
	if len(rejections) != 2 || rejections[2].data.Line != 3 || rejections[2].data.File != key || rejections[2].data.Reasons[0].Code != events.CodeNoText ||
		rejections[4].data.Line != 5 || rejections[4].data.Reasons[0].Code != events.CodeNotJSON || rejections[4].envelope.RequestID != id+"-4" {
		t.Errorf("%+v", rejections)
	}
	received, data := w.bus.received(t)
	wantData := events.UploadReceived{File: events.UploadFile{Bucket: bucket, Key: key, ETag: w.intake(key).File.ETag, Bytes: int64(len(w.s3.Body(key)))},
		Records: 4, Rejected: 2, Deadline: created.Add(24 * time.Hour)}
	if d := cmp.Diff(wantData, data); d != "" || received.Subject != id || received.Request.Upload.Record != 0 {
		t.Errorf("%+v %s", received, d)
	}
	if w.intake(key).Done != true || strings.Contains(w.log.String(), canary) {
		t.Errorf("not done, or a log holds a text: %s", w.log.String())
	}
	for _, r := range w.bus.all {
		if r.DetailType != "RequestReceived" && strings.Contains(string(r.Detail), canary) {
			t.Errorf("%s holds a text", r.DetailType)
		}
	}
}

func TestASecondDeliveryMakesNoSecondRequest(t *testing.T) {
	w := newWorld(t)
	w.put(key, "\"a\"\n\"b\"\nbroken\n", "")
	w.takeIn(key)
	said, puts := len(w.bus.all), w.s3.Counts()["PutObject"]
	if puts != 2 {
		t.Errorf("%d objects were written for the intake of one file, want 2", puts)
	}
	for _, message := range []string{"m-1", "m-2"} {
		if !w.deliver(t.Context(), message, w.event(key)) {
			t.Fatal("not done")
		}
	}
	w.bus.received(t)
	if len(w.bus.all) != said+2 || len(w.bus.ids("UploadReceived")) != 1 || w.s3.Counts()["PutObject"] != puts {
		t.Errorf("said %d events before and %d after, wrote %d objects", said, len(w.bus.all), w.s3.Counts()["PutObject"])
	}
}

func TestTheDefinitionIsHonoured(t *testing.T) {
	w := newWorld(t)
	w.put(key, `{"note":"a"}`+"\n"+`{"input":{"text":"b"},"task":"classify","params":{"labels":["x"]},"notify":{"email":["own@example.com"]},"deadline":"2026-11-23T12:00:00Z"}`+"\n"+
		`{"text":"not the field"}`, `{"task":"extract","params":{"fields":["city"]},"textField":"note","notify":{"email":["ops@example.com"],"each":true},
		"deadline":"2026-11-23T18:00:00Z","audit":true,"submitted":"2026-11-22T09:00:00Z"}`)
	w.takeIn(key)
	requests, submitted := w.bus.requests(t), time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	first, second := requests[1], requests[2]
	if first.data.Task != "extract" || string(first.data.Params) != `{"fields":["city"]}` || first.data.Notify.Email[0] != "ops@example.com" || !first.data.Audit ||
		!first.data.Deadline.Equal(time.Date(2026, 11, 23, 18, 0, 0, 0, time.UTC)) || !first.envelope.Request.Submitted.Equal(submitted) {
		t.Errorf("%+v", first.data)
	}
	if second.data.Task != "classify" || second.envelope.Request.Task != "classify" || string(second.data.Params) != `{"labels":["x"]}` ||
		second.data.Notify.Email[0] != "own@example.com" || !second.data.Deadline.Equal(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v", second.data)
	}
	rejected := w.bus.rejections(t)[3]
	if !first.envelope.Request.WantsMail || !second.envelope.Request.WantsMail || !rejected.envelope.Request.WantsMail {
		t.Error("a mail for each record was asked for")
	}
	if _, data := w.bus.received(t); !data.WantsReport || !data.Deadline.Equal(time.Date(2026, 11, 23, 18, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v", data)
	}
	for _, r := range w.bus.all {
		if r.DetailType != "RequestReceived" && strings.Contains(string(r.Detail), "@example.com") {
			t.Errorf("%s holds an address", r.DetailType)
		}
	}
}

func TestARecordsOwnRecipientsAreMailedAboutItAlone(t *testing.T) {
	w := newWorld(t)
	w.put(key, "\"a\"\n"+`{"input":{"text":"b"},"notify":{"email":["own@example.com"]}}`, `{"notify":{"email":["ops@example.com"]}}`)
	w.takeIn(key)
	requests := w.bus.requests(t)
	if requests[1].data.Notify != nil || requests[1].envelope.Request.WantsMail || !requests[2].envelope.Request.WantsMail {
		t.Errorf("%+v", requests)
	}
}

func TestLargeTextsTravelAsReferences(t *testing.T) {
	w := newWorld(t)
	w.put(key, fmt.Sprintf("%q\n%q\n%q\n", strings.Repeat("a", 57<<10), strings.Repeat("b", events.MaxInputBytes), strings.Repeat("c", events.MaxInputBytes+1)), "")
	w.takeIn(key)
	requests := w.bus.requests(t)
	for position, size := range map[int]int{1: 57 << 10, 2: events.MaxInputBytes} {
		in := requests[position].data.Input
		if in.Text != "" || !strings.HasPrefix(in.Ref, "payloads/acme/") || len(w.s3.Body(in.Ref)) != size {
			t.Errorf("record %d: %.80s", position, in.Ref)
		}
	}
	if reasons := w.bus.rejections(t)[3].data.Reasons; len(reasons) != 1 || reasons[0].Code != events.CodeTooLarge {
		t.Errorf("%+v", reasons)
	}
}

func TestAFileThatCannotBeReadIsARejectedRecord(t *testing.T) {
	for what, c := range map[string]struct {
		key, content, definition string
		code                     string
		tenant, task             string
		reasons                  int
	}{
		"format":           {"uploads/acme/summarize/a.pdf", "x", "", events.CodeUnsupported, "acme", "summarize", 1},
		"definition":       {"uploads/acme/summarize/a.txt", "x", `{"taks":"x","audit":1,"notify":{"email":["ops@example.com"]}}`, events.CodeBadDefinition, "acme", "summarize", 2},
		"deadline":         {"uploads/acme/summarize/a.txt", "x", `{"deadline":"2026-11-22T00:00:00Z","notify":{"email":["ops@example.com"]}}`, events.CodeBadDefinition, "acme", "summarize", 1},
		"large definition": {"uploads/acme/summarize/a.txt", "x", `{"params":"` + strings.Repeat("x", 300<<10) + `"}`, events.CodeBadDefinition, "acme", "summarize", 1},
		"task":             {"uploads/acme/sum marize/a.txt", "x", `{"notify":{"email":["ops@example.com"]}}`, events.CodeUnsupported, "acme", "unknown", 1},
		"tenant":           {"uploads/ACME/summarize/a.txt", "x", "", events.CodeUnsupported, events.NoTenant, "summarize", 1},
		"no folders":       {"uploads/a.txt", "x", "", events.CodeUnsupported, events.NoTenant, "unknown", 1},
		"long key":         {"uploads/acme/summarize/" + strings.Repeat("x", 998) + ".txt", "x", "", events.CodeUnsupported, "acme", "summarize", 1},
		"folder with body": {"uploads/acme/summarize/a/", "x", "", events.CodeUnsupported, "acme", "summarize", 1},
		"damaged":          {"uploads/acme/summarize/a.csv.gz", "no gzip", "", events.CodeDamagedFile, "acme", "summarize", 1},
		"no zip":           {"uploads/acme/summarize/a.zip", "PK no zip", "", events.CodeDamagedFile, "acme", "summarize", 1},
	} {
		t.Run(what, func(t *testing.T) {
			w := newWorld(t)
			w.put(c.key, c.content, c.definition)
			w.takeIn(c.key)
			r := w.bus.rejections(t)[1]
			if len(r.data.Reasons) != c.reasons || r.data.Reasons[0].Code != c.code || r.data.File != c.key {
				t.Errorf("%+v", r.data)
			}
			if r.envelope.Tenant != c.tenant || r.envelope.Request.Task != c.task || r.envelope.RequestID != w.intake(c.key).ID+"-1" {
				t.Errorf("%+v", r.envelope)
			}
			_, data := w.bus.received(t)
			if data.Records != 1 || data.Rejected != 1 || data.WantsReport != strings.Contains(c.definition, "ops@") || len(w.bus.all) != 2 {
				t.Errorf("%+v", data)
			}
			w.takeIn(c.key)
			if len(w.bus.all) != 3 {
				t.Error("the second delivery said more than UploadReceived")
			}
		})
	}
}

func TestEmptyAndBrokenOffFiles(t *testing.T) {
	for name, c := range map[string]struct {
		content           string
		records, rejected int
	}{
		"a.jsonl": {"", 0, 0}, "b.csv": {"id,text\n", 0, 0}, "c.txt": {"\n\n", 0, 0},
		"d.txt.gz": {"\x1f\x8b", 1, 1},
	} {
		w := newWorld(t)
		key := "uploads/acme/summarize/" + name
		w.put(key, c.content, "")
		w.takeIn(key)
		if _, data := w.bus.received(t); data.Records != c.records || data.Rejected != c.rejected || len(w.bus.all) != c.rejected+1 {
			t.Errorf("%s: %+v", name, data)
		}
	}
}

func TestWhatIsNoUploadIsLeftAlone(t *testing.T) {
	w := newWorld(t)
	w.s3.Set("uploads/acme/summarize/", nil)
	w.s3.Set("uploads/acme/summarize/a.txt.sluice.json", []byte("{}"))
	for _, key := range []string{"uploads/acme/summarize/", "uploads/acme/summarize/a.txt.sluice.json"} {
		w.takeIn(key)
	}
	// The object was deleted, or replaced by one that has its own event.
	w.put(key, "\"a\"\n", "")
	gone := w.event(key)
	w.put(key, "\"other\"\n", "")
	if !w.deliver(t.Context(), "m-2", gone) {
		t.Error("a replaced object is read")
	}
	w.s3.Remove(key)
	if !w.deliver(t.Context(), "m-3", gone) {
		t.Error("a deleted object is read")
	}
	if len(w.bus.all) > 0 || len(w.s3.Keys("progress/")) > 0 || len(w.queues.given) > 0 {
		t.Errorf("said %d events, gave up %v", len(w.bus.all), w.queues.given)
	}
}

func TestWhatIsNotForUsIsParked(t *testing.T) {
	w := newWorld(t)
	body := w.event(key)
	for _, c := range []struct{ body, cause string }{
		{strings.Replace(body, `"name":"sluice-test"`, `"name":"another"`, 1), "another bucket"},
		{strings.Replace(body, "Object Created", "Object Deleted", 1), "not an event of S3"},
		{strings.Replace(body, "aws.s3", "somebody", 1), "not an event of S3"},
		{w.edited(func(d map[string]any) { d["object"] = 5 }), "does not decode"},
		{w.edited(func(d map[string]any) { delete(d["object"].(map[string]any), "etag") }), "lacks"},
		{"{}", "not an EventBridge event"},
	} {
		w.queues.given = nil
		if !w.deliver(t.Context(), "m", c.body) || len(w.queues.given) != 1 || !strings.Contains(w.queues.given[0], c.cause) {
			t.Errorf("%s: %v", c.cause, w.queues.given)
		}
	}
}

func TestConfigListsWhatIsMissing(t *testing.T) {
	t.Setenv("SLUICE_BUS", "")
	t.Setenv("SLUICE_BUCKET", "")
	if _, err := ingest.LoadConfig(); err == nil || !strings.Contains(err.Error(), "SLUICE_BUS") || !strings.Contains(err.Error(), "SLUICE_BUCKET") {
		t.Error(err)
	}
	t.Setenv("SLUICE_BUS", "sluice-test")
	t.Setenv("SLUICE_BUCKET", bucket)
	if c, err := ingest.LoadConfig(); err != nil || c != (ingest.Config{Bus: "sluice-test", Bucket: bucket}) {
		t.Error(c, err)
	}
}
