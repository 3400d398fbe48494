package track

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"sluice/events"
	"sluice/internal/consume"
	"sluice/internal/fault"
	"sluice/internal/objects/objectstest"
	"sluice/internal/requests"
)

func TestFormatsKeepTheirColumns(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte("một\nhai\n"))
	_ = z.Close()
	cases := []struct {
		name, content, want string
	}{
		{"lines.txt", "một\n\nhai\n", "text|outcome|reason|answer.a|requestId|model|costUSD\nmột|completed||1|ID-1|stand-in|0.25\nhai|completed||2|ID-2|stand-in|0.25"},
		{"lines.txt.gz", packed.String(), "text|outcome|reason|answer.a|requestId|model|costUSD\nmột|completed||1|ID-1|stand-in|0.25\nhai|completed||2|ID-2|stand-in|0.25"},
		{"union.jsonl", `{"text":"x","n":1.50,"deep":{"a": [1, 2]}}` + "\n" + `{"extra":null,"text":"y"}` + "\n",
			"text|n|deep|extra|outcome|reason|answer.a|requestId|model|costUSD\nx|1.50|{\"a\": [1, 2]}||completed||1|ID-1|stand-in|0.25\ny|||null|completed||2|ID-2|stand-in|0.25"},
		{"taken.csv", "text,requestId,answer.a,model\nx,mine,theirs,m1\ny,,,\n",
			"text|requestId|answer.a|model|outcome|reason|sluice.answer.a|sluice.requestId|sluice.model|costUSD\n" +
				"x|mine|theirs|m1|completed||1|ID-1|stand-in|0.25\ny||||completed||2|ID-2|stand-in|0.25"},
	}
	for _, c := range cases {
		w := newWorld(t)
		received := w.upload(c.name, c.content, 2)
		w.handle(w.stored(1, `{"a":1}`), w.stored(2, `{"a":2}`), received)
		equalRows(t, w.rows(), strings.ReplaceAll(c.want, "ID", w.id))
	}
}

func TestFilesThatCannotBeReadAgain(t *testing.T) {
	const want = "outcome|reason|answer.a|requestId|model|costUSD\ncompleted||1|ID-1|stand-in|0.25\nrejected|damagedFile: /text: is damagedFile||ID-2||"
	cases := map[string]func(*world){
		"deleted":       func(w *world) { w.memory.Remove(w.file.Key) },
		"replaced":      func(w *world) { w.memory.Set(w.file.Key, []byte("other")) },
		"damaged":       func(w *world) { w.memory.Set(w.file.Key, []byte("not gzip")) },
		"intake gone":   func(w *world) { w.memory.Remove("progress/" + w.id + "/ingest.json") },
		"never a table": func(w *world) {},
	}
	for name, spoil := range cases {
		w := newWorld(t)
		received := w.upload("x.txt.gz", "not gzip", 2)
		spoil(w)
		w.handle(w.stored(1, `{"a":1}`), w.rejected(2, 0, "damagedFile"), received)
		rows := w.rows()
		equalRows(t, rows, strings.ReplaceAll(want, "ID", w.id))
		if len(w.completed()) != 1 {
			t.Errorf("%s: not reported", name)
		}
	}
}

func TestAResultThatIsGoneIsNotPassedOver(t *testing.T) {
	w := newWorld(t)
	batch := []consume.Message{w.stored(1, `{"a":1}`), w.upload("x.txt", "a\n", 1)}
	batch = []consume.Message{w.stored(1, `{"a":1}`), batch[1]}
	for _, key := range w.memory.Keys("results/") {
		w.memory.Remove(key)
	}
	errs := w.handler.Handle(context.Background(), batch)
	if errs[0] != nil || errs[1] == nil || len(w.completed()) != 0 {
		t.Errorf("%v", errs)
	}
}

