package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/google/go-cmp/cmp"

	"sluice/events"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 250_000_000, time.UTC)

func at(t time.Time) func() time.Time { return func() time.Time { return t } }

// write lets f write into a ledger and returns what was written.
func write(now time.Time, f func(ctx context.Context, l *Ledger)) string {
	var out bytes.Buffer
	f(lambdacontext.NewContext(context.Background(), &lambdacontext.LambdaContext{AwsRequestID: "inv-1"}), New(&out, "dev", at(now)))
	return out.String()
}

func read(t testing.TB, text string) []Line {
	t.Helper()
	var all []Line
	err := Read(strings.NewReader(text), func(l Line) error {
		all = append(all, l)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

var (
	call = Call{ID: "c-1", Model: "nova", Task: "classify", Tenant: "acme", Lane: "standard", Records: 10,
		EstimateUSD: 0.002, EstimateTokens: 3000, MaxTokens: 700}
	used = events.Usage{Input: 1200, Output: 600, CacheRead: 40, CacheWrite: 30}
	over = Ended{Call: call, Status: Answered, AnsweredBy: "nova-2", Usage: used, USD: 0.0012345, Priced: true,
		Latency: 1500 * time.Millisecond, Answered: 9, Missing: 1, PackingSavedUSD: 0.004, LaneSavedUSD: 0.002, CacheSavedUSD: -0.001, ReclaimedTokens: 3396}
	paid = Paid{RequestID: "r-1", Task: "classify", Tenant: "acme", Lane: "flex", Spend: events.Spend{Model: "nova", Usage: used, CostUSD: 0.0005}}
)

func TestWhatIsWrittenIsRead(t *testing.T) {
	text := write(noon, func(ctx context.Context, l *Ledger) {
		if err := l.Begin(ctx, call); err != nil {
			t.Fatal(err)
		}
		l.End(ctx, over)
		l.Reused(ctx, paid)
		l.Duplicate(ctx, paid)
		l.Orphan(ctx, paid)
	})
	base := Line{Time: noon, Environment: "dev", Invocation: "inv-1", Model: "nova", Task: "classify", Tenant: "acme", Lane: "standard"}
	begun := base
	begun.Kind, begun.ID, begun.Records, begun.EstimateUSD, begun.EstimateTokens, begun.MaxTokens = Begun, "c-1", 10, 0.002, 3000, 700
	ended := begun
	ended.Kind, ended.Status, ended.AnsweredBy, ended.Priced, ended.LatencyMs, ended.Answered, ended.Missing = Over, Answered, "nova-2", true, 1500, 9, 1
	ended.LaneSavedUSD, ended.CacheSavedUSD = 0.002, -0.001
	ended.PackingSavedUSD, ended.ReclaimedTokens, ended.CostUSD = 0.004, 3396, 0.0012345
	ended.Input, ended.Output, ended.CacheRead, ended.CacheWrite = 1200, 600, 40, 30
	answer := base
	answer.Lane, answer.RequestID, answer.Answers = "flex", "r-1", 1
	answer.Input, answer.Output, answer.CacheRead, answer.CacheWrite = 1200, 600, 40, 30
	reused, double, orphan := answer, answer, answer
	reused.Kind, reused.SavedUSD = Reuse, 0.0005
	double.Kind, double.DuplicateUSD = Double, 0.0005
	orphan.Kind, orphan.OrphanUSD = Orphaned, 0.0005
	got := read(t, text)
	names := map[string]bool{}
	for i := range got {
		names[got[i].Name] = true
		got[i].Name = ""
	}
	if diff := cmp.Diff([]Line{begun, ended, reused, double, orphan}, got); diff != "" {
		t.Error(diff)
	}
	if len(names) != 5 {
		t.Errorf("names are not unique: %v", names)
	}
}

// metricsOf checks a document against the embedded metric format and returns its
// metrics.
func metricsOf(t *testing.T, line string) map[string]float64 {
	t.Helper()
	var document map[string]any
	if err := json.Unmarshal([]byte(line), &document); err != nil {
		t.Fatal(err)
	}
	about, is := document["_aws"].(map[string]any)
	if !is {
		return nil
	}
	if about["Timestamp"] != float64(noon.UnixMilli()) {
		t.Errorf("timestamp %v", about["Timestamp"])
	}
	directive := about["CloudWatchMetrics"].([]any)[0].(map[string]any)
	if directive["Namespace"] != "Sluice" || !cmp.Equal(directive["Dimensions"], []any{[]any{"environment"}, []any{"environment", "model", "task"}}) {
		t.Errorf("%v", directive)
	}
	for _, dimension := range []string{"environment", "model", "task"} {
		if value, is := document[dimension].(string); !is || value == "" {
			t.Errorf("dimension %s is %v", dimension, document[dimension])
		}
	}
	all := map[string]float64{}
	for _, m := range directive["Metrics"].([]any) {
		definition := m.(map[string]any)
		name := definition["Name"].(string)
		if unit := definition["Unit"]; (unit == "None") != strings.HasSuffix(name, "USD") || unit != "None" && unit != "Count" {
			t.Errorf("%s is in %v", name, unit)
		}
		value, is := document[name].(float64)
		if !is {
			t.Errorf("metric %s is %v", name, document[name])
		}
		all[name] = value
	}
	return all
}

func TestLinesAreEmbeddedMetrics(t *testing.T) {
	throttled := over
	throttled.Status, throttled.Usage, throttled.USD = Throttled, events.Usage{}, 0
	nameless := over
	nameless.Model, nameless.Task = "", ""
	whole := map[string]float64{"ModelCalls": 1, "Throttles": 0, "CostUSD": 0.0012345, "ReclaimedTokens": 3396, "RecordsPerCall": 10,
		"InputTokens": 1200, "OutputTokens": 600, "CacheReadTokens": 40, "CacheWriteTokens": 30}
	tests := map[string]struct {
		write func(context.Context, *Ledger)
		want  map[string]float64
	}{
		"begin":     {func(ctx context.Context, l *Ledger) { _ = l.Begin(ctx, call) }, nil},
		"end":       {func(ctx context.Context, l *Ledger) { l.End(ctx, over) }, whole},
		"nameless":  {func(ctx context.Context, l *Ledger) { l.End(ctx, nameless) }, whole},
		"throttled": {func(ctx context.Context, l *Ledger) { l.End(ctx, throttled) }, map[string]float64{"ModelCalls": 1, "Throttles": 1}},
		"reused":    {func(ctx context.Context, l *Ledger) { l.Reused(ctx, Paid{Answers: 7}) }, map[string]float64{"ReusedAnswers": 7}},
		"duplicate": {func(ctx context.Context, l *Ledger) { l.Duplicate(ctx, paid) }, map[string]float64{"DuplicateUSD": 0.0005}},
		"orphan":    {func(ctx context.Context, l *Ledger) { l.Orphan(ctx, paid) }, map[string]float64{"OrphanUSD": 0.0005}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			line := write(noon, test.write)
			if strings.Count(line, "\n") != 1 || !strings.HasSuffix(line, "\n") || !Is(line) {
				t.Errorf("%q is not one line of the account", line)
			}
			if diff := cmp.Diff(test.want, metricsOf(t, line)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAnyNameAndAmountMakesALine(t *testing.T) {
	odd := "a\"b\\c\n\x00\xff{\"ledger\":\"end\"ü"
	got := read(t, write(noon, func(ctx context.Context, l *Ledger) {
		l.End(ctx, Ended{Call: Call{ID: odd, Model: odd, Tenant: odd, EstimateUSD: math.Inf(1)}, USD: math.NaN(), PackingSavedUSD: 0.1 + 0.2})
	}))
	if len(got) != 1 {
		t.Fatalf("%d lines", len(got))
	}
	if l := got[0]; l.ID != strings.ToValidUTF8(odd, "\uFFFD") || l.CostUSD != 0 || l.EstimateUSD != 0 || l.PackingSavedUSD != 0.3 {
		t.Errorf("%+v", l)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestACallDoesNotGoOutWithoutItsLine(t *testing.T) {
	l := New(broken{}, "dev", time.Now)
	if err := l.Begin(t.Context(), call); !errors.Is(err, io.ErrClosedPipe) {
		t.Error(err)
	}
	l.End(t.Context(), over)
}

func TestReadingPassesOverWhatIsNotItsOwn(t *testing.T) {
	line := write(noon, func(ctx context.Context, l *Ledger) { l.End(ctx, over) })
	line = strings.TrimSuffix(line, "\n")
	tests := map[string]struct {
		text string
		want int
	}{
		"nothing":            {"", 0},
		"other lines":        {"\n\n{\"level\":\"INFO\"}\npanic: {\n" + line + "\nREPORT\n", 1},
		"no line break":      {line, 1},
		"prefix":             {"analyze  " + line + "\r\n", 1},
		"cut at the end":     {line + "\n" + line[:len(line)-20], 1},
		"cut in the middle":  {line[:100] + "\n" + line + "\n", 1},
		"cut, and glued":     {line[:100] + line + "\n", 1},
		"two in one line":    {line + " " + line + "\n", 1},
		"a line too long":    {strings.Repeat("x", 3*longest) + "\n" + line + "\n", 1},
		"in a string":        {`{"msg":"{\"ledger\":\"end\"}"}` + "\n", 0},
		"not of the account": {`{"ledger":"end"}` + "\n" + `{"ledger":"end","time":5}` + "\n", 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := len(read(t, test.text)); got != test.want {
				t.Errorf("%d lines, want %d", got, test.want)
			}
		})
	}
	stop := errors.New("stop")
	if err := Read(strings.NewReader(line), func(Line) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
	if err := Read(io.MultiReader(strings.NewReader(line), broken{}), func(Line) error { return nil }); !errors.Is(err, io.ErrClosedPipe) {
		t.Error(err)
	}
}

func (broken) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }

func FuzzRead(f *testing.F) {
	line := write(noon, func(ctx context.Context, l *Ledger) { _ = l.Begin(ctx, call) })
	for _, text := range []string{"", line, line[:50] + line, `{"ledger":"end","time":"2026-11-24T00:00:00Z","InputTokens":-5}`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		sum := NewSum(ByDay, time.Time{})
		if err := Read(strings.NewReader(text), sum.Add); err != nil {
			t.Fatal(err)
		}
		_, _ = sum.Result(noon)
		if got := read(t, text+"\n"+line); len(got) == 0 || got[len(got)-1].ID != call.ID {
			t.Fatal("a whole line after it is not read")
		}
	})
}

func BenchmarkEnd(b *testing.B) {
	ctx := lambdacontext.NewContext(context.Background(), &lambdacontext.LambdaContext{AwsRequestID: "5b0ae6a8-1f8d-4f0a-9d0b-2f6e1e3b8f55"})
	l := New(io.Discard, "production", time.Now)
	b.ReportAllocs()
	for b.Loop() {
		l.End(ctx, over)
	}
}

func BenchmarkEndToAFile(b *testing.B) {
	file, err := os.Create(filepath.Join(b.TempDir(), "stdout"))
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	l := New(file, "production", time.Now)
	b.ReportAllocs()
	for b.Loop() {
		l.End(b.Context(), over)
	}
}

func BenchmarkBegin(b *testing.B) {
	ctx := lambdacontext.NewContext(context.Background(), &lambdacontext.LambdaContext{AwsRequestID: "5b0ae6a8-1f8d-4f0a-9d0b-2f6e1e3b8f55"})
	l := New(io.Discard, "production", time.Now)
	b.ReportAllocs()
	for b.Loop() {
		_ = l.Begin(ctx, call)
	}
}
