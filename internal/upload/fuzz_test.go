package upload_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/upload"
)

func FuzzRecords(f *testing.F) {
	names := []string{"a.jsonl", "a.csv", "a.txt", "a.json", "a.jsonl.gz", "a.csv.gz", "a.zip"}
	for _, seed := range []struct {
		name    int
		content string
	}{
		{0, "{\"id\":1,\"text\":\"a\",\"x\":{\"y\":[1,\"}\"]}}\n\"b\"\n\n{\"input\":{\"text\":\"c\"}}\r\nbroken"},
		{0, "\xEF\xBB\xBF\"a\"\n\xff\n"}, {0, utf16LE("\"a\"\n")},
		{1, "id,text\n1,\"a\nb\"\"\"\n2,\"c\n3,\"d\"x\n\n4,e"}, {1, "id;text\r\n1;\"a\r\nb\"\r\n"}, {1, "text\n\"\n\"\"\n\""},
		{2, "one\n\ntwo\r\n"}, {3, "[1]"}, {4, gz("\"a\"\n")}, {5, gz("text\na\n")}, {6, zipped("a.csv", "text\na\n")},
	} {
		f.Add(seed.name, seed.content, 1)
	}
	f.Fuzz(func(t *testing.T, name int, content string, n int) {
		file := names[uint(name)%uint(len(names))]
		limits := upload.Limits{RecordBytes: 64, TextBytes: 40, UnpackedBytes: 1 << 20, ArchiveBytes: 1 << 20}
		want := whole(t, file, content, limits)
		if got := resumed(t, file, content, 1+int(uint(n)%5), limits); cmp.Diff(want, got) != "" {
			t.Fatalf("%s %q: in parts\n%s", file, content, cmp.Diff(want, got))
		}
	})
}

// whole reads the file at once and checks what must hold of every record.
func whole(t *testing.T, file, content string, limits upload.Limits) []string {
	reader, err := upload.OpenRecords(file, strings.NewReader(content), upload.Options{Limits: limits, TempDir: t.TempDir()})
	if err != nil {
		if !errors.Is(err, upload.ErrDamaged) {
			t.Fatalf("%q: %v", content, err)
		}
		return seenAll(nil, err)
	}
	var all []string
	for {
		r, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			if !errors.Is(err, upload.ErrDamaged) {
				t.Fatalf("%q: %v", content, err)
			}
			return append(all, "damaged: "+upload.ProblemOf(err).Code)
		}
		all = append(all, seen(r))
		if r.Position != len(all) || len(r.Text) > limits.TextBytes || !utf8.ValidString(r.Text) || strings.IndexByte(r.Text, 0) >= 0 {
			t.Fatalf("%q: record %+v", content, r)
		}
		if len(r.Problems) == 0 && strings.TrimSpace(r.Text) == "" && (r.Request == nil || r.Request.Input.Ref == "") {
			t.Fatalf("%q: a good record without a text: %+v", content, r)
		}
	}
}
