package main

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sluice/internal/local/machine"
)

func TestRecordsAreDistinctAndOfTheSizeTold(t *testing.T) {
	const n = 500
	path, err := writeRecords(t.TempDir(), n)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	texts, total := map[string]bool{}, 0
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var r struct{ ID, Text string }
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		texts[r.Text] = true
		total += len(lines.Bytes())
	}
	if len(texts) != n || total/n < recordBytes*8/10 || total/n > recordBytes*13/10 {
		t.Errorf("%d distinct texts of %d records, %d bytes each", len(texts), n, total/n)
	}
}

func TestFiguresFollowFromWhatWasSeen(t *testing.T) {
	began := time.Now()
	at := func(seconds float64) time.Time { return began.Add(time.Duration(seconds * float64(time.Second))) }
	// 100 records: all received within a second, ended at 50 a second from 1 s on,
	// and at 25 a second from 2 s on.
	seen := []sample{
		{at: at(0)}, {at: at(1), received: 100, cpu: time.Second}, {at: at(2), received: 100, ended: 50, cpu: 2 * time.Second},
		{at: at(3), received: 100, ended: 75, cpu: 3 * time.Second}, {at: at(4), received: 100, ended: 100, cpu: 4 * time.Second},
	}
	m := measured{Records: 100}
	if err := m.take(seen); err != nil {
		t.Fatal(err)
	}
	near := func(name string, got, want float64) {
		if got < want*0.98 || got > want*1.02 {
			t.Errorf("%s is %f, not %f", name, got, want)
		}
	}
	near("seconds", m.Seconds, 4)
	near("records/s", m.PerSecond, 25)
	near("first tenth", m.Tenths[0], 50)
	near("last tenth", m.Tenths[9], 25)
	near("CPU of the first tenth", m.CPUTenths[0], 20)
	near("CPU of the last tenth", m.CPUTenths[9], 40)
	near("last over first", m.Flatness, 0.5)
	near("p50", m.P50, 2.04-0.51)
	near("p99", m.P99, 3)
	if err := (&measured{Records: 101}).take(seen); err == nil {
		t.Error("a record that never ended is not told")
	}
}

func TestResultsMustHaveEachRecordOnce(t *testing.T) {
	const head = "id,text,outcome,answer.summary\n"
	tests := map[string]struct {
		rows string
		ok   bool
	}{
		"all":       {"R1,a,completed,x\nR2,b,completed,y\n", true},
		"one lost":  {"R1,a,completed,x\n", false},
		"one twice": {"R1,a,completed,x\nR1,a,completed,x\n", false},
		"no answer": {"R1,a,completed,x\nR2,b,completed,\n", false},
		"failed":    {"R1,a,completed,x\nR2,b,failed,y\n", false},
	}
	for name, test := range tests {
		path := filepath.Join(t.TempDir(), "results.csv")
		if err := os.WriteFile(path, []byte(head+test.rows), 0o600); err != nil {
			t.Fatal(err)
		}
		if n, err := rowsOf(path, 2); (err == nil) != test.ok {
			t.Errorf("%s: %d, %v", name, n, err)
		}
	}
}

func TestCommandLine(t *testing.T) {
	b, err := parse([]string{"--records", "1000, 20", "--kill", "5"})
	if err != nil || len(b.sizes) != 2 || b.sizes[1] != 20 || b.kills != 5 {
		t.Errorf("%+v %v", b, err)
	}
	b, err = parse([]string{"--kill-functions", "--records", "10"})
	if err != nil || b.killFunctions != usualInterval || len(b.sizes) != 1 || b.seed == 0 {
		t.Errorf("%+v %v", b, err)
	}
	b, err = parse([]string{"--kill-functions=30ms", "--seed", "7"})
	if err != nil || b.killFunctions != 30*time.Millisecond || b.seed != 7 {
		t.Errorf("%+v %v", b, err)
	}
	b, err = parse([]string{"--api", "100"})
	if err != nil || b.api != 100 || b.apiSeconds != 30 {
		t.Errorf("%+v %v", b, err)
	}
	for _, wrong := range [][]string{{"--api", "-1"}, {"--api-seconds", "0"}, {"--kill-functions=often"}, {"--records", "x"}, {"--records", "5"}, {"--kill", "-1"}, {"more"}} {
		if _, err := parse(wrong); err == nil {
			t.Errorf("%v is taken", wrong)
		}
	}
}

func TestTheTableHasEveryPart(t *testing.T) {
	r := report{
		Runs:       []measured{{Records: 1000, PerSecond: 612, Tenths: make([]float64, 10), Peak: map[string]float64{"sluice": 80, "analyze": 22}, Processes: map[string]int{"analyze": 5}}},
		Operations: []operation{{Name: "SendMessage", AtOnce: 16, Sluice: 3000, Moto: 300}, {Name: "PutEvents", AtOnce: 1, Sluice: 10}},
		Killed:     []killed{{Records: 10, Machines: 5, Completed: 10, Mails: 1}},
		Skipped:    "moto is not here",
		Front:      &front{PerSecond: 77},
	}
	var out strings.Builder
	if err := r.show(&out); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"612", "22 (5)", "80 (1)", "10.0", "77", "SKIPPED: moto is not here"} {
		if !strings.Contains(out.String(), part) {
			t.Errorf("no %q in\n%s", part, out.String())
		}
	}
}

func TestTheFrontDoorIsTimedByWhatWasAccepted(t *testing.T) {
	all := []posted{{}, {status: 503, took: time.Hour}}
	for i := 1; i <= 100; i++ {
		all = append(all, posted{id: "x", status: 202, took: time.Duration(i) * time.Millisecond})
	}
	var f front
	f.count(all)
	if f.Accepted != 100 || f.Refused != 1 || f.Unanswered != 1 || f.P50 != 51 || f.P99 != 100 || f.Max != 100 {
		t.Errorf("%+v", f)
	}
}

func TestABatchThatFailedIsTold(t *testing.T) {
	good := "analyze  {\"msg\":\"handled\"}\n" + strings.Repeat("x", 100_000) + "\n"
	bad := `{"level":"WARN","msg":"batch failed","error":"exit status 2"}`
	for log, want := range map[string]string{
		good: "", "": "", good + bad + "\n" + good + bad: "2 batches failed on the way; the first: " + bad,
	} {
		data := t.TempDir()
		if err := os.WriteFile(machine.LogFile(data), []byte(log), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := broken(data); (err == nil) != (want == "") || err != nil && err.Error() != want {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if broken(t.TempDir()) == nil {
		t.Error("without a log nothing is known")
	}
}
