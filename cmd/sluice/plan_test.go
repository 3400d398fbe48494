package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// planning is sluice plan, within this process.
func planning(t *testing.T, args ...string) result {
	t.Helper()
	var out, errs bytes.Buffer
	s := &settings{console: console{in: strings.NewReader(""), out: &out, err: &errs}}
	cmd := newPlan(s)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.Flags().BoolVar(&s.json, "json", false, "")
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	code := exitOK
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		code = exitFailed
		var usage usageError
		if errors.As(err, &usage) {
			code = exitUsage
		}
		s.say("sluice: %s", oneLine(err))
	}
	return result{code, out.String(), errs.String()}
}

// planOf is the document of a plan that succeeds.
func planOf(t *testing.T, args ...string) planReport {
	t.Helper()
	r := planning(t, append(args, "--json")...)
	var plan planReport
	if err := json.Unmarshal([]byte(r.out), &plan); err != nil || r.code != exitOK {
		t.Fatalf("exit %d, %v\n%s%s", r.code, err, r.out, r.err)
	}
	return plan
}

func (r *planReport) way(w way) course {
	i := slices.IndexFunc(r.Ways, func(c course) bool { return c.Way == w })
	if i < 0 {
		return course{}
	}
	return r.Ways[i]
}

func TestAPlanCanBeCheckedByHand(t *testing.T) {
	for _, window := range []string{"bucket", "minute", "sliding"} {
		plan := planOf(t, "--records", "30000", "--task", "classify", "--tpm", "1000000", "--input-tokens", "200", "--output-tokens", "60", "--window", window)
		ours, alone, naive := plan.way(packedWay), plan.way(singleWay), plan.way(naiveWay)
		instruction := float64(plan.Assumed.Instruction)
		hand := instruction/10 + 208 + 5*68
		if d := plan.Floor.QuotaTokensPerRecord - hand; d > 0.1 || d < -0.1 {
			t.Errorf("%s: %v tokens a record, by hand %v", window, plan.Floor.QuotaTokensPerRecord, hand)
		}
		if near := ours.PerRecord / hand; near < 0.97 || near > 1.1 {
			t.Errorf("%s: %v tokens a record were simulated, by hand %v", window, ours.PerRecord, hand)
		}
		if near := alone.PerRecord / (instruction + 200 + 5*60); near < 0.97 || near > 1.03 {
			t.Errorf("%s: %v tokens a record were simulated alone", window, alone.PerRecord)
		}
		if ours.Answered != 30000 || ours.DeadLettered+ours.Left != 0 || !ours.Finished {
			t.Errorf("%s: %+v", window, ours)
		}
		// A full bucket at the beginning is worth a minute.
		if ours.Seconds < plan.Floor.Seconds-61 || ours.Seconds > 2*plan.Floor.Seconds {
			t.Errorf("%s: it takes %v s, and %v s by hand", window, ours.Seconds, plan.Floor.Seconds)
		}
		if want := (float64(ours.InputTokens) + 5*float64(ours.OutputTokens)) / 1e6; ours.USD < want*0.9999 || ours.USD > want*1.0001 {
			t.Errorf("%s: %v dollars, by hand %v", window, ours.USD, want)
		}
		if naive.Throttles <= ours.Throttles || naive.Answered+naive.DeadLettered+naive.Left != 30000 {
			t.Errorf("%s: the naive way: %+v", window, naive)
		}
		if saves := plan.Packing; saves.QuotaTokens <= 0 || saves.USD <= 0 || saves.Seconds <= 0 {
			t.Errorf("%s: packing saves %+v", window, saves)
		}
	}
}

