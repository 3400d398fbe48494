package metrics

import (
	"net/http/httptest"
	"strings"
	"testing"
)

const (
	whole = `{"environment":"local","function":"store","EndedAfter":[40,1500],"Messages":3,"_aws":{"Timestamp":1,"CloudWatchMetrics":[` +
		`{"Namespace":"Sluice","Dimensions":[["environment"]],"Metrics":[{"Name":"EndedAfter","Unit":"Milliseconds"}]},` +
		`{"Namespace":"Sluice","Dimensions":[["environment","function"]],"Metrics":[{"Name":"Messages","Unit":"Count"}]}]}}`
	call = `{"ledger":"end","environment":"local","model":"no\"va","task":"classify","CostUSD":0.25,"_aws":{"Timestamp":1,"CloudWatchMetrics":[` +
		`{"Namespace":"Sluice","Dimensions":[["environment"],["environment","model","task"]],"Metrics":[{"Name":"CostUSD","Unit":"None"}]}]}}`
)

func TestDocumentsBecomeSeries(t *testing.T) {
	r := New()
	for _, line := range []string{whole, call, whole, call, `{"level":"INFO"}`, `{"_aws":{`, `{"_aws":{},"x":1}`, ``} {
		r.Add(line)
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, nil)
	for _, want := range []string{
		"# TYPE sluice_cost_usd_total counter\nsluice_cost_usd_total{environment=\"local\",model=\"no\\\"va\",task=\"classify\"} 0.5\n",
		"# TYPE sluice_ended_after_seconds histogram\nsluice_ended_after_seconds_bucket{environment=\"local\",le=\"0.05\"} 2\n",
		"sluice_ended_after_seconds_bucket{environment=\"local\",le=\"2.5\"} 4\n", "sluice_ended_after_seconds_bucket{environment=\"local\",le=\"+Inf\"} 4\n",
		"sluice_ended_after_seconds_sum{environment=\"local\"} 3.08\nsluice_ended_after_seconds_count{environment=\"local\"} 4\n",
		"# TYPE sluice_messages_total counter\nsluice_messages_total{environment=\"local\",function=\"store\"} 6\n",
	} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("there is no\n%s in\n%s", want, w.Body)
		}
	}
	if n := strings.Count(w.Body.String(), "# TYPE"); n != 3 {
		t.Errorf("%d metrics", n)
	}
}

func TestNamesAreWords(t *testing.T) {
	for name, want := range map[string]string{"CostUSD": "cost_usd", "DuplicateUSD": "duplicate_usd", "InputTokens": "input_tokens", "Mails": "mails", "a-b": "a_b", "é": "_"} {
		if got := word(name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}

func FuzzAdd(f *testing.F) {
	f.Add(whole)
	f.Add(call)
	f.Fuzz(func(_ *testing.T, line string) {
		r := New()
		r.Add(line)
		_ = r.text()
	})
}
