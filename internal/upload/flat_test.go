package upload_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"sluice/events"
	"sluice/internal/upload"
)

// heapBound is generous: what is live is some buffers and one record.
const heapBound = 48 << 20

// drain reads everything and returns the counts and the largest heap it saw.
func drain(t *testing.T, name string, r io.Reader, o upload.Options) (good, bad int, peak uint64, err error) {
	t.Helper()
	reader, err := upload.OpenRecords(name, r, o)
	if err != nil {
		return 0, 0, 0, err
	}
	defer reader.Close()
	// What is live is what counts, not how far a busy machine lets the collector
	// fall behind.
	runtime.GC()
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(heapBound / 2))
	var memory runtime.MemStats
	for i := 0; ; i++ {
		if i%20_000 == 0 {
			runtime.ReadMemStats(&memory)
			peak = max(peak, memory.HeapAlloc)
		}
		record, err := reader.Next()
		switch {
		case err != nil:
			runtime.ReadMemStats(&memory)
			return good, bad, max(peak, memory.HeapAlloc), err
		case len(record.Problems) > 0:
			bad++
		default:
			good++
		}
	}
}

// repeated gives a block many times, without holding more than one.
type repeated struct {
	block []byte
	times int
	at    int
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.times == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.block[r.at:])
	if r.at += n; r.at == len(r.block) {
		r.at, r.times = 0, r.times-1
	}
	return n, nil
}

func TestMemoryStaysFlat(t *testing.T) {
	line := `{"id":"x","text":"The parcel has not arrived yet, and nobody answers the phone."}` + "\n"
	row := "1,\"The parcel has not arrived yet,\nand nobody answers the phone.\"\n"
	const lines = 1000
	for name, c := range map[string]struct {
		header, block string
		records       int
	}{
		"a.jsonl": {"", strings.Repeat(line, lines), lines},
		"a.csv":   {"id,text\n", strings.Repeat(row, lines), lines},
		"a.txt":   {"", strings.Repeat("nothing but text\n", 5*lines), 5 * lines},
	} {
		const times = 300
		r := io.MultiReader(strings.NewReader(c.header), &repeated{block: []byte(c.block), times: times})
		good, bad, peak, err := drain(t, name, r, upload.Options{})
		if !errors.Is(err, io.EOF) || good != times*c.records || bad != 0 {
			t.Errorf("%s: %d good, %d bad, %v", name, good, bad, err)
		}
		if peak > heapBound {
			t.Errorf("%s: the heap grew to %d MiB", name, peak>>20)
		}
	}
}

func TestLongLinesAreSkippedUnheld(t *testing.T) {
	long := &repeated{block: bytes.Repeat([]byte("x"), 1<<20), times: 64}
	for name, around := range map[string][2]string{
		"a.txt":   {"before\n", "\nafter\n"},
		"a.jsonl": {"\"before\"\n\"", "\"\n\"after\"\n"},
		"a.csv":   {"id,text\n1,before\n2,\"", "\"\n3,after\n"},
	} {
		again := *long
		good, bad, peak, err := drain(t, name, io.MultiReader(strings.NewReader(around[0]), &again, strings.NewReader(around[1])), upload.Options{})
		if !errors.Is(err, io.EOF) || good != 2 || bad != 1 {
			t.Errorf("%s: %d good, %d bad, %v", name, good, bad, err)
		}
		if peak > heapBound {
			t.Errorf("%s: the heap grew to %d MiB", name, peak>>20)
		}
	}
	ten := strings.Repeat("y", 10<<20)
	records, err := read(t, "a.jsonl", strings.NewReader("{\"text\":\"a\"}\n{\"text\":\""+ten+"\"}\n{\"text\":\"b\"}\n"), upload.Options{})
	if err != nil || len(records) != 3 || records[1].Problems[0].Code != events.CodeTooLarge || records[2].Text != "b" {
		t.Error("a line of 10 MB spoils its neighbours:", seenAll(records, err))
	}
}

// bomb is a gzip file of a GiB of the block.
func bomb(t *testing.T, block string) []byte {
	t.Helper()
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	// Members of a gzip file may follow one another, so a MiB is packed only once.
	if _, err := w.Write(bytes.Repeat([]byte(block), 1<<20/len(block))); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return bytes.Repeat(packed.Bytes(), 1<<10)
}

func TestBombsStop(t *testing.T) {
	for what, block := range map[string]string{"one line": "\x00", "blank lines": "\n", "lines": strings.Repeat("z", 1<<16-1) + "\n"} {
		for name, limits := range map[string]upload.Limits{"by ratio": {}, "by size": {Ratio: 1 << 40, UnpackedBytes: 40 << 20}} {
			_, _, peak, err := drain(t, "bomb.txt.gz", bytes.NewReader(bomb(t, block)), upload.Options{Limits: limits})
			if !errors.Is(err, upload.ErrDamaged) || upload.ProblemOf(err).Code != events.CodeTooLarge {
				t.Errorf("%s, %s: %v", what, name, err)
			}
			if peak > heapBound {
				t.Errorf("%s, %s: the heap grew to %d MiB", what, name, peak>>20)
			}
		}
	}
	zipBomb := zipped("a.txt", strings.Repeat("\x00", 64<<20))
	if _, _, _, err := drain(t, "a.zip", strings.NewReader(zipBomb), upload.Options{}); upload.ProblemOf(err).Code != events.CodeTooLarge {
		t.Error("zip:", err)
	}
}

func BenchmarkRecords(b *testing.B) {
	const records = 10_000
	var jsonl, table strings.Builder
	table.WriteString("id,text,channel\n")
	for i := range records {
		fmt.Fprintf(&jsonl, `{"id":"m-%d","channel":"mail","text":"My parcel %d has not arrived, nobody answers the phone. Tôi cần hỗ trợ ngay."}`+"\n", i, i)
		fmt.Fprintf(&table, "m-%d,\"My parcel %d has not arrived, nobody answers the phone. Tôi cần hỗ trợ ngay.\",mail\n", i, i)
	}
	for _, c := range []struct{ name, content string }{
		{"a.jsonl", jsonl.String()}, {"a.csv", table.String()}, {"a.txt", jsonl.String()}, {"a.jsonl.gz", gz(jsonl.String())},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(c.content)))
			for b.Loop() {
				reader, err := upload.OpenRecords(c.name, bufio.NewReader(strings.NewReader(c.content)), upload.Options{})
				if err != nil {
					b.Fatal(err)
				}
				n := 0
				for _, err = reader.Next(); err == nil; _, err = reader.Next() {
					n++
				}
				if n != records || !errors.Is(err, io.EOF) {
					b.Fatal(n, err)
				}
			}
			b.ReportMetric(float64(records)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}