func TestWhatIsExtendedIsNearToTheWhole(t *testing.T) {
	f := planFlags{records: 80_000, tpm: 1_000_000, task: "summarize", output: 60, window: "bucket", load: "saturated", speed: 80, firstToken: time.Second, seed: 3}
	p, err := f.settle(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	whole, err := p.runPart(packedWay, p.config(packedWay), f.records)
	if err != nil {
		t.Fatal(err)
	}
	part, err := p.runPart(packedWay, p.config(packedWay), f.records/4)
	if err != nil {
		t.Fatal(err)
	}
	if part.SimulatedRecords >= f.records || whole.SimulatedRecords != f.records {
		t.Fatalf("%d and %d records were simulated", part.SimulatedRecords, whole.SimulatedRecords)
	}
	for name, pair := range map[string][2]float64{"time": {part.Seconds, whole.Seconds}, "dollars": {part.USD, whole.USD}, "calls": {float64(part.Calls), float64(whole.Calls)},
		"answers": {float64(part.Answered), float64(whole.Answered)}} {
		if near := pair[0] / pair[1]; near < 0.94 || near > 1.06 {
			t.Errorf("%s: %v extended, %v in the whole", name, pair[0], pair[1])
		}
	}
	last := part.points[len(part.points)-1]
	if last.Answered != f.records || last.Waiting != 0 || last.At.Seconds() < part.Seconds-2 || last.At.Seconds() > part.Seconds+2 {
		t.Errorf("the timeline ends with %+v, and it takes %v s", last, part.Seconds)
	}
	if first := part.points[0]; first.Waiting != f.records {
		t.Errorf("the timeline begins with %+v", first)
	}
}

func TestTheSamePlanIsTheSameBytes(t *testing.T) {
	for _, more := range [][]string{{}, {"--json"}, {"--load", "bursty", "--over", "1h", "--json"}} {
		args := append([]string{"--records", "5000", "--tpm", "500000", "--seed", "7"}, more...)
		a, b := planning(t, args...), planning(t, args...)
		if a.code != exitOK || a.out != b.out || a.out == "" {
			t.Errorf("%v: exit %d, or not the same twice:\n%s\n%s%s", args, a.code, a.out, b.out, a.err)
		}
	}
}

func TestAPlanFitsInto80Columns(t *testing.T) {
	for _, args := range [][]string{
		{"--records", "1", "--tpm", "1000000"},
		{"--records", "20000", "--tpm", "20000", "--task", "extract", "--deadline", "3h"},
		{"--records", "100000", "--tpm", "5000000", "--task", "generate", "--pack", "25", "--model", "amazon.nova-pro-v1:0", "--deadline", "2d", "--output-tokens", "90"},
		{"--records", "3000", "--tpm", "400000", "--load", "trickle", "--over", "2h", "--pack", "1", "--lane", "flex"},
	} {
		r := planning(t, args...)
		if r.code != exitOK {
			t.Fatalf("%v: exit %d %s", args, r.code, r.err)
		}
		inColumns(t, r.out)
	}
}

func inColumns(t *testing.T, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		if line = strings.TrimSuffix(line, "\n"); utf8.RuneCountInString(line) > 80 || strings.TrimRight(line, " ") != line {
			t.Errorf("%d columns, or blanks at its end: %q", utf8.RuneCountInString(line), line)
		}
	}
}

func TestABillionRecordsAreExtendedAndSaySo(t *testing.T) {
	r := planning(t, "--records", "1000000000", "--task", "classify", "--tpm", "2000000")
	inColumns(t, r.out)
	for _, want := range []string{"1,000,000,000 records", "were simulated, and extended at their pace", "were simulated, and stretched"} {
		if !strings.Contains(strings.Join(strings.Fields(r.out), " "), want) {
			t.Errorf("%q is not in\n%s%s", want, r.out, r.err)
		}
	}
}

func TestDeadlinesPickTheLaneAndAreMetOrMissed(t *testing.T) {
	base := []string{"--records", "3000", "--tpm", "300000", "--model", "amazon.nova-pro-v1:0", "--output-tokens", "60"}
	for deadline, want := range map[string]struct {
		lane string
		met  bool
	}{"1m": {"priority", false}, "3h": {"standard", true}, "2d": {"flex", true}} {
		plan := planOf(t, append(base, "--deadline", deadline)...)
		if string(plan.Lane) != want.lane || plan.Deadline.Met != want.met {
			t.Errorf("%s: lane %s, %+v", deadline, plan.Lane, plan.Deadline)
		}
		for _, l := range plan.Lanes {
			if l.Lane == plan.Lane && l.USD != plan.way(packedWay).USD {
				t.Errorf("%s: %v dollars on the lane, %v in the plan", deadline, l.USD, plan.way(packedWay).USD)
			}
		}
	}
	plan := planOf(t, "--records", "100", "--tpm", "300000", "--lane", "flex")
	if plan.Lane != "standard" || len(plan.Notes) == 0 || !strings.Contains(plan.Notes[0], "no flex lane") {
		t.Errorf("a lane that the model does not have: %s, %v", plan.Lane, plan.Notes)
	}
}

