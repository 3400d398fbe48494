package track

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"sluice/events"
	"sluice/internal/objects"
	"sluice/internal/requests"
	"sluice/internal/results"
	"sluice/internal/upload"
)

// missingReason is the reason of a record that has no outcome.
const missingReason = "no outcome by the deadline"

// line is what is known of one record.
type line struct {
	record  upload.Record
	outcome events.Outcome
	result  results.Result
	problem problem
}

// writeResults writes the results file and returns the page that shows it. The
// file is read twice: once for the columns, once for the rows. It has a header;
// a line ends with LF, which is kept apart from what cells have in them; there
// is no byte order mark.
func (a *assembly) writeResults(ctx context.Context, done requests.Done) (io.ReadSeeker, error) {
	input, answer := newColumns(), newColumns()
	err := a.lines(ctx, func(l line) error {
		input.learn(inputCells(l.record))
		answer.learn(answerCells(l.result.Answer))
		return nil
	})
	if err != nil {
		return nil, err
	}
	file, err := os.CreateTemp(a.tempDir, "results-*.csv")
	if err != nil {
		return nil, fmt.Errorf("results: %w", err)
	}
	defer file.Close()
	if err := os.Remove(file.Name()); err != nil { // gone with the process, however that ends
		return nil, fmt.Errorf("results: %w", err)
	}
	page := newPage(a.p, done)
	if err := a.writeRows(ctx, file, input, answer, page); err != nil {
		return nil, err
	}
	page.Unread = a.unread
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("results: %w", err)
	}
	if _, err := a.store.Put(ctx, done.Results, objects.CSV, file); err != nil {
		return nil, fmt.Errorf("write the results: %w", err)
	}
	return page.render()
}

func (a *assembly) writeRows(ctx context.Context, to io.Writer, input, answer *columns, page *page) error {
	buffered := bufio.NewWriterSize(to, 256<<10)
	rows := csv.NewWriter(buffered)
	header := input.header()
	header = append(header[:len(header):len(header)], unlike(header, "outcome", "reason")...)
	header = append(header, unlike(input.header(), answer.header()...)...)
	header = append(header, unlike(input.header(), "requestId", "model", "costUSD")...)
	if err := rows.Write(header); err != nil {
		return fmt.Errorf("results: %w", err)
	}
	page.columns(answer)
	err := a.lines(ctx, func(l line) error {
		answered := answer.row(answerCells(l.result.Answer))
		row := append(input.row(inputCells(l.record)), l.outcomeText(), l.reason())
		row = append(row, answered...)
		row = append(row, upload.RequestID(a.p.UploadID, l.record.Position), l.model(), l.cost())
		page.add(l, answered)
		return rows.Write(row)
	})
	rows.Flush()
	if err := errors.Join(err, rows.Error(), buffered.Flush()); err != nil {
		return fmt.Errorf("results: %w", err)
	}
	return nil
}

// lines calls f with what is known of every record, in the order of the file.
func (a *assembly) lines(ctx context.Context, f func(line) error) error {
	return a.records(ctx, func(r upload.Record) error {
		l := line{record: r, outcome: a.p.OutcomeOf(r.Position)}
		var found bool
		var err error
		switch l.outcome {
		case "":
			return f(l)
		case events.Completed:
			l.result, found, err = a.results.Find(r.Position)
		default:
			l.problem, found, err = a.problems.Find(r.Position)
		}
		if err != nil {
			return err
		}
		if !found {
			// It was written before it was counted, so somebody has removed it. A file
			// without it would be wrong without saying so.
			return fmt.Errorf("what became of record %d is not found", r.Position)
		}
		return f(l)
	})
}

func (l line) outcomeText() string {
	if l.outcome == "" {
		return "missing"
	}
	return string(l.outcome)
}

func (l line) reason() string {
	switch l.outcome {
	case "":
		return missingReason
	case events.Completed:
		return ""
	}
	return strings.Join(l.problem.Codes, ", ") + ": " + l.problem.Message
}

// model is who answered.
func (l line) model() string {
	switch {
	case l.outcome != events.Completed:
		return l.problem.Model
	case l.result.AnsweredBy != "":
		return l.result.AnsweredBy
	}
	return l.result.Model
}

// cost is in dollars, "" where nobody was asked.
func (l line) cost() string {
	cost := l.problem.CostUSD
	if l.outcome == events.Completed {
		cost = l.result.CostUSD
	} else if l.problem.Model == "" {
		return ""
	}
	return strconv.FormatFloat(cost, 'f', -1, 64)
}
