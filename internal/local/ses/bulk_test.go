package ses

import (
	"slices"
	"strings"
	"testing"
)

// bulkTo is an entry to somebody, with data.
func bulkTo(address, data string) BulkEntry { return BulkEntry{To: []string{address}, Data: data} }

func TestManyMailsOfOneTemplate(t *testing.T) {
	s, _ := newState(t)
	if err := s.PutTemplate(t.Context(), Template{Name: "hello", Subject: "Hi {{name}}", Text: "{{name}} of {{city}}"}, true); err != nil {
		t.Fatal(err)
	}
	common := Request{From: sender, Template: &TemplateUse{Name: "hello", Data: `{"name":"friend","city":"Huế"}`}, Tags: map[string]string{"a": "1", "b": "1"}}
	results, err := s.SendBulkEmail(t.Context(), BulkRequest{Common: common, Entries: []BulkEntry{
		bulkTo("ann@example.org", `{"name":"Ann"}`), bulkTo("no address", ""), {To: []string{"bo@example.org"}, Tags: map[string]string{"b": "2"}}, bulkTo("cy@example.org", "[]"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	var statuses []string
	for _, r := range results {
		statuses = append(statuses, r.Status)
	}
	if want := []string{"SUCCESS", "INVALID_PARAMETER", "SUCCESS", "INVALID_PARAMETER"}; !slices.Equal(statuses, want) {
		t.Fatalf("%v, want %v", statuses, want)
	}
	for i, want := range map[int]string{0: "Hi Ann|Ann of Huế|1", 2: "Hi friend|friend of Huế|2"} {
		m, err := s.Mail(results[i].Message)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join([]string{m.Subject, strings.TrimSpace(m.Text), m.Tags["b"]}, "|"); got != want || m.Tags["a"] != "1" {
			t.Errorf("entry %d: %s, want %s", i, got, want)
		}
	}
	for what, c := range map[string]struct {
		change func(*BulkRequest)
		code   string
	}{
		"nobody":               {func(b *BulkRequest) { b.Entries = nil }, CodeBadRequest},
		"too many":             {func(b *BulkRequest) { b.Entries = make([]BulkEntry, 51) }, CodeBadRequest},
		"no such template":     {func(b *BulkRequest) { b.Common.Template = &TemplateUse{Name: "none"} }, CodeNotFound},
		"no such set":          {func(b *BulkRequest) { b.Common.ConfigurationSet = "none" }, CodeNotFound},
		"an unverified sender": {func(b *BulkRequest) { b.Common.From = "x@elsewhere.example" }, CodeRejected},
	} {
		b := BulkRequest{Common: common, Entries: []BulkEntry{bulkTo("ann@example.org", "")}}
		c.change(&b)
		if _, err := s.SendBulkEmail(t.Context(), b); code(err) != c.code {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestWhatSuppressesIsTheAccounts(t *testing.T) {
	s, _ := newState(t)
	if err := s.Suppress(t.Context(), "gone@example.org", KindBounce); err != nil {
		t.Fatal(err)
	}
	if err := s.SetSuppressedReasons(t.Context(), []string{KindComplaint}); err != nil {
		t.Fatal(err)
	}
	if got := s.outcomesFor("gone@example.org", ""); len(got) != 1 || got[0].kind != KindDelivery {
		t.Errorf("%+v", got)
	}
	if code(s.SetSuppressedReasons(t.Context(), []string{"BOUNCE", "BOUNCE"})) != CodeBadRequest || code(s.SetSuppressedReasons(t.Context(), []string{"SPAM"})) != CodeBadRequest {
		t.Error("reasons that are none were taken")
	}
	if err := s.SetSending(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	again, err := New(s.store, nil, Config{})
	if err != nil || !again.Account().SendingOff || !slices.Equal(again.Account().Suppressed, []string{KindComplaint}) {
		t.Errorf("after a restart: %+v, %v", again.Account(), err)
	}
}
