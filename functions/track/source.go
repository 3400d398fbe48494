package track

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"

	"sluice/events"
	"sluice/internal/objects"
	"sluice/internal/requests"
	"sluice/internal/results"
	"sluice/internal/upload"
)

// assembly is everything that a results file is put together from.
type assembly struct {
	*Handler
	p         *requests.Progress
	results   *results.Spool[results.Result]
	problems  *results.Spool[problem]
	textField string
	// unread: the file is no longer there as it was, or its records have problems
	// as a whole. Its rows have none of its columns then.
	unread bool
}

func (h *Handler) gather(ctx context.Context, p *requests.Progress) (a *assembly, err error) {
	a = &assembly{Handler: h, p: p}
	intake, _, err := upload.LoadIntake(ctx, h.store, p.UploadID)
	if err != nil && !errors.Is(err, objects.ErrNotFound) {
		return nil, err
	}
	a.textField, a.unread = intake.Definition.TextField, err != nil || len(intake.Problems) > 0
	if a.results, err = results.Open(ctx, h.store, results.SegmentPrefix(p.Submitted, p.UploadID), h.tempDir); err != nil {
		return nil, err
	}
	about := func(line problem) (int, int) { return line.Record, line.worth() }
	if a.problems, err = results.OpenSpool(ctx, h.store, requests.ProblemsPrefix(p.UploadID), h.tempDir, about); err != nil {
		return nil, errors.Join(err, a.results.Close())
	}
	return a, nil
}

func (a *assembly) close() { _ = errors.Join(a.results.Close(), a.problems.Close()) }

// records calls f with every record of the upload in the order of the file. For
// positions that the file does not give (it breaks off, or it was replaced since)
// the record has a position only.
func (a *assembly) records(ctx context.Context, f func(upload.Record) error) error {
	last := 0
	if !a.unread {
		err := a.read(ctx, func(r upload.Record) error {
			if r.Position > a.p.Received.Records {
				return io.EOF
			}
			last = r.Position
			return f(r)
		})
		if err != nil {
			return err
		}
	}
	for position := last + 1; position <= a.p.Received.Records; position++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := f(upload.Record{Position: position}); err != nil {
			return err
		}
	}
	return nil
}

// read reads the very object that was taken in. One that is gone, or is damaged
// from some record on, ends the reading without an error.
func (a *assembly) read(ctx context.Context, f func(upload.Record) error) error {
	file := a.p.Received.File
	body, err := a.store.Open(ctx, file.Key, 0, quoted(file))
	if errors.Is(err, objects.ErrNotFound) || errors.Is(err, objects.ErrChanged) {
		a.unread = true
		return nil
	}
	if err != nil {
		return fmt.Errorf("open the upload: %w", err)
	}
	defer body.Close()
	reader, err := upload.OpenRecords(path.Base(file.Key), body, upload.Options{TextField: a.textField, TempDir: a.tempDir})
	if errors.Is(err, upload.ErrDamaged) {
		return nil
	}
	if err != nil {
		return err
	}
	defer reader.Close()
	for {
		record, err := reader.Next()
		if errors.Is(err, io.EOF) || errors.Is(err, upload.ErrDamaged) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := f(record); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func quoted(file events.UploadFile) string { return `"` + upload.PlainETag(file.ETag) + `"` }
