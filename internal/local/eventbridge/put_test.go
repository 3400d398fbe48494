package eventbridge

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"sluice/internal/local/service"
)

func TestAnEventArrivesAsAWSWritesIt(t *testing.T) {
	now := time.Date(2026, 11, 2, 10, 20, 30, 400e6, time.UTC)
	s, q := newState(t, Config{Config: service.Config{Now: func() time.Time { return now }}})
	rule(t, s, "", "all", `{"source":["shop"],"detail":{"n":[1]}}`, Target{ARN: queue, SqsParameters: &SqsParameters{MessageGroupID: "g"}})
	e := entry(`{ "n" : 1, "text": "Xin chào <b>&</b>", "big": 12345678901234567890 }`)
	e.Resources, e.TraceHeader = []string{"arn:x"}, "Root=1-2-3"
	result := putOne(t, s, e)
	got := q.in(queue)
	if len(got) != 1 {
		t.Fatalf("got %d messages, want 1", len(got))
	}
	want := fmt.Sprintf(`{"version":"0","id":"%s","detail-type":"Ordered","source":"shop","account":"000000000000",`+
		`"time":"2026-11-02T10:20:30Z","region":"us-east-1","resources":["arn:x"],`+
		`"detail":{"n":1,"text":"Xin chào <b>&</b>","big":12345678901234567890}}`, result.EventID)
	if string(got[0].Body) != want {
		t.Errorf("got  %s\nwant %s", got[0].Body, want)
	}
	if got[0].MessageGroupID != "g" || got[0].TraceHeader != "Root=1-2-3" || got[0].Attributes != nil {
		t.Errorf("delivery: %+v", got[0])
	}
	putOne(t, s, entry(`{"n":2}`))
	if len(q.in(queue)) != 1 {
		t.Error("an event that does not match was delivered")
	}
}

func TestEveryEntryIsJudgedByItself(t *testing.T) {
	s, q := newState(t, Config{})
	rule(t, s, "", "all", `{"source":[{"prefix":""}]}`, Target{ARN: queue})
	entries := []Entry{
		{Source: "", DetailType: "a", Detail: `{}`},
		{Source: "a", DetailType: "", Detail: `{}`},
		{Source: "a", DetailType: "a", Detail: ``},
		{Source: "a", DetailType: "a", Detail: `{"a":`},
		{Source: "a", DetailType: "a", Detail: `[1]`},
		{Source: "a", DetailType: "a", Detail: `null`},
		{Source: "aws.s3", DetailType: "a", Detail: `{}`},
		{Source: "a", DetailType: "a", Detail: `{}`, EventBusName: "nobody"},
		{Source: "a", DetailType: "a", Detail: `{}`},
	}
	results, err := s.PutEvents(t.Context(), entries)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"InvalidArgument", "InvalidArgument", "InvalidArgument", "MalformedDetail", "MalformedDetail", "MalformedDetail",
		"NotAuthorizedForSourceException", "", ""}
	for i, code := range want {
		if results[i].ErrorCode != code || (code == "") != (results[i].EventID != "") {
			t.Errorf("entry %d: %+v, want code %q", i, results[i], code)
		}
	}
	if n := len(q.in(queue)); n != 1 {
		t.Errorf("%d events were delivered, want 1", n)
	}
	if results, err := s.Put(t.Context(), entries[6:7]); err != nil || results[0].ErrorCode != "" {
		t.Errorf("from inside: %+v, %v", results, err)
	}
}

func TestLimitsOfACall(t *testing.T) {
	s, _ := newState(t, Config{})
	large := entry(`{"x":"` + strings.Repeat("x", 600_000) + `"}`)
	for name, entries := range map[string][]Entry{
		"none": {}, "eleven": make([]Entry, 11), "more than 1 MB": {large, large},
	} {
		_, err := s.PutEvents(t.Context(), entries)
		var told *Error
		if !errors.As(err, &told) || told.Code != codeValidation {
			t.Errorf("%s: %v, want %s", name, err, codeValidation)
		}
	}
	if _, err := s.PutEvents(t.Context(), []Entry{large}); err != nil {
		t.Errorf("600 KB: %v", err)
	}
}