func TestAFileIsCountedAndMeasured(t *testing.T) {
	var lines strings.Builder
	for i := range 300 {
		fmt.Fprintf(&lines, `{"text": %q}`+"\n", strings.Repeat("word ", 16+i%9))
	}
	lines.WriteString("{\"nothing\": 1}\n")
	file := write(t, "records.jsonl", lines.String())
	plan := planOf(t, "--file", file, "--tpm", "300000")
	if plan.Records != 300 || plan.Rejected != 1 || plan.Assumed.Input < 20 || plan.Assumed.Input > 32 {
		t.Errorf("%d records, %d rejected, %d tokens", plan.Records, plan.Rejected, plan.Assumed.Input)
	}
	if plan = planOf(t, "--file", file, "--records", "1000", "--tpm", "300000", "--input-tokens", "50"); plan.Records != 1000 || plan.Assumed.Input != 50 {
		t.Errorf("what is said goes before what is measured: %d records, %d tokens", plan.Records, plan.Assumed.Input)
	}
}

func TestTheModelsLimitsBoundThePack(t *testing.T) {
	plan := planOf(t, "--records", "1000", "--tpm", "1000000", "--task", "summarize", "--model", "amazon.nova-micro-v1:0", "--output-tokens", "400")
	ours := plan.way(packedWay)
	if ours.RecordsPerCall >= 10 || ours.MaxTokens > 5000 || !strings.Contains(strings.Join(plan.Notes, " "), "do not fit") {
		t.Errorf("%d records a call, max_tokens %d, %v", ours.RecordsPerCall, ours.MaxTokens, plan.Notes)
	}
}

func TestTuningIsToldWhereItReclaims(t *testing.T) {
	plan := planOf(t, "--records", "5000", "--tpm", "1000000", "--task", "summarize", "--output-tokens", "60")
	if plan.Tuning.Reclaimed <= 0 || plan.Tuning.Untuned-plan.Tuning.Tuned != plan.Tuning.Reclaimed || plan.Tuning.Seconds == nil || plan.way(untunedWay).Answered != 5000 {
		t.Errorf("%+v", plan.Tuning)
	}
	if plan = planOf(t, "--records", "500", "--tpm", "1000000", "--task", "classify", "--output-tokens", "150"); plan.Tuning.Reclaimed != 0 || plan.Tuning.Seconds != nil {
		t.Errorf("%+v", plan.Tuning)
	}
}

func TestPlansAreDrawn(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"backlog.svg", "BACKLOG.PNG"} {
		path := filepath.Join(folder, name)
		r := planning(t, "--records", "3000", "--tpm", "300000", "--deadline", "1h", "--out", path)
		if r.code != exitOK || !strings.Contains(r.out, "drawn in "+path) {
			t.Fatalf("exit %d\n%s%s", r.code, r.out, r.err)
		}
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if name == "BACKLOG.PNG" {
			if _, err := png.Decode(bytes.NewReader(file)); err != nil {
				t.Error(err)
			}
			continue
		}
		for d := xml.NewDecoder(bytes.NewReader(file)); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
		}
		for _, want := range []string{"Backlog: 3,000 records", "records without an answer", "minutes since the beginning", "Sluice (", "SDK retry (", "deadline"} {
			if !strings.Contains(string(file), want) {
				t.Errorf("%q is not in the drawing", want)
			}
		}
	}
}

