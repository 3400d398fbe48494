package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/aws/smithy-go/encoding/cbor"

	"sluice/events"
	"sluice/internal/ledger"
	"sluice/internal/local/machine"
)

const (
	ownProfile   = "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/abcdefghijkl"
	otherProfile = "mnopqrstuvwx"
)

// watch is CloudWatch and its logs, over the wire: the log groups' events, and sums
// of tokens by model and metric.
type watch struct {
	t      *testing.T
	groups map[string][]string
	sums   map[string]map[string]float64
	period int64
	denied bool // to read metrics
}

func (w *watch) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	switch target := r.Header.Get("X-Amz-Target"); {
	case strings.Contains(string(body), "GetCallerIdentity"):
		_, _ = io.WriteString(out, `<GetCallerIdentityResponse><GetCallerIdentityResult><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`)
	case strings.HasPrefix(target, "Logs_20140328."):
		out.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_ = json.NewEncoder(out).Encode(w.logs(strings.TrimPrefix(target, "Logs_20140328."), body))
	case strings.HasPrefix(r.URL.Path, "/inference-profiles/"):
		w.profile(out, path.Base(r.URL.Path))
	case r.Header.Get("Smithy-Protocol") == "rpc-v2-cbor" && !w.denied:
		in, err := cbor.Decode(body)
		if err != nil {
			w.t.Error(err)
			return
		}
		out.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
		out.Header().Set("Content-Type", "application/cbor")
		_, _ = out.Write(cbor.Encode(w.metrics(path.Base(r.URL.Path), in.(cbor.Map))))
	default:
		out.WriteHeader(http.StatusForbidden)
	}
}

func (w *watch) profile(out http.ResponseWriter, id string) {
	switch id {
	case "abcdefghijkl":
		_, _ = io.WriteString(out, `{"inferenceProfileName":"sluice-dev-amazon-nova-lite-v1-0"}`)
	case otherProfile:
		out.WriteHeader(http.StatusNotFound)
	}
}

// logs pages: an event a page.
func (w *watch) logs(operation string, body []byte) map[string]any {
	var in struct {
		LogGroupNamePrefix, LogGroupName, FilterPattern, NextToken string
		StartTime                                                  int64
	}
	if err := json.Unmarshal(body, &in); err != nil {
		w.t.Error(err)
	}
	if operation == "DescribeLogGroups" {
		var all []map[string]any
		for name := range w.groups {
			if strings.HasPrefix(name, in.LogGroupNamePrefix) {
				all = append(all, map[string]any{"logGroupName": name, "retentionInDays": 3})
			}
		}
		return map[string]any{"logGroups": all}
	}
	if in.FilterPattern != `{ $.ledger = "*" }` || in.StartTime == 0 {
		w.t.Errorf("%s asks for %s", operation, body)
	}
	at := 0
	_, _ = fmt.Sscanf(in.NextToken, "page %d", &at)
	lines := w.groups[in.LogGroupName]
	if at >= len(lines) {
		return map[string]any{"events": []any{}}
	}
	return map[string]any{"events": []any{map[string]any{"message": lines[at], "timestamp": in.StartTime}}, "nextToken": fmt.Sprint("page ", at+1)}
}

func (w *watch) metrics(operation string, in cbor.Map) cbor.Map {
	if operation == "ListMetrics" {
		var all cbor.List
		for model, sums := range w.sums {
			for name := range sums {
				all = append(all, metric(name, model), metric(name, model, "ContextWindow"))
			}
		}
		return cbor.Map{"Metrics": append(all, metric("InvocationLatency", "amazon.nova-lite-v1:0"))}
	}
	var results cbor.List
	for _, one := range in["MetricDataQueries"].(cbor.List) {
		query := one.(cbor.Map)
		stat := query["MetricStat"].(cbor.Map)
		w.period = int64(stat["Period"].(cbor.Uint))
		asked := stat["Metric"].(cbor.Map)
		model := asked["Dimensions"].(cbor.List)[0].(cbor.Map)["Value"].(cbor.String)
		sum := w.sums[string(model)][string(asked["MetricName"].(cbor.String))]
		// Two periods, which are to be added up.
		results = append(results, cbor.Map{"Id": query["Id"], "StatusCode": cbor.String("Complete"), "Values": cbor.List{cbor.Float64(sum - 1), cbor.Float64(1)}})
	}
	return cbor.Map{"MetricDataResults": results}
}

func metric(name, model string, more ...string) cbor.Map {
	dimensions := cbor.List{cbor.Map{"Name": cbor.String("ModelId"), "Value": cbor.String(model)}}
	for _, one := range more {
		dimensions = append(dimensions, cbor.Map{"Name": cbor.String(one), "Value": cbor.String("x")})
	}
	return cbor.Map{"Namespace": cbor.String("AWS/Bedrock"), "MetricName": cbor.String(name), "Dimensions": dimensions}
}

// written is what a function would have logged.
func written(t *testing.T, at time.Time, write func(*ledger.Ledger)) []string {
	t.Helper()
	var out bytes.Buffer
	write(ledger.New(&out, "dev", func() time.Time { return at }))
	return strings.Split(strings.TrimSpace(out.String()), "\n")
}