func TestRulesAndTargetsDecideWhereEventsGo(t *testing.T) {
	s, q := newState(t, Config{})
	if _, err := s.CreateBus(t.Context(), Bus{Name: "own"}); err != nil {
		t.Fatal(err)
	}
	onwards := Target{ARN: s.busARN("own"), ID: "bus"}
	rule(t, s, "", "first", `{"source":["shop"]}`, Target{ARN: queue}, onwards)
	rule(t, s, "", "off", `{"source":["shop"]}`, Target{ARN: otherQueue})
	rule(t, s, "own", "second", `{"detail-type":["Ordered"]}`, Target{ARN: otherQueue})
	if err := s.SetRuleState(t.Context(), "", "off", StateDisabled); err != nil {
		t.Fatal(err)
	}
	putOne(t, s, entry(`{}`))
	if a, b := q.in(queue), q.in(otherQueue); len(a) != 1 || len(b) != 1 || string(a[0].Body) != string(b[0].Body) {
		t.Errorf("queue has %d, the other bus's queue %d", len(a), len(b))
	}
	own := entry(`{}`)
	own.EventBusName = s.busARN("own")
	putOne(t, s, own)
	if len(q.in(queue)) != 1 || len(q.in(otherQueue)) != 2 {
		t.Error("an event for one bus was seen on another")
	}
}

func TestLoopsOfBusesEnd(t *testing.T) {
	s, q := newState(t, Config{})
	if _, err := s.CreateBus(t.Context(), Bus{Name: "own"}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "b", "c"} {
		rule(t, s, "", name, `{"source":["shop"]}`, Target{ARN: s.busARN("own")}, Target{ARN: s.busARN("default")})
		rule(t, s, "own", name, `{"source":["shop"]}`, Target{ARN: s.busARN("default")}, Target{ARN: queue})
	}
	putOne(t, s, entry(`{}`))
	if n := len(q.in(queue)); n == 0 || n > 3*mostVisits {
		t.Errorf("%d deliveries", n)
	}
}