func TestMailPerRecord(t *testing.T) {
	w := newWorld(t)
	w.each = true
	received := w.upload("x.txt", "a\nb\nc\n", 3)
	w.handle(w.stored(1, `{"a":1}`), w.stored(2, `{"a":1}`), w.rejected(3, 3, "empty"))
	w.deferred(received)
	notified := events.Notified{About: "Stored", Recipients: []events.Recipient{{Hash: "h", Outcome: events.MailSent}}}
	w.handle(w.next(1, "notify", 1, events.Completed, notified))
	w.handle(w.next(3, "notify", 1, "", notified)) // about the rejection
	if len(w.completed()) != 0 || w.progress().Counts().Mailing != 1 {
		t.Errorf("over while a mail is missing: %+v", w.progress().Counts())
	}
	w.handle(w.parked(2, 1, "Stored", events.Parked)) // its mail was given up
	if p := w.progress(); len(w.completed()) != 1 || p.Counts().Completed != 2 || p.Done.Said != requests.Settled {
		t.Errorf("%+v", p.Counts())
	}
}

func TestReportMailIsNoted(t *testing.T) {
	w := newWorld(t)
	w.handle(w.upload("x.txt", "", 0)) // no records: over at once
	if len(w.completed()) != 1 {
		t.Fatal("an empty file is not reported")
	}
	about := w.about(0)
	about.Subject, about.RequestID, about.Request.Upload = w.id, w.id, &events.UploadRecord{ID: w.id}
	e, err := about.Next("notify", submitted, submitted, events.Notified{About: "UploadCompleted",
		Recipients: []events.Recipient{{Hash: "h", Outcome: events.MailSent, MessageID: "m"}}})
	for range 2 {
		w.handle(w.message("notify", e, err))
	}
	if p := w.progress(); !p.Reported || len(p.Mail) != 1 || p.Mail[0].MessageID != "m" || len(w.bus.Of("UploadCompleted")) != 1 {
		t.Errorf("%+v", p)
	}
}

func TestAReportMailThatWasGivenUpIsNoted(t *testing.T) {
	w := newWorld(t)
	w.handle(w.upload("x.txt", "", 0))
	about := w.about(0)
	about.Subject, about.RequestID, about.Request.Upload = w.id, w.id, &events.UploadRecord{ID: w.id}
	e, err := about.Next("park", submitted, submitted, events.RequestParked{Cause: "SES is closed", Class: "park", Queue: "q", Key: "k", Event: "UploadCompleted"})
	w.handle(w.message("park", e, err))
	if p := w.progress(); !p.Reported || p.MailSkipped != "SES is closed" || p.Parked != "" {
		t.Errorf("%+v", p)
	}
}

func TestParkedIntakeIsNoted(t *testing.T) {
	w := newWorld(t)
	w.id = "uabc"
	e, err := events.New(events.Envelope{RequestID: w.id, Tenant: "acme", Request: events.Request{Task: "unknown",
		Upload: &events.UploadRecord{ID: w.id}, Submitted: submitted}}, submitted,
		events.RequestParked{Cause: "x", Class: "crash", Queue: "q-dlq", Key: "parked/acme/uabc/1.json"})
	w.handle(w.message("park", e.Ends(events.Parked), err))
	if p := w.progress(); p.Parked == "" || p.Received != nil {
		t.Errorf("%+v", p)
	}
}

// Between two good messages about one upload comes a bad one.
func TestOneBadMessageChangesNoNeighbour(t *testing.T) {
	cases := map[string]func(*consume.Message){
		"not ours":    func(m *consume.Message) { m.Record.Detail = []byte(`{"version":1}`) },
		"not tracked": func(m *consume.Message) { m.Record.DetailType = "AiCompleted" },
		"absurd version": func(m *consume.Message) {
			m.Record.Detail = bytes.Replace(m.Record.Detail, []byte(`"version":1`), []byte(`"version":9`), 1)
		},
		"a loop": func(m *consume.Message) {
			m.Record.Detail = bytes.Replace(m.Record.Detail, []byte(`"hop":1`), []byte(`"hop":99`), 1)
		},
	}
	for name, spoil := range cases {
		w := newWorld(t)
		received := w.upload("x.txt", "a\nb\nc\n", 3)
		batch := []consume.Message{w.stored(1, `{"a":1}`), w.stored(2, `{"a":2}`), w.stored(3, `{"a":3}`), w.stored(0, `{}`)}
		spoil(&batch[1])
		errs := w.handler.Handle(context.Background(), batch)
		if class, _ := fault.Of(errs[1]); errs[1] == nil || class != fault.Park {
			t.Errorf("%s: %v", name, errs[1])
		}
		if errs[0] != nil || errs[2] != nil || errs[3] != nil || w.progress().Counts().Completed != 2 || w.progress().OutcomeOf(3) != events.Completed {
			t.Errorf("%s: neighbours %v", name, errs)
		}
		w.deferred(received)
	}
}