func TestMistakesAboutPlansAreOfUsage(t *testing.T) {
	ok := []string{"--tpm", "100000", "--records", "4"}
	for want, args := range map[string][]string{
		"--tpm is missing":           {"--records", "4"},
		"how many records":           {"--tpm", "100000"},
		"--records -4":               {"--tpm", "100000", "--records", "-4"},
		"--pack 26":                  append(ok, "--pack", "26"),
		"would ever be admitted":     {"--tpm", "1000", "--records", "4"},
		`"foo" is not one of`:        append(ok, "--task", "foo"),
		`no price for the model`:     append(ok, "--model", "gpt"),
		"--output-tokens 1000000":    append(ok, "--output-tokens", "1000000"),
		"--input-tokens 900000":      append(ok, "--input-tokens", "900000"),
		"--lane batch":               append(ok, "--lane", "batch"),
		`--lane "soon"`:              append(ok, "--lane", "soon"),
		`--window "hour"`:            append(ok, "--window", "hour"),
		`--load "heavy"`:             append(ok, "--load", "heavy"),
		"--over":                     append(ok, "--load", "trickle", "--over", "long"),
		"--deadline":                 append(ok, "--deadline", "tomorrow"),
		"it is a .svg or a .png":     append(ok, "--out", "backlog.gif"),
		"--params is not":            append(ok, "--params", "[]"),
		`unknown "color"`:            append(ok, "--params", `{"color": 1}`),
		"--tokens-per-second":        append(ok, "--tokens-per-second", "0"),
		"could be asked about":       {"--tpm", "100000", "--file", write(t, "empty.txt", "\n\n")},
		"missing.json":               append(ok, "--task", "missing.json"),
		"--task " + os.TempDir()[:1]: append(ok, "--task", write(t, "mine.json", "{}")),
	} {
		r := planning(t, args...)
		if r.code != exitUsage || r.out != "" || !strings.Contains(r.err, want) || strings.Count(r.err, "\n") != 1 {
			t.Errorf("%v: exit %d, %q, want %q", args, r.code, r.err, want)
		}
	}
	for _, args := range [][]string{{"--tpm", "100000", "--file", filepath.Join(t.TempDir(), "nothing.csv")}, append(ok, "--out", filepath.Join(t.TempDir(), "no", "folder.svg"))} {
		if r := planning(t, args...); r.code != exitFailed || strings.Count(r.err, "\n") != 1 {
			t.Errorf("%v: exit %d, %q", args, r.code, r.err)
		}
	}
}

func TestATaskOfYoursCanBePlanned(t *testing.T) {
	file := write(t, "mine.json", `{"name": "mine", "instruction": "Say yes or no.", "maxTokens": 90, "maxRecordsPerCall": 3,
		"output": {"type": "object", "additionalProperties": false, "required": ["yes"], "properties": {"yes": {"type": "boolean"}}}}`)
	plan := planOf(t, "--records", "300", "--tpm", "300000", "--task", file)
	if plan.Task != "mine" || plan.way(packedWay).RecordsPerCall != 3 || plan.Assumed.Output != 30 {
		t.Errorf("%s: %+v, %+v", plan.Task, plan.way(packedWay), plan.Assumed)
	}
}

func TestNumbersAreWrittenForPeople(t *testing.T) {
	for got, want := range map[string]string{
		grouped(0): "0", grouped(999): "999", grouped(1234567): "1,234,567", grouped(-1000): "-1,000",
		length(42): "42s", length(59.7): "1m", length(1085): "18m 5s", length(3599.9): "1h", length(9780): "2h 43m", length(3600 * 48): "2d", length(3600 * 76): "3d 4h",
		short(950): "950", short(12300): "12.3k", short(999600): "1M", short(1.03e6): "1.03M", short(1.7e10): "17G", short(8e5): "800k",
		money(0.00177): "$0.001770", money(682.329): "$682.33", money(1395745.2): "$1,395,745.20", price(1): "1.00", price(0.035): "0.035", price(0.4): "0.40",
		percent(0): "0 %", percent(0.0045): "0.45 %", percent(0.984): "98.4 %", recordsOf(1): "1 record", recordsOf(2000): "2,000 records",
		hours(5400): "1.5", hours(3600 * 4202): "4,202",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestAPlanCanBeStopped(t *testing.T) {
	f := planFlags{records: 100_000, tpm: 1_000_000, task: "summarize", window: "bucket", load: "saturated", speed: 80, firstToken: time.Second}
	p, err := f.settle(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := p.simulate(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