func TestTransforms(t *testing.T) {
	detail := `{"name":"Nguyễn \"N\"","n":7,"list":[{"k":"a"},{"k":"b"}],"object":{"x":1}}`
	transformer := func(template string, paths map[string]string) Target {
		return Target{InputTransformer: &InputTransformer{InputTemplate: template, InputPathsMap: paths}}
	}
	paths := map[string]string{"name": "$.detail.name", "n": "$.detail.n", "second": "$.detail.list[1].k", "all": "$.detail.list[*].k",
		"object": "$.detail.object", "none": "$.detail.none", "type": "$.detail-type"}
	for name, test := range map[string]struct {
		target Target
		want   string
	}{
		"input":            {Target{Input: `{"fixed":true}`}, `{"fixed":true}`},
		"path":             {Target{InputPath: "$.detail.object"}, `{"x":1}`},
		"path to text":     {Target{InputPath: "$.detail.list[0]['k']"}, `"a"`},
		"path to nothing":  {Target{InputPath: "$.detail.none"}, `null`},
		"bare values":      {transformer(`{"a":<name>,"b":<n>,"c":<all>,"d":<object>,"e":<none>}`, paths), `{"a":"Nguyễn \"N\"","b":7,"c":["a","b"],"d":{"x":1},"e":""}`},
		"values in text":   {transformer(`{"t":"<name> has <n>, <second>, <object>, <none>."}`, paths), `{"t":"Nguyễn \"N\" has 7, b, {\"x\":1}, ."}`},
		"a text":           {transformer(`"<type> \"<n>\""`, paths), `"Ordered \"7\""`},
		"predefined":       {transformer(`{"r":<aws.events.rule-name>,"a":"<aws.events.rule-arn>"}`, nil), `{"r":"r","a":"arn:aws:events:us-east-1:000000000000:rule/r"}`},
		"not a placholder": {transformer(`{"t":"a < b"}`, nil), `{"t":"a < b"}`},
	} {
		t.Run(name, func(t *testing.T) {
			s, q := newState(t, Config{})
			test.target.ARN = queue
			rule(t, s, "", "r", `{"source":["shop"]}`, test.target)
			putOne(t, s, entry(detail))
			if got := string(q.in(queue)[0].Body); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
	t.Run("the whole event", func(t *testing.T) {
		s, q := newState(t, Config{})
		rule(t, s, "", "r", `{"source":["shop"]}`, Target{ARN: queue, InputTransformer: &InputTransformer{
			InputTemplate: `{"with":<aws.events.event.json>,"without":<aws.events.event>,"at":<aws.events.event.ingestion-time>}`}})
		id := putOne(t, s, entry(detail)).EventID
		var got struct {
			With, Without map[string]any
			At            time.Time
		}
		if err := json.Unmarshal(q.in(queue)[0].Body, &got); err != nil {
			t.Fatal(err)
		}
		if got.With["id"] != id || got.With["detail"] == nil || got.Without["id"] != id || got.Without["detail"] != nil || got.At.IsZero() {
			t.Errorf("got %+v", got)
		}
	})
}

func TestTheTapCountsDistinctEvents(t *testing.T) {
	s, _ := newState(t, Config{})
	for range 2 {
		putOne(t, s, entry(`{"correlationId":"c","id":"one"}`))
	}
	putOne(t, s, entry(`{"correlationId":"c","id":"two"}`))
	other := entry(`{"correlationId":"c","id":"one"}`)
	other.DetailType = "Paid"
	putOne(t, s, other)
	putOne(t, s, entry(`{"id":"no correlation"}`))
	if got := s.Counts("c"); got["Ordered"] != 2 || got["Paid"] != 1 || len(got) != 2 {
		t.Errorf("got %v", got)
	}
	for i := range mostCorrelations {
		putOne(t, s, entry(fmt.Sprintf(`{"correlationId":"later-%d"}`, i)))
	}
	if got := s.Counts("c"); got != nil {
		t.Errorf("the oldest correlation is still there: %v", got)
	}
	if got := s.Counts("later-0"); got["Ordered"] != 1 {
		t.Errorf("got %v", got)
	}
}

func FuzzPut(f *testing.F) {
	f.Add("shop", "Ordered", `{"a":"ü"}`, "arn:x", "")
	f.Add("shop", "\x00\xff", `{"a":1e999}`, "", "default")
	s, q := newState(f, Config{})
	rule(f, s, "", "all", `{"version":["0"]}`, Target{ARN: queue})
	f.Fuzz(func(t *testing.T, source, kind, detail, resource, bus string) {
		results, err := s.Put(t.Context(), []Entry{{Source: source, DetailType: kind, Detail: detail, Resources: []string{resource}, EventBusName: bus}})
		if err != nil {
			t.Fatal(err)
		}
		q.mu.Lock()
		defer q.mu.Unlock()
		for _, d := range q.got {
			if !json.Valid(d.Body) {
				t.Fatalf("not JSON: %q", d.Body)
			}
		}
		if results[0].ErrorCode == "" && busName(bus) == defaultBus && len(q.got) == 0 {
			t.Fatalf("an accepted event was not delivered: %q %q %q", source, kind, detail)
		}
		q.got = nil
	})
}

func BenchmarkPutEvents(b *testing.B) {
	s, q := newState(b, Config{})
	for i := range 15 {
		rule(b, s, "", fmt.Sprintf("r%d", i), fmt.Sprintf(`{"source":["sluice.%d"],"detail":{"terminal":[true]}}`, i), Target{ARN: queue})
	}
	entries := make([]Entry, 10)
	for i := range entries {
		entries[i] = Entry{Source: "sluice.3", DetailType: "AiCompleted", Detail: `{"terminal":true,"id":"x","pad":"` + strings.Repeat("x", 1500) + `"}`}
	}
	for b.Loop() {
		if _, err := s.PutEvents(b.Context(), entries); err != nil {
			b.Fatal(err)
		}
		q.got = q.got[:0]
	}
	b.ReportMetric(float64(b.N*len(entries))/b.Elapsed().Seconds(), "events/s")
}

func TestWantsKnowsWhoWouldHear(t *testing.T) {
	s, _ := newState(t, Config{})
	wants := func(n string) bool {
		return s.Wants("aws.s3", "Object Created", []string{"arn:aws:s3:::b"}, map[string]any{"n": json.Number(n)})
	}
	if wants("1") {
		t.Error("nobody listens, and somebody is said to")
	}
	rule(t, s, "", "one", `{"source":["aws.s3"],"detail-type":["Object Created"],"resources":["arn:aws:s3:::b"],"detail":{"n":[1]}}`)
	if !wants("1") || wants("2") {
		t.Error("a rule is not asked")
	}
	if _, err := s.CreateArchive(t.Context(), Archive{Name: "a"}, s.busARN("default")); err != nil {
		t.Fatal(err)
	}
	if !wants("2") {
		t.Error("an archive is not asked")
	}
}
