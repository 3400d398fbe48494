package upload_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"sluice/events"
	"sluice/internal/upload"
)

// seen is a record as the tables below write it: position, line, caller's id,
// and the text or the codes of the problems, each at its field.
func seen(r upload.Record) string {
	what := fmt.Sprintf("%q", r.Text)
	if len(r.Problems) > 0 {
		var problems []string
		for _, p := range r.Problems {
			problems = append(problems, p.Code+"@"+p.Field)
		}
		what = strings.Join(problems, " ")
	}
	if r.File != "" {
		what = r.File + ": " + what
	}
	return fmt.Sprintf("%d l%d %s %s", r.Position, r.Line, r.CallerID, what)
}

func read(t *testing.T, name string, r io.Reader, o upload.Options) ([]upload.Record, error) {
	t.Helper()
	reader, err := upload.OpenRecords(name, r, o)
	if err != nil {
		return nil, err
	}
	var records []upload.Record
	for {
		record, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return records, nil
		}
		if err != nil {
			return records, err
		}
		if (len(record.Problems) == 0) != (strings.TrimSpace(record.Text) != "" || record.Request != nil) {
			t.Errorf("record %d has problems %v and a text of %d bytes", record.Position, record.Problems, len(record.Text))
		}
		records = append(records, record)
	}
}

func seenAll(records []upload.Record, err error) []string {
	var all []string
	for _, r := range records {
		all = append(all, seen(r))
	}
	if err != nil {
		all = append(all, "damaged: "+upload.ProblemOf(err).Code)
	}
	return all
}

