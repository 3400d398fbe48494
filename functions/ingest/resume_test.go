package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"sluice/events"
	"sluice/internal/fault"
	"sluice/internal/objects"
	"sluice/internal/objects/objectstest"
	"sluice/internal/upload"
)

// file has n records, of which every tenth is broken.
func file(n int) string {
	var b strings.Builder
	for i := 1; i <= n; i++ {
		if i%10 == 0 {
			b.WriteString("broken\n")
		} else {
			fmt.Fprintf(&b, "{\"text\":\"record %d\"}\n", i)
		}
	}
	return b.String()
}

// complete checks that every record of file(n) was said, and as what it is.
func complete(t *testing.T, w *world, n int) {
	t.Helper()
	requests, rejections := w.bus.requests(t), w.bus.rejections(t)
	if len(requests) != n-n/10 || len(rejections) != n/10 {
		t.Errorf("%d requests and %d rejections of %d records", len(requests), len(rejections), n)
	}
	for position, r := range requests {
		if r.data.Input.Text != fmt.Sprintf("record %d", position) {
			t.Fatalf("record %d asks about another's text", position)
		}
	}
	if _, data := w.bus.received(t); data.Records != n || data.Rejected != n/10 {
		t.Errorf("%+v", data)
	}
}

func TestAFileThatOutlastsTheTimeGoesOnWhereItStopped(t *testing.T) {
	for _, name := range []string{"a.jsonl", "a.jsonl.gz"} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			w.now = time.Now
			w.bus.takes = 500 * time.Millisecond
			const n = 9000
			key, content := "uploads/acme/summarize/"+name, file(n)
			if strings.HasSuffix(name, ".gz") {
				content = packed(content)
			}
			w.put(key, content, "")
			body, receives := w.event(key), 0
			for done := false; !done; {
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				done = w.deliver(ctx, "m", body)
				cancel()
				if receives++; receives > 20 {
					t.Fatalf("no end: %+v", w.intake(key))
				}
			}
			complete(t, w, n)
			if receives < 3 || len(w.queues.hidden) != receives-1 || len(w.queues.given) > 0 {
				t.Errorf("%d receives, %v, %v", receives, w.queues.hidden, w.queues.given)
			}
			for _, seconds := range w.queues.hidden {
				if seconds != 0 {
					t.Errorf("the message came back after %d s, want at once", seconds)
				}
			}
			repeated := 0
			for _, times := range w.bus.ids("RequestReceived") {
				repeated += times - 1
			}
			if repeated > 0 {
				t.Errorf("%d records were said twice although nothing failed", repeated)
			}
		})
	}
}

func TestPublishFailuresLoseNothing(t *testing.T) {
	w := newWorld(t)
	const n = 2500
	var calls atomic.Int64
	w.bus.refuse = func(events.Envelope) error {
		if calls.Add(1)%700 == 0 {
			return errors.New("put events: internal failure")
		}
		return nil
	}
	w.put(key, file(n), "")
	for range 10 {
		if w.deliver(t.Context(), "m", w.event(key)) {
			break
		}
	}
	complete(t, w, n)
	// Each time the file got further, so nothing counted against it.
	if len(w.queues.given) > 0 || len(w.queues.hidden) < 3 {
		t.Error(w.queues.given, w.queues.hidden)
	}
	if i := w.intake(key); !i.Done || i.Tries != 0 || i.Records != n {
		t.Errorf("%+v", i)
	}
}

func TestReceivesWithoutProgressAreParked(t *testing.T) {
	w := newWorld(t)
	w.bus.refuse = func(events.Envelope) error { return errors.New("put events: internal failure") }
	w.put(key, file(5), "")
	for receive := 1; receive <= 3; receive++ {
		if done := w.deliver(t.Context(), "m", w.event(key)); done != (receive == 3) {
			t.Fatalf("receive %d: %v %v", receive, done, w.queues.given)
		}
	}
	if len(w.queues.given) != 1 || !strings.Contains(w.queues.given[0], "internal failure") {
		t.Error(w.queues.given)
	}
}

func TestThrottlesDoNotCount(t *testing.T) {
	w := newWorld(t)
	throttled := true
	w.bus.refuse = func(events.Envelope) error {
		if throttled {
			return fault.Errorf(fault.Defer, "put events: ThrottlingException")
		}
		return nil
	}
	w.put(key, file(5), "")
	for range 7 {
		if w.deliver(t.Context(), "m", w.event(key)) {
			t.Fatal(w.queues.given)
		}
	}
	throttled = false
	w.finish(t)
	complete(t, w, 5)
}

// finish is the delivery that ends what others began.
func (w *world) finish(t *testing.T) {
	t.Helper()
	if !w.deliver(t.Context(), "m", w.event(key)) || len(w.queues.given) > 0 {
		t.Fatal(w.queues.given, w.log.String())
	}
}