func TestCostOfAnEnvironmentInAWS(t *testing.T) {
	const model = "amazon.nova-lite-v1:0"
	call := func(id, tenant string) ledger.Call {
		return ledger.Call{ID: id, Model: model, Task: "classify", Tenant: tenant, Lane: "flex", Records: 10, EstimateUSD: 1}
	}
	lines := written(t, time.Now().Add(-time.Hour), func(l *ledger.Ledger) {
		for _, c := range []ledger.Call{call("1", "acme"), call("2", "beta")} {
			_ = l.Begin(t.Context(), c)
			l.End(t.Context(), ledger.Ended{Call: c, Status: ledger.Answered, Usage: events.Usage{Input: 1000, Output: 100, CacheRead: 50}, USD: 0.25, Priced: true, Answered: 10,
				PackingSavedUSD: 1, LaneSavedUSD: 0.25, CacheSavedUSD: -0.5})
		}
	})
	slices.Reverse(lines) // of several streams none comes first
	cut := written(t, time.Now().Add(-time.Hour), func(l *ledger.Ledger) { _ = l.Begin(t.Context(), call("3", "acme")) })
	cloud := &watch{t: t, groups: map[string][]string{
		"/aws/lambda/sluice-dev-analyze": append([]string{`{"ledger":"end","cut`}, lines...), "/aws/lambda/sluice-dev-api": cut,
		"/aws/lambda/sluice-dev-2-analyze": written(t, time.Now(), func(l *ledger.Ledger) { _ = l.Begin(t.Context(), call("4", "other")) }),
		"/aws/lambda/sluice-dev-store":     cut,
	}, sums: map[string]map[string]float64{
		ownProfile:   {"InputTokenCount": 2300, "OutputTokenCount": 200, "CacheReadInputTokenCount": 100},
		model:        {"InputTokenCount": 77, "OutputTokenCount": 7},
		otherProfile: {"InputTokenCount": 5},
	}}
	server := httptest.NewServer(cloud)
	t.Cleanup(server.Close)

	r := withAWS(t, server.URL, nil, "cost", "--env", "dev", "--since", "7d", "--by", "tenant")
	if r.code != exitOK {
		t.Fatalf("exit %d\n%s%s", r.code, r.out, r.err)
	}
	for _, want := range []string{
		"acme 1 0 10 10.0 1000 100 50 0 $0.2500", "beta 1 0 10 10.0 1000 100 50 0 $0.2500", "total 2 0 20 10.0 2000 200 100 0 $0.5000",
		"saved by packing $2.0000", "saved by lanes $0.5000", "saved by caching -$1.0000 100 tokens", "unfinished $1.0000 1 calls",
		model + " ledger 2000 200 100 0", "counted 2300 200 100 0", "difference +300 +0 +0 +0",
		model + " others' 77 7 0 0", otherProfile + " others' 5 0 0 0",
		model + ": 1 calls began and never ended here",
	} {
		if !strings.Contains(strings.Join(strings.Fields(r.out), " "), want) {
			t.Errorf("%q is not in\n%s", want, r.out)
		}
	}
	if strings.Contains(r.out, "whoever else") || !strings.Contains(r.err, "are kept for 3 days") || cloud.period != 300 {
		t.Errorf("period %d\n%s\n%s", cloud.period, r.err, r.out)
	}
	cloud.denied = true
	d := document(t, withAWS(t, server.URL, nil, "cost", "--env", "dev", "--since", "100d", "--json"))
	if d["check"] != nil || !strings.Contains(fmt.Sprint(d["notes"]), "not compared") || d["total"].(map[string]any)["calls"] != 2.0 {
		t.Errorf("%v", d)
	}
	if r := withAWS(t, server.URL, nil, "cost", "--env", "none"); r.code != exitFailed || !strings.Contains(r.err, "there are no log groups /aws/lambda/sluice-none-") {
		t.Errorf("exit %d: %s", r.code, r.err)
	}
}

// On one machine the ledger and the model count the same.
func TestTheLedgerIsWhatTheLocalModelCounted(t *testing.T) {
	data := t.TempDir()
	url := dev(t, data)
	if r := sluice(t, data, "submit", "The parcel came late.", "--task", "classify"); r.code != exitOK {
		t.Fatalf("exit %d\n%s%s", r.code, r.out, r.err)
	}
	var check map[string]any
	eventually(t, "the ledger has the call's end", func() bool {
		d := document(t, sluice(t, data, "cost", "--json"))
		check, _ = d["check"].(map[string]any)
		return d["total"].(map[string]any)["calls"] == 1.0
	})
	models, _ := check["models"].([]any)
	if len(models) != 1 || check["by"] != "the local model" {
		t.Fatalf("%v", check)
	}
	m := models[0].(map[string]any)
	if fmt.Sprint(m["ledger"]) != fmt.Sprint(m["counted"]) || m["why"] != nil || m["counted"].(map[string]any)["input"] == 0.0 {
		t.Errorf("%v", m)
	}
	// Whoever else asks the local model is counted by it alone.
	client := bedrockruntime.NewFromConfig(clientConfig(machine.At(url)))
	if _, err := client.Converse(t.Context(), &bedrockruntime.ConverseInput{ModelId: aws.String(m["model"].(string)),
		Messages: []types.Message{{Role: types.ConversationRoleUser, Content: []types.ContentBlock{&types.ContentBlockMemberText{Value: "Hello."}}}}}); err != nil {
		t.Fatal(err)
	}
	d := document(t, sluice(t, data, "cost", "--json"))
	m = d["check"].(map[string]any)["models"].([]any)[0].(map[string]any)
	if why := fmt.Sprint(m["why"]); !strings.Contains(why, "the local model counts whoever else asked the model") {
		t.Errorf("%v", m)
	}
}
