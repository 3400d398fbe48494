package upload_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sluice/internal/upload"
)

// resumed reads a file as a function does whose time runs out after every n
// records: it stores the position as JSON, opens the object again from its
// offset and passes over what it had.
func resumed(t interface{ Fatalf(string, ...any) }, name, content string, n int, limits upload.Limits) []string {
	var all []string
	var position upload.Position
	for {
		o := upload.Options{From: position, Limits: limits}
		reader, err := upload.OpenRecords(name, strings.NewReader(content[position.Offset:]), o)
		if err != nil {
			return seenAll(nil, err)
		}
		taken := 0
		for taken < n {
			record, err := reader.Next()
			if errors.Is(err, io.EOF) {
				return all
			}
			if err != nil {
				return append(all, "damaged: "+upload.ProblemOf(err).Code)
			}
			if record.Position <= position.Record {
				continue
			}
			all = append(all, seen(record))
			taken++
		}
		stored, err := json.Marshal(reader.Position())
		if err != nil {
			t.Fatalf("store the position: %v", err)
		}
		position = upload.Position{}
		if err := json.Unmarshal(stored, &position); err != nil {
			t.Fatalf("load the position: %v", err)
		}
		if position.Record != len(all) {
			t.Fatalf("after %d records the position is %d", len(all), position.Record)
		}
		if err := reader.Close(); err != nil {
			t.Fatalf("close: %v", err)
		}
	}
}

func TestReadingOnFromAnyPositionGivesTheSameRecords(t *testing.T) {
	jsonl := "\xEF\xBB\xBF{\"id\":1,\"text\":\"Xin chào\"}\r\n\r\nbroken\n\"two\"\n{\"x\":1}\n\n{\"text\":\"" + strings.Repeat("long ", 200) + "\"}\n\"end\""
	table := "id;text\r\n1;a\r\n\r\n2;\"b\r\nb\"\n3\n4;\"c\n5;d\n6;\"e\"\n7;\"f\n8;" + strings.Repeat("g", 900) + "\n9;\"h\n10;i\n11;j"
	for name, content := range map[string]string{
		"a.jsonl": jsonl, "a.csv": table, "b.csv": "text\n\"one\ntwo\"\nthree\n\"four\n\nfive", "a.txt": "one\n\ntwo\r\nthree",
		"a.jsonl.gz": gz(jsonl), "a.csv.gz": gz(table), "a.zip": zipped("a.csv", table), "b.jsonl": utf16LE("\"a\"\n\"b\"\n\n\"c\"\n"), "c.txt.gz": gz("one\ntwo\nthree")[:30],
	} {
		limits := upload.Limits{RecordBytes: 600, TextBytes: 500}
		records, err := read(t, name, strings.NewReader(content), upload.Options{Limits: limits})
		want := seenAll(records, err)
		for n := 1; n <= len(want)+1; n++ {
			if d := cmp.Diff(want, resumed(t, name, content, n, limits)); d != "" {
				t.Errorf("%s, %d at a time: %s", name, n, d)
			}
		}
	}
}

func TestReadingOnInAnyCSV(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		content := rapid.StringOfN(rapid.SampledFrom([]rune("\"\"\",,;\n\n\r ab\xefé")), 0, 120, -1).Draw(t, "csv")
		limits := upload.Limits{RecordBytes: rapid.SampledFrom([]int{10, 1000}).Draw(t, "limit")}
		whole := resumed(t, "a.csv", content, 1_000_000, limits)
		n := rapid.IntRange(1, 4).Draw(t, "at a time")
		if d := cmp.Diff(whole, resumed(t, "a.csv", content, n, limits)); d != "" {
			t.Fatalf("%q: %s", content, d)
		}
	})
}

// A row that goes over lines by mistake must not take others with it, however
// the quotes in them lie: no line is lost without a record that names it.
func TestNoLineOfACSVIsSwallowed(t *testing.T) {
	var b strings.Builder
	b.WriteString("id,text\n")
	for i := range 300 {
		switch {
		case i%50 == 7:
			fmt.Fprintf(&b, "%d,\"never closed %d\n", i, i)
		case i%3 == 0:
			fmt.Fprintf(&b, "%d,\"in quotes %d\"\n", i, i)
		default:
			fmt.Fprintf(&b, "%d,bare %d\n", i, i)
		}
	}
	records, err := read(t, "a.csv", strings.NewReader(b.String()), upload.Options{})
	if err != nil || len(records) != 300 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	for i, r := range records {
		if r.Line != i+2 || (len(r.Problems) > 0) != (i%50 == 7) {
			t.Errorf("record %d: %s", i, seen(r))
		}
	}
}