// A function that is killed stores nothing at its end; what it had begun is
// found by the next.
func TestCrashesAreCounted(t *testing.T) {
	w := newWorld(t)
	w.put(key, file(5), "")
	i := upload.Intake{ID: upload.ID(bucket, key, objectstest.ETag(w.s3.Body(key))), File: events.UploadFile{Bucket: bucket, Key: key, ETag: "x"},
		Tenant: "acme", Definition: upload.Definition{Task: "summarize"}, Submitted: created, Tries: 12, Writer: "m.1", Updated: w.now()}
	if _, err := upload.SaveIntake(t.Context(), w.store, &i, ""); err != nil {
		t.Fatal(err)
	}
	if !w.deliver(t.Context(), "m", w.event(key)) || len(w.queues.given) != 1 || !strings.Contains(w.queues.given[0], "no further") {
		t.Error(w.queues.given)
	}
}

func TestTwoDeliveriesAtATime(t *testing.T) {
	w := newWorld(t)
	w.put(key, file(5), "")
	i := upload.Intake{ID: upload.ID(bucket, key, objectstest.ETag(w.s3.Body(key))), Tenant: "acme", Definition: upload.Definition{Task: "summarize"},
		File: events.UploadFile{Bucket: bucket, Key: key, ETag: upload.PlainETag(objectstest.ETag(w.s3.Body(key)))}, Submitted: created, Tries: 1, Writer: "other.1", Updated: w.now()}
	if _, err := upload.SaveIntake(t.Context(), w.store, &i, ""); err != nil {
		t.Fatal(err)
	}
	if w.deliver(t.Context(), "m", w.event(key)) || len(w.bus.all) > 0 || w.queues.hidden[0] < 10 {
		t.Fatal("another message's work was not respected")
	}
	w.now = func() time.Time { return created.Add(time.Minute) }
	w.finish(t)
	complete(t, w, 5)
}

func TestAnObjectThatChangesWhileItIsReadEnds(t *testing.T) {
	w := newWorld(t)
	w.bus.refuse = func(e events.Envelope) error {
		if e.Request.Upload.Record > 30 {
			return errors.New("put events: internal failure")
		}
		return nil
	}
	w.put(key, file(100), `{"notify":{"email":["ops@example.com"]}}`)
	body := w.event(key)
	if w.deliver(t.Context(), "m", body) {
		t.Fatal("done too early")
	}
	id := upload.ID(bucket, key, objectstest.ETag(w.s3.Body(key)))
	before, _, err := upload.LoadIntake(t.Context(), w.store, id)
	if err != nil || before.Records != 30 || before.Done {
		t.Fatal(before, err)
	}
	w.bus.refuse = nil
	w.s3.Remove(key)
	if !w.deliver(t.Context(), "m", body) {
		t.Fatal(w.log.String())
	}
	_, data := w.bus.received(t)
	last := w.bus.rejections(t)[before.Records+1]
	if data.Records != before.Records+1 || !data.WantsReport || last.data.Reasons[0].Code != events.CodeDamagedFile {
		t.Errorf("%+v %+v", data, last)
	}
}

// lossy loses the answers to writes: the SDK tries again, and finds what it
// wrote itself in its way.
type lossy struct{ objects.API }

func (l lossy) PutObject(ctx context.Context, in *s3.PutObjectInput, o ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	if _, err := l.API.PutObject(ctx, in, o...); err != nil {
		return nil, err
	}
	if _, err := in.Body.(io.Seeker).Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	return l.API.PutObject(ctx, in, o...)
}

func TestOurOwnLostWritesAreNoRivals(t *testing.T) {
	w := newWorldOn(t, func(api objects.API) objects.API { return lossy{api} })
	w.put(key, file(2500), "")
	w.takeIn(key)
	complete(t, w, 2500)
}

func TestFailuresOfS3ComeAgain(t *testing.T) {
	w := newWorld(t)
	w.put(key, file(50), "")
	requests := 0
	w.s3.Fault = func(string, string) error {
		switch requests++; requests {
		case 1, 3, 6, 10, 15:
			return objectstest.Error(http.StatusServiceUnavailable, "ServiceUnavailable")
		}
		return nil
	}
	done := false
	for i := 0; i < 10 && !done; i++ {
		// Another process each time, as consume counts such failures in its own.
		done = w.deliver(t.Context(), fmt.Sprint("m-", i), w.event(key))
		w.now = func() time.Time { return created.Add(time.Duration(i+1) * time.Minute) }
	}
	complete(t, w, 50)
}

func TestStoredObjectsPerRecordAreFew(t *testing.T) {
	w := newWorld(t)
	const n = 10_000
	w.put(key, file(n), "")
	w.takeIn(key)
	complete(t, w, n)
	if puts := w.s3.Counts()["PutObject"]; puts > 2+n/1000 {
		t.Errorf("%d objects were written for %d records", puts, n)
	}
}
