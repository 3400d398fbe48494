package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sluice/cmd/sluice/sample"
)

// rows reads a results file as maps by column.
func rows(t *testing.T, path string) []map[string]string {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	all, err := csv.NewReader(file).ReadAll()
	if err != nil || len(all) == 0 {
		t.Fatalf("%s: %v", path, err)
	}
	var list []map[string]string
	for _, cells := range all[1:] {
		row := map[string]string{}
		for i, cell := range cells {
			row[all[0][i]] = cell
		}
		list = append(list, row)
	}
	return list
}

func counts(d map[string]any) string {
	return fmt.Sprintf("%v records: %v completed, %v rejected, %v failed, %v parked, %v mails", d["records"], d["completed"], d["rejected"], d["failed"], d["parked"], d["mails"])
}

func TestRunAnswersTheSampleOnceAndReusesItsAnswers(t *testing.T) {
	data := t.TempDir()
	file, err := sample.Write(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	first := sluice(t, data, "run", file, "--task", "classify", "--email", "you@example.com", "--json")
	if first.code != 0 {
		t.Fatalf("exit %d\n%.2000s%s", first.code, first.out, first.err)
	}
	d := document(t, first)
	if got, want := counts(d), "67 records: 63 completed, 4 rejected, 0 failed, 0 parked, 1 mails"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if n := len(d["problems"].([]any)); n != 4 {
		t.Errorf("%d problems", n)
	}
	list := rows(t, d["results"].(string))
	if len(list) != 67 {
		t.Errorf("%d rows", len(list))
	}
	for i, row := range list {
		if (row["outcome"] == "completed") != (row["answer.label"] != "") {
			t.Errorf("row %d: %s with label %q", i+1, row["outcome"], row["answer.label"])
		}
	}
	if page, err := os.ReadFile(filepath.Join(filepath.Dir(file), "report.html")); err != nil || !strings.Contains(string(page), "<html") {
		t.Errorf("report.html: %v", err)
	}

	again := sluice(t, data, "run", file, "--task", "classify", "--email", "you@example.com")
	if again.code != 0 || !strings.Contains(again.out, "63 reused, $0, no mail; --again resends") {
		t.Errorf("exit %d\n%s%s", again.code, again.out, again.err)
	}
	resent := document(t, sluice(t, data, "run", file, "--task", "classify", "--email", "you@example.com", "--again", "--json"))
	if resent["mails"] != 1.0 || resent["costUSD"] != 0.0 || resent["reused"] != 63.0 {
		t.Errorf("again: %v", resent)
	}
	var mails []map[string]any
	if err := json.Unmarshal([]byte(sluice(t, data, "mails", "--json").out), &mails); err != nil || len(mails) != 2 {
		t.Errorf("%d mails, %v", len(mails), err)
	}
}

// numbered makes a file of records that can be told by their text.
func numbered(t *testing.T, n int) string {
	var b strings.Builder
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&b, `{"id":"R%d","text":"Parcel number %d has not arrived, xin giúp đỡ."}`+"\n", i, 100_000+i)
	}
	return write(t, "numbered.jsonl", b.String())
}

func TestARunThatIsKilledLosesNothingAndMailsOnce(t *testing.T) {
	const records = 1500
	data, file := t.TempDir(), numbered(t, records)
	args := []string{"run", file, "--task", "summarize", "--email", "you@example.com", "--json"}
	for i := range 4 {
		c := command(t, data, args...)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(600+i*350) * time.Millisecond)
		_ = c.Process.Kill()
		_ = c.Wait()
	}
	last := sluice(t, data, args...)
	if last.code != 0 {
		t.Fatalf("exit %d\n%.2000s%s", last.code, last.out, last.err)
	}
	d := document(t, last)
	if d["records"] != float64(records) || d["completed"] != float64(records) {
		t.Errorf("%s", counts(d))
	}
	list := rows(t, d["results"].(string))
	if len(list) != records {
		t.Fatalf("%d rows", len(list))
	}
	for i, row := range list {
		number := fmt.Sprint(100_000 + i + 1)
		if row["id"] != fmt.Sprintf("R%d", i+1) || !strings.Contains(row["answer.summary"], number) {
			t.Fatalf("row %d: id %s, summary %q", i+1, row["id"], row["answer.summary"])
		}
	}
	var mails []map[string]any
	if err := json.Unmarshal([]byte(sluice(t, data, "mails", "--json").out), &mails); err != nil || len(mails) != 1 {
		t.Errorf("%d mails, %v", len(mails), err)
	}
}