func TestAPanicIsItsMessagesOwn(t *testing.T) {
	group := []*heard{{}, {}, {}}
	guarded(group, func(some []*heard) error {
		for _, one := range some {
			if one == group[1] {
				panic(canary)
			}
		}
		return nil
	})
	if group[0].err != nil || group[2].err != nil || group[1].err == nil || strings.Contains(group[1].err.Error(), "canary") {
		t.Errorf("%v, %v, %v", group[0].err, group[1].err, group[2].err)
	}
}

func TestS3FailsForOneUpload(t *testing.T) {
	w := newWorld(t)
	w.upload("x.txt", "a\n", 1)
	batch := []consume.Message{w.stored(1, `{"a":1}`), w.stored(0, `{}`)}
	w.memory.Fault = func(_, key string) error {
		if strings.HasPrefix(key, "progress/") {
			return objectstest.Error(503, "SlowDown")
		}
		return nil
	}
	errs := w.handler.Handle(context.Background(), batch)
	if class, _ := fault.Of(errs[0]); class != fault.Defer || errs[1] != nil {
		t.Errorf("%v", errs)
	}
}

func TestThePageIsSafe(t *testing.T) {
	w := newWorld(t)
	received := w.upload("<script>alert(1)<script>.jsonl", `{"text":"<script>alert(2)</script>"}`+"\n", 1)
	w.handle(w.stored(1, `{"label":"\"><img src=x onerror=alert(3)>"}`), received)
	page := w.page()
	if strings.Contains(page, "<script") || strings.Contains(page, "<img") || !strings.Contains(page, "&lt;script&gt;alert(2)") {
		t.Error(page)
	}
	for _, from := range []string{"http:", "https:", "src=", "@import", "url("} {
		if strings.Contains(strings.ReplaceAll(page, "img src=x", ""), from) {
			t.Errorf("the page takes something from elsewhere: %s", from)
		}
	}
}

func TestFlatten(t *testing.T) {
	cases := []struct{ answer, want string }{
		{`{"b":"x","a":1.50,"c":true,"d":null}`, "answer.b=x answer.a=1.50 answer.c=true answer.d="},
		{`{"l":["a","b; c",3,null],"e":[]}`, "answer.l=a; b; c; 3;  answer.e="},
		{`{"l":[{"a": 1}],"o":{"x": [1, 2]}}`, `answer.l=[{"a":1}] answer.o={"x":[1,2]}`},
		{`"only"`, "answer=only"},
		{`["a","b"]`, "answer=a; b"},
		{``, ""},
		{`{"é\n":"<&>"}`, "answer.é\n=<&>"},
	}
	for _, c := range cases {
		var parts []string
		for _, one := range answerCells(json.RawMessage(c.answer)) {
			parts = append(parts, one.name+"="+one.value)
		}
		if got := strings.Join(parts, " "); got != c.want {
			t.Errorf("%s: %q, want %q", c.answer, got, c.want)
		}
	}
}

func TestColumnsAreBounded(t *testing.T) {
	c := newColumns()
	var cells []cell
	for range maxColumns + 5 {
		cells = append(cells, cell{"same", "v"})
	}
	cells = append(cells, cell{"last", "kept"})
	c.learn(cells)
	row := c.row(cells)
	if len(row) != maxColumns+1 || len(c.header()) != len(row) || !strings.Contains(row[maxColumns], `"last":"kept"`) {
		t.Errorf("%d columns, %s", len(row), row[len(row)-1])
	}
}

func FuzzAnswerCells(f *testing.F) {
	for _, seed := range []string{`{"a":[1,"x"],"b":{"c":null}}`, `"x"`, `[1`, `{"a":1,"a":2}`, `{"a":`, "\xff"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		cells := answerCells(raw)
		c := newColumns()
		c.learn(cells)
		row := c.row(cells)
		if len(row) != len(c.header()) {
			t.Errorf("%d cells under %d columns", len(row), len(c.header()))
		}
		for _, one := range cells {
			if json.Valid(raw) && utf8.Valid(raw) && !utf8.ValidString(one.value) {
				t.Errorf("%q", one.value)
			}
		}
	})
}