func TestRecords(t *testing.T) {
	small := upload.Limits{RecordBytes: 200, TextBytes: 60}
	long := strings.Repeat("x", 70)
	for _, c := range []struct {
		what, name, content string
		options             upload.Options
		want                []string
	}{
		{"jsonl: objects, strings, blank lines, CRLF, no newline at the end", "a.jsonl",
			"{\"id\":\"a\",\"text\":\"Xin chào\"}\r\n\n  \n\"only text\"\n{\"id\":7,\"text\":\"t\",\"text\":\"last of equal names\"}",
			upload.Options{}, []string{`1 l1 a "Xin chào"`, `2 l4  "only text"`, `3 l5 7 "last of equal names"`}},
		{"jsonl: what is wrong with a record is told, and the rest goes on", "a.ndjson",
			"{\"text\":\n{\"id\":\"b\"}\n{\"text\":5}\n{\"text\":null}\n{\"text\":\" \\n\"}\n\"\"\n[1]\n7\n{\"text\":\"nul \\u0000\"}\nx\n{\"text\":\"ok\"}\n",
			upload.Options{}, []string{"1 l1  notJSON@", "2 l2 b noText@/text", "3 l3  type@/text", "4 l4  type@/text", "5 l5  empty@/text", "6 l6  empty@",
				"7 l7  type@", "8 l8  type@", "9 l9  encoding@/text", "10 l10  notJSON@", `11 l11  "ok"`}},
		{"jsonl: the definition names the field, and nothing else is tried", "a.jsonl",
			"{\"text\":\"no\"}\n{\"body\":\"yes\"}\n", upload.Options{TextField: "body"}, []string{"1 l1  noText@/body", `2 l2  "yes"`}},
		{"jsonl: bad UTF-8 and NUL bytes", "a.jsonl", "{\"text\":\"caf\xe9\"}\n{\"text\":\"\x00\"}\n{\"text\":\"ok\"}\n",
			upload.Options{}, []string{"1 l1  encoding@", "2 l2  notJSON@", `3 l3  "ok"`}},
		{"jsonl: too long a record, too long a text", "a.jsonl",
			"{\"text\":\"" + strings.Repeat("y", 300) + "\"}\n{\"id\":1,\"text\":\"" + long + "\"}\n{\"text\":\"ok\"}\n",
			upload.Options{Limits: small}, []string{"1 l1  tooLarge@", "2 l2 1 tooLarge@/text", `3 l3  "ok"`}},
		{"jsonl: the data of a RequestReceived", "a.jsonl",
			`{"id":"r1","task":"classify","input":{"text":"hello"},"params":{"labels":["a"]}}` + "\n" +
				`{"input":{"text":"no task"}}` + "\n" +
				`{"input":{"text":"x","ref":"payloads/t/y"},"colour":"red","task":"no good"}` + "\n" +
				`{"input":{"ref":"payloads/acme/0123"}}` + "\n" +
				`{"input":{"text":"x"},"upload":{"id":"u","record":1}}` + "\n" +
				`{"input":{"text":""}}` + "\n",
			upload.Options{}, []string{`1 l1 r1 "hello"`, `2 l2  "no task"`, "3 l3  additionalProperties@ maxProperties@/input pattern@/task", `4 l4  ""`, "5 l5  unsupported@/upload", "6 l6  minLength@/input/text"}},
		{"json: a document over many lines is refused as a whole", "a.json", "[\n{\"text\":\"x\"}\n]", upload.Options{}, []string{"damaged: unsupported"}},
		{"json: likewise", "a.json", "{\n\"text\":\"x\"\n}", upload.Options{}, []string{"damaged: unsupported"}},
		{"json: a value a line", "a.json", "{\"text\":\"x\"}\n{\"text\":\"y\"}", upload.Options{}, []string{`1 l1  "x"`, `2 l2  "y"`}},
		{"txt: a record a line, untouched", "a.TXT", "\xEF\xBB\xBF one \r\n\n \t\ntwo\"\nb\xff\nthree", upload.Options{},
			[]string{`1 l1  " one "`, `2 l4  "two\""`, "3 l5  encoding@", `4 l6  "three"`}},
		{"txt: empty", "a.txt", "", upload.Options{}, nil},
		{"csv: empty", "a.csv", "", upload.Options{}, nil},
		{"csv: a header alone", "a.csv", "id,text\n", upload.Options{}, nil},
		{"jsonl: a byte order mark alone", "a.jsonl", "\xEF\xBB\xBF", upload.Options{}, nil},
		{"utf-16", "a.jsonl", utf16LE("{\"text\":\"Tiếng Việt 😀\"}\r\n\"b\"\r\n"), upload.Options{}, []string{`1 l1  "Tiếng Việt 😀"`, `2 l2  "b"`}},
		{"gzip by another name", "a.jsonl", gz("\"x\"\n"), upload.Options{}, []string{`1 l1  "x"`}},
		{"zip by another name", "a.csv", zipped("a.csv", "text\nx\n"), upload.Options{}, []string{"damaged: unsupported"}},
		{"gz", "a.csv.gz", gz("text\nx\n"), upload.Options{}, []string{`1 l2  "x"`}},
		{"gz: two in one file", "a.txt.gz", gz("one\n") + gz("two\n"), upload.Options{}, []string{`1 l1  "one"`, `2 l2  "two"`}},
		{"gz: empty is damaged", "a.txt.gz", "", upload.Options{}, []string{"damaged: damagedFile"}},
		{"gz: no gzip", "a.txt.gz", "plain", upload.Options{}, []string{"damaged: damagedFile"}},
		{"no known ending", "a.pdf", "x", upload.Options{}, []string{"damaged: unsupported"}},
		{"no ending", "data", "x", upload.Options{}, []string{"damaged: unsupported"}},
		{"no known ending under gz", "a.gz", gz("x"), upload.Options{}, []string{"damaged: unsupported"}},
		{"nested", "a.zip.gz", gz("x"), upload.Options{}, []string{"damaged: unsupported"}},
	} {
		t.Run(c.what, func(t *testing.T) {
			records, err := read(t, c.name, strings.NewReader(c.content), c.options)
			if err != nil && !errors.Is(err, upload.ErrDamaged) {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, seenAll(records, err)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestCSV(t *testing.T) {
	for _, c := range []struct {
		what, content string
		field         string
		want          []string
	}{
		{"quotes, separators and newlines within cells", "id,text\n1,\"a, \"\"b\"\"\nc\"\n2,d\n", "", []string{`1 l2 1 "a, \"b\"\nc"`, `2 l4 2 "d"`}},
		{"byte order mark, CRLF, no newline at the end", "\xEF\xBB\xBFid,text\r\n1,a\r\n\r\n2,\"b\"\r\n3,c", "", []string{`1 l2 1 "a"`, `2 l4 2 "b"`, `3 l5 3 "c"`}},
		{"CRLF within a cell is kept", "text\r\n\"a\r\nb\"\r\n", "", []string{`1 l2  "a\r\nb"`}},
		{"a quoted header", "\"id\",\"text\"\n1,a\n", "", []string{`1 l2 1 "a"`}},
		{"semicolons", "id;text;n\n1;a,b;2\n", "", []string{`1 l2 1 "a,b"`}},
		{"tabs", "id\ttext\n1\ta,b;c\n", "", []string{`1 l2 1 "a,b;c"`}},
		{"a comma in the header's quotes decides nothing", "\"id,x,y\";text\n1;a\n", "", []string{`1 l2  "a"`}},
		{"wrong field counts spoil their row only", "id,text\n1\n2,a\n3,b,c\n4,d\n", "", []string{"1 l2  malformedRow@", `2 l3 2 "a"`, "3 l4  malformedRow@", `4 l5 4 "d"`}},
		{"a quote in an unquoted cell is a character", "id,text\n1,5\" pipe\n2,b\n", "", []string{`1 l2 1 "5\" pipe"`, `2 l3 2 "b"`}},
		{"characters after a closing quote", "id,text\n1,\"a\"b\n2,c\n", "", []string{"1 l2  malformedRow@", `2 l3 2 "c"`}},
		{"a quote that is never closed spoils its line only", "id,text\n1,\"a\n2,b\n3,c\n", "", []string{"1 l2  malformedRow@", `2 l3 2 "b"`, `3 l4 3 "c"`}},
		{"a quote that the next one closes spoils its line only", "id,text\n1,\"a\n2,b\n3,\"c\"\n4,\"d\nd\"\n", "",
			[]string{"1 l2  malformedRow@", `2 l3 2 "b"`, `3 l4 3 "c"`, `4 l5 4 "d\nd"`}},
		{"a quote at the very end", "id,text\n1,\"", "", []string{"1 l2  malformedRow@"}},
		{"an empty cell", "id,text\n1,\n2,\"\"\n,x\n", "", []string{"1 l2 1 empty@/text", "2 l3 2 empty@/text", `3 l4  "x"`}},
		{"one column: an empty cell in quotes is a record, a blank line is none", "text\n\"\"\n\na\n", "", []string{"1 l2  empty@/text", `2 l4  "a"`}},
		{"bad UTF-8", "id,text\n1,caf\xe9\n2,b\n", "", []string{"1 l2  encoding@", `2 l3 2 "b"`}},
		{"the text column in another case", "ID, Text \n1,a\n", "", []string{`1 l2 1 "a"`}},
		{"the exact name is preferred", "Text,text\na,b\n", "", []string{`1 l2  "b"`}},
		{"a stand-in", "id,Description,body\n1,a,b\n", "", []string{`1 l2 1 "b"`}},
		{"the only column", "review\na\n", "", []string{`1 l2  "a"`}},
		{"no column is the text", "id,review\n1,a\n2,b\n", "", []string{"1 l2 1 noText@/text", "2 l3 2 noText@/text"}},
		{"the definition names the column", "id,review,text\n1,a,b\n", "review", []string{`1 l2 1 "a"`}},
		{"the definition names a column that is not there", "body\na\n", "review", []string{"1 l2  noText@/review"}},
		{"a header that is not CSV", "\"id\"x,text\n1,a\n", "", []string{"damaged: malformedRow"}},
		{"a header that is too long", strings.Repeat("column,", 10_000) + "text\n1,a\n", "", []string{"damaged: tooLarge"}},
	} {
		t.Run(c.what, func(t *testing.T) {
			records, err := read(t, "a.csv", strings.NewReader(c.content), upload.Options{TextField: c.field})
			if d := cmp.Diff(c.want, seenAll(records, err)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestFieldsAreKeptAsTheyAre(t *testing.T) {
	records, err := read(t, "a.jsonl", strings.NewReader(`{"id" : 007e0, "text":"a\u00e9" ,"n": 1.50,"o":{"b" : [ 1,"]}"]},"t":true,"s":"q\"","":null}`+"\n"+
		`{"id":1.50,"text":"é","n":12345678901234567890,"o":{"b" : [ 1,"]}"]} ,"t":true,"s":"q\"","":null}`), upload.Options{})
	if err != nil || len(records) != 2 || records[0].Problems[0].Code != events.CodeNotJSON {
		t.Fatal(records, err)
	}
	field := func(name, value, raw string) upload.Field {
		return upload.Field{Name: name, Value: value, Raw: []byte(raw)}
	}
	want := []upload.Field{field("id", "1.50", "1.50"), field("text", "é", `"é"`), field("n", "12345678901234567890", "12345678901234567890"),
		field("o", `{"b" : [ 1,"]}"]}`, `{"b" : [ 1,"]}"]}`), field("t", "true", "true"), field("s", `q"`, `"q\""`), field("", "null", "null")}
	if d := cmp.Diff(want, records[1].Fields); d != "" {
		t.Error(d)
	}
	records, _ = read(t, "a.csv", strings.NewReader("n,text,n\n 1 ,a,\"x\ny\"\n"), upload.Options{})
	if d := cmp.Diff([]upload.Field{{Name: "n", Value: " 1 "}, {Name: "text", Value: "a"}, {Name: "n", Value: "x\ny"}}, records[0].Fields); d != "" {
		t.Error(d)
	}
}

func TestZip(t *testing.T) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	put := func(name, content string) {
		t.Helper()
		f, err := w.Create(name)
		if err == nil {
			_, err = io.WriteString(f, content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	put("folder/", "")
	put("folder/a.jsonl", "\"a1\"\n\"a2\"\n")
	put("__MACOSX/folder/._a.jsonl", "junk")
	put("readme.md", "not records")
	put("b.csv", "\xEF\xBB\xBFid,text\n9,b1\n")
	put("inner.zip", "x")
	put("inner.txt.gz", "x")
	put("empty.txt", "")
	put("torn.txt", strings.Repeat("fine\n", 3))
	put("c.txt", "c1\nc2")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	whole := b.Bytes()
	// The torn member's checksum is wrong: its records come, then its damage.
	torn := bytes.Clone(whole)
	at := bytes.LastIndex(torn, []byte("torn.txt")) // in the directory
	torn[at-46+16] ^= 0xFF
	want := []string{`1 l1  folder/a.jsonl: "a1"`, `2 l2  folder/a.jsonl: "a2"`, "3 l0  readme.md: unsupported@", `4 l2 9 b.csv: "b1"`,
		"5 l0  inner.zip: unsupported@", "6 l0  inner.txt.gz: unsupported@", `7 l1  torn.txt: "fine"`, `8 l2  torn.txt: "fine"`, `9 l3  torn.txt: "fine"`,
		"10 l0  torn.txt: damagedFile@", `11 l1  c.txt: "c1"`, `12 l2  c.txt: "c2"`}
	records, err := read(t, "a.zip", bytes.NewReader(torn), upload.Options{TempDir: t.TempDir()})
	if d := cmp.Diff(want, seenAll(records, err)); d != "" {
		t.Error(d)
	}
	for what, c := range map[string]struct {
		content []byte
		limits  upload.Limits
		code    string
	}{
		"cut off":   {whole[:len(whole)-30], upload.Limits{}, events.CodeDamagedFile},
		"empty":     {nil, upload.Limits{}, events.CodeDamagedFile},
		"too large": {whole, upload.Limits{ArchiveBytes: 100}, events.CodeTooLarge},
	} {
		if _, err := read(t, "a.zip", bytes.NewReader(c.content), upload.Options{Limits: c.limits}); !errors.Is(err, upload.ErrDamaged) || upload.ProblemOf(err).Code != c.code {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestZipOfTooManyMembers(t *testing.T) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := range 60_000 {
		if _, err := w.CreateHeader(&zip.FileHeader{Name: fmt.Sprintf("a-member-with-a-name-%05d.txt", i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := read(t, "a.zip", &b, upload.Options{})
	if upload.ProblemOf(err).Code != events.CodeTooLarge {
		t.Error(err)
	}
}

func TestTruncatedGzipGivesItsGoodRecordsFirst(t *testing.T) {
	var lines strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&lines, "record %d %x\n", i, i*7919)
	}
	packed := gz(lines.String())
	for _, cut := range []int{11, 100, len(packed) / 2, len(packed) - 4, len(packed) - 1} {
		records, err := read(t, "a.txt.gz", strings.NewReader(packed[:cut]), upload.Options{})
		if !errors.Is(err, upload.ErrDamaged) || upload.ProblemOf(err).Code != events.CodeDamagedFile {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		for i, r := range records {
			if want := fmt.Sprintf("record %d %x", i, i*7919); r.Text != want {
				t.Fatalf("cut at %d: record %d is not whole", cut, i)
			}
		}
	}
}

func TestTheSourcesErrorIsNotTheFiles(t *testing.T) {
	lost := errors.New("connection reset")
	for _, name := range []string{"a.jsonl", "a.csv", "a.txt.gz", "a.zip"} {
		content := gz("text\nx\n")
		if name == "a.csv" || name == "a.jsonl" {
			content = "text\nx\ny"
		}
		_, err := read(t, name, io.MultiReader(strings.NewReader(content[:len(content)-1]), failing{lost}), upload.Options{})
		if !errors.Is(err, lost) || errors.Is(err, upload.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func gz(content string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, content)
	_ = w.Close()
	return b.String()
}

func zipped(name, content string) string {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, _ := w.Create(name)
	_, _ = io.WriteString(f, content)
	_ = w.Close()
	return b.String()
}

func utf16LE(s string) string {
	b := []byte{0xFF, 0xFE}
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return string(b)
}