func TestEveryFormatGoesThrough(t *testing.T) {
	data := t.TempDir()
	csvFile := write(t, "notes.csv", "ref,text\n1,\"Line one\nline two, quoted\"\n2,Cảm ơn rất nhiều\n3\n")
	txtFile := write(t, "notes.txt", "First note\n\nSecond note\n")
	d := document(t, sluice(t, data, "run", csvFile, txtFile, "--task", "sentiment", "--json"))
	if got, want := counts(d), "5 records: 4 completed, 1 rejected, 0 failed, 0 parked, 0 mails"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	list := rows(t, csvFile+".results.csv")
	if len(list) != 3 || list[0]["text"] != "Line one\nline two, quoted" || list[1]["ref"] != "2" || list[2]["outcome"] != "rejected" {
		t.Errorf("%v", list)
	}

	stdin := command(t, data, "run", "-", "--task", "sentiment", "--json")
	stdin.Stdin = strings.NewReader("Very good.\nVery bad.\n")
	stdin.Dir = t.TempDir()
	out, err := stdin.Output()
	if err != nil || !strings.Contains(string(out), `"completed":2`) {
		t.Errorf("%v %.2000s", err, out)
	}
	if _, err := os.Stat(filepath.Join(stdin.Dir, "stdin.txt.results.csv")); err != nil {
		t.Error(err)
	}
}

func TestAnEmptyFileHasNoRecords(t *testing.T) {
	d := document(t, sluice(t, t.TempDir(), "run", write(t, "empty.jsonl", ""), "--json"))
	if d["records"] != 0.0 || d["completed"] != 0.0 {
		t.Errorf("%v", d)
	}
}

func TestMistakesAreOneLineAndExit2Or1(t *testing.T) {
	data := t.TempDir()
	file := write(t, "a.txt", "x\n")
	tests := []struct {
		args []string
		code int
		want string
	}{
		{[]string{"run"}, exitUsage, "requires at least 1 arg"},
		{[]string{"fly"}, exitUsage, `"fly"`},
		{[]string{"run", file, "--speed", "9"}, exitUsage, "unknown flag"},
		{[]string{"run", file, "--task", "a b"}, exitUsage, "--task"},
		{[]string{"run", file, "--email", "nobody"}, exitUsage, "--email"},
		{[]string{"run", file, "--mail-each"}, exitUsage, "needs --email"},
		{[]string{"run", file, "--params", "[]"}, exitUsage, "--params"},
		{[]string{"run", filepath.Join(data, "none.txt")}, exitFailed, "none.txt"},
		{[]string{"run", data}, exitFailed, "is not a file"},
		{[]string{"status", "a b"}, exitUsage, "not the id"},
		{[]string{"submit", " "}, exitUsage, "no text"},
		{[]string{"status", "nothing"}, exitFailed, "there is no request or upload nothing"},
	}
	for _, test := range tests {
		r := sluice(t, data, test.args...)
		if r.code != test.code || !strings.Contains(r.err, test.want) || strings.Count(strings.TrimSpace(r.err), "\n") != 0 {
			t.Errorf("%v: exit %d, %q; want %d and %q", test.args, r.code, r.err, test.code, test.want)
		}
	}
}

func TestAnUnknownTaskRejectsEveryRecord(t *testing.T) {
	r := sluice(t, t.TempDir(), "run", write(t, "a.txt", "x\ny\n"), "--task", "translate-to-elvish", "--json")
	d := document(t, r)
	if got, want := counts(d), "2 records: 0 completed, 2 rejected, 0 failed, 0 parked, 0 mails"; got != want || r.code != 0 {
		t.Errorf("exit %d: got %s, want %s", r.code, got, want)
	}
	if problem := fmt.Sprint(d["problems"].([]any)[0]); !strings.Contains(problem, "unknownTask") {
		t.Errorf("%s", problem)
	}
}
