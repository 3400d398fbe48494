package s3

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unsafe"

	"pgregory.net/rapid"

	"sluice/internal/local/disk"
)

// drawObject draws objects that fit into an entry, and such that do not in every
// way that there is.
func drawObject(t *rapid.T) *Object {
	o := &Object{Bucket: "b", Key: rapid.StringMatching(`[a-z/]{1,20}`).Draw(t, "key"), Sequence: rapid.Uint64().Draw(t, "sequence"),
		ETag:     hex.EncodeToString(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "etag")) + rapid.SampledFrom([]string{"", "", "", "-3"}).Draw(t, "parts"),
		Modified: time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "modified"), rapid.SampledFrom([]int64{0, 0, 0, 5e8}).Draw(t, "nanoseconds")).UTC(),
		Upload:   rapid.SampledFrom([]string{"", "", "", "upload"}).Draw(t, "upload")}
	if headers := rapid.MapOfN(rapid.StringMatching(`x-amz-meta-[a-z]{1,9}`), rapid.String(), 0, 3).Draw(t, "headers"); len(headers) > 0 {
		o.Headers = headers
	}
	if algorithm := rapid.SampledFrom(append(algorithms, "")).Draw(t, "algorithm"); algorithm != "" {
		sum := rapid.SliceOfN(rapid.Byte(), newChecksum(algorithm).Size(), newChecksum(algorithm).Size()).Draw(t, "sum")
		o.Checksum = &Checksum{algorithm, base64.StdEncoding.EncodeToString(sum) + rapid.SampledFrom([]string{"", "", "", "-2"}).Draw(t, "composite")}
	}
	for range rapid.SampledFrom([]int{0, 1, 1, 1, 2}).Draw(t, "pieces") {
		id := rapid.SampledFrom([]string{rand.Text(), rand.Text(), "another"}).Draw(t, "id")
		p := piece{ID: id, Size: rapid.Int64Range(1, 1<<40).Draw(t, "size"), InStore: rapid.Bool().Draw(t, "inStore")}
		o.Pieces, o.Size = append(o.Pieces, p), o.Size+p.Size
	}
	return o
}

func TestEntryGivesTheObjectBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := drawObject(t)
		if got := pack(o).object(o.Bucket, o.Key); !reflect.DeepEqual(got, o) {
			t.Fatalf("got  %+v\nwant %+v", got, o)
		}
	})
}

// A field that is added to Object must find its place in entry, and here.
func TestEntryKnowsEveryField(t *testing.T) {
	known := "Bucket Key Size ETag Modified Headers Checksum Sequence Upload Pieces ticket"
	var names []string
	for field := range reflect.TypeFor[Object]().Fields() {
		names = append(names, field.Name)
	}
	if got := strings.Join(names, " "); got != known {
		t.Errorf("fields %s; pack, entry.object and drawObject know %s", got, known)
	}
	if size := unsafe.Sizeof(entry{}); size > 96 {
		t.Errorf("an entry has %d bytes", size)
	}
}

func TestBodyIDs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[A-Z2-7]{26}`).Draw(t, "id")
		id, ok := parseBodyID(text)
		if !ok || id.String() != text {
			t.Fatalf("%s became %s, %t", text, id, ok)
		}
	})
	for _, text := range []string{"", "A", strings.Repeat("a", 26), strings.Repeat("1", 26), strings.Repeat("A", 27)} {
		if _, ok := parseBodyID(text); ok {
			t.Errorf("%q is taken", text)
		}
	}
}

func TestNewBodyIDsFollowTheTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.UnixMilli(rapid.Int64Range(0, 1<<45-2).Draw(t, "at"))
		earlier, later := newBodyID(at), newBodyID(at.Add(time.Millisecond))
		if earlier >= later || earlier == newBodyID(at) {
			t.Fatalf("%s, then %s", earlier, later)
		}
		if id, ok := parseBodyID(earlier); !ok || id.String() != earlier {
			t.Fatalf("%s does not fit into an entry", earlier)
		}
	})
}

// The index is the memory that grows with what is stored.
func TestMemoryOfAnObject(t *testing.T) {
	const n, most = 20_000, 300
	store := disk.Memory()
	if file, err := disk.Open(t.TempDir() + "/state.db"); err == nil {
		store = file
	}
	s, err := New(store, "", Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.CreateBucket(t.Context(), "b"); err != nil {
		t.Fatal(err)
	}
	before := heap()
	const writers = 64
	ended := make(chan error, writers)
	for w := range writers {
		go func() {
			var err error
			for i := w; i < n && err == nil; i += writers {
				// As the wire has it: the key is a part of a longer string, the headers are its own.
				request := fmt.Sprintf("PUT /b/answers/%040d HTTP/1.1 and much else%s", i, strings.Repeat(" ", 200))
				_, err = s.Put(t.Context(), Write{Bucket: "b", Key: request[7:55], Size: 9, Body: iotest.OneByteReader(strings.NewReader("some body")),
					Headers:  map[string]string{"content-type": strings.Clone("application/json"), "x-amz-meta-tenant": strings.Clone("default")},
					Checksum: func() *Checksum { return &Checksum{"CRC32", strings.Clone("5ooEpA==")} }})
			}
			ended <- err
		}()
	}
	for range writers {
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
	}
	// What was written a moment ago is in memory until it is settled, which a scan waits for.
	if err := store.Scan("nothing", nil, func(_, _ []byte) error { return nil }); err != nil {
		t.Fatal(err)
	}
	grown := heap() - before
	if each := grown / n; each > most {
		t.Errorf("%d bytes of heap for each object, want at most %d", each, most)
	} else {
		t.Logf("%d bytes of heap for each object", each)
	}
	runtime.KeepAlive(s)
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}

// heap is what is alive.
func heap() int64 {
	var m runtime.MemStats
	for range 3 { // what weak references held goes with the next one
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
