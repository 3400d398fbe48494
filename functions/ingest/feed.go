package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"sync"
	"time"

	"sluice/events"
	"sluice/internal/fault"
	"sluice/internal/upload"
)

const (
	// inFlight is how many batches are being said at the same time.
	inFlight = 10
	// A batch is closed at the number of events that one call takes, or above so
	// many bytes of text: what is in memory is bounded by these.
	batchRecords = 10
	batchBytes   = 512 << 10
	// The position is stored when it has moved by so many records or this long ago.
	checkpointRecords = 1000
	checkpointAfter   = time.Second
)

var errOutOfTime = errors.New("the file goes on where the function's time ran out")

// mark is a place in the file up to which everything is said.
type mark struct {
	position upload.Position
	rejected int
}

// batch is some records in a row.
type batch struct {
	number   int
	records  []upload.Record
	bytes    int
	rejected int
	// after is where the file goes on.
	after upload.Position
}

// feed reads a file and says its records, several batches at a time.
type feed struct {
	h      *Handler
	claim  *claim
	clock  clock
	stored time.Time
	next   batch

	slots   chan struct{}
	running sync.WaitGroup
	mu      sync.Mutex
	// done is the mark; early are batches that were said before one that lies
	// before them.
	done   mark
	oldest int
	early  map[int]batch
	failed error
}

func newFeed(ctx context.Context, h *Handler, c *claim) *feed {
	return &feed{h: h, claim: c, clock: clockOf(ctx), stored: time.Now(), slots: make(chan struct{}, inFlight),
		done: mark{c.Position, c.Rejected}, early: map[int]batch{}}
}

// said is up to where the file is said.
func (f *feed) said() mark {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.done
}

// run reads to the end of the file. It returns when everything that was begun
// has come to an end: nil if the whole file is said.
func (f *feed) run(ctx context.Context) error {
	saying, cancel := f.clock.saying(ctx)
	defer cancel()
	stopped := f.read(ctx, saying)
	if stopped == nil || errors.Is(stopped, errOutOfTime) {
		f.send(saying)
	}
	f.running.Wait()
	if failed := f.failure(); failed != nil {
		if f.clock.over() && (errors.Is(failed, context.DeadlineExceeded) || errors.Is(failed, context.Canceled)) {
			return errOutOfTime
		}
		return failed
	}
	return stopped
}

// read takes the records of the file. An upload that cannot be read, or not any
// further, ends with a record that says so.
func (f *feed) read(ctx, saying context.Context) error {
	c := f.claim
	switch {
	case len(c.Problems) > 0:
		f.add(upload.Record{Position: 1, Problems: c.Problems}, upload.Position{Record: 1})
		return nil
	case c.gone:
		f.end(c.Position.Record, events.Problem{Code: events.CodeDamagedFile, Message: "the file was replaced or deleted while it was read; nothing after this could be read"})
		return nil
	}
	reader, err := upload.OpenRecords(path.Base(c.File.Key), c.body, upload.Options{TextField: c.Definition.TextField, From: c.Position})
	if err != nil {
		return f.unread(0, err)
	}
	defer reader.Close()
	for {
		if f.clock.over() {
			return errOutOfTime
		}
		if err := f.failure(); err != nil {
			return err
		}
		record, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return f.unread(reader.Position().Record, err)
		}
		f.add(record, reader.Position())
		if len(f.next.records) < batchRecords && f.next.bytes < batchBytes {
			continue
		}
		f.send(saying)
		if err := f.checkpoint(ctx); err != nil {
			return err
		}
	}
}

// unread decides about an error in reading after the last record.
func (f *feed) unread(last int, err error) error {
	switch {
	case errors.Is(err, upload.ErrDamaged):
		f.end(last, upload.ProblemOf(err))
		return nil
	case f.clock.over():
		return errOutOfTime
	}
	return fmt.Errorf("read the upload: %w", err)
}

// end adds the record that says why the file ends here.
func (f *feed) end(last int, why events.Problem) {
	after := upload.Position{Record: last + 1}
	f.add(upload.Record{Position: last + 1, Problems: []events.Problem{why}}, after)
}

// add puts a record into the present batch, unless it was said by an earlier
// invocation.
func (f *feed) add(r upload.Record, after upload.Position) {
	if r.Position <= f.claim.start {
		return
	}
	// Only the request is said; the other fields need not wait in memory.
	r.Fields = nil
	f.next.records = append(f.next.records, r)
	f.next.bytes += len(r.Text)
	f.next.after = after
	if len(r.Problems) > 0 {
		f.next.rejected++
	}
}

// send begins to say the present batch, when there is a slot for it.
func (f *feed) send(ctx context.Context) {
	b := f.next
	if len(b.records) == 0 {
		return
	}
	f.next = batch{number: b.number + 1}
	intake := f.claim.Intake // checkpoint changes the claim's
	f.slots <- struct{}{}
	f.running.Go(func() {
		defer func() { <-f.slots }()
		err := fault.Guard(func() error { return f.h.say(ctx, intake, b.records) })
		b.records = nil
		f.settle(b, err)
	})
}

// settle moves the mark over the batches that are said without a gap.
func (f *feed) settle(b batch, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil {
		if f.failed == nil {
			f.failed = err
		}
		return
	}
	f.early[b.number] = b
	for {
		said, there := f.early[f.oldest]
		if !there {
			return
		}
		delete(f.early, f.oldest)
		f.oldest++
		f.done.position = said.after
		f.done.rejected += said.rejected
	}
}

func (f *feed) failure() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.failed
}

// checkpoint stores the position now and then. Only the reading goroutine
// changes the claim.
func (f *feed) checkpoint(ctx context.Context) error {
	m := f.said()
	moved := m.position.Record - f.claim.Position.Record
	if moved == 0 || moved < checkpointRecords && time.Since(f.stored) < checkpointAfter {
		return nil
	}
	f.claim.moveTo(m)
	f.claim.advanced()
	f.stored = time.Now()
	return f.h.save(ctx, f.claim)
}
