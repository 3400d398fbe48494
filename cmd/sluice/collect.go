package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sluice/events"
	"sluice/internal/local/machine"
	"sluice/internal/requests"
)

// costIs says what kind of figure the cost is.
const costIs = "Bedrock list price, estimate"

// summary is what came of a run; its JSON is the document of run --json.
type summary struct {
	requests.Counts
	Mails   int         `json:"mails"`
	Reused  int         `json:"reused"`
	Seconds float64     `json:"seconds"`
	CostUSD float64     `json:"costUSD"`
	CostIs  string      `json:"costIs"`
	Reports []*fileSums `json:"files"`
	// Problems lists every record that was not completed.
	Problems []problem `json:"problems"`
	// Results and Report are those of the first file.
	Results string `json:"results"`
	Report  string `json:"report"`

	newMails []machine.Mail
	preview  preview
}

// fileSums is what came of one file.
type fileSums struct {
	File   string `json:"file"`
	Upload string `json:"upload"`
	requests.Counts
	CostUSD float64 `json:"costUSD"`
	Results string  `json:"results"`
	Report  string  `json:"report"`

	before     bool
	resultsKey string
}

// problem is a record that was not completed.
type problem struct {
	File   string `json:"file,omitempty"`
	Record int    `json:"record"`
	Event  string `json:"event"`
	Reason string `json:"reason"`
}

// preview is the first rows of the results.
type preview struct {
	header []string
	rows   [][]string
}

const previewRows = 10

// collect brings the results beside the files and adds up.
func (s *settings) collect(ctx context.Context, session *session, jobs []*job, began time.Time) (*summary, error) {
	sum := &summary{CostIs: costIs, Problems: []problem{}}
	for _, j := range jobs {
		f, err := j.bring(ctx, session, len(jobs) > 1)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", j.path, err)
		}
		sum.Reports = append(sum.Reports, f)
		if err := sum.readResults(f, len(jobs) > 1); err != nil {
			return nil, err
		}
		sum.add(j, f)
	}
	sum.Results, sum.Report = sum.Reports[0].Results, sum.Reports[0].Report
	sum.Seconds = math.Round(time.Since(began).Seconds()*10) / 10
	return sum, nil
}

func (sum *summary) add(j *job, f *fileSums) {
	sum.Records += f.Records
	sum.Completed += f.Completed
	sum.Rejected += f.Rejected
	sum.Failed += f.Failed
	sum.Parked += f.Parked
	sum.Missing += f.Missing
	if j.before {
		sum.Reused += f.Completed
		return
	}
	sum.Reused += j.progress.Reused
	sum.CostUSD = roundUSD(sum.CostUSD + f.CostUSD)
}

// mostMails is how many mails a run counts.
const mostMails = 1_000_000

// countMails counts the mails about the run's uploads and their records that
// went out since it began.
func (sum *summary) countMails(ctx context.Context, session *session, began time.Time) error {
	mails, err := session.doors.Mails(ctx, mostMails, began)
	if err != nil {
		return err
	}
	for _, m := range mails {
		about := uploadID.FindStringSubmatch(m.Tags["requestId"])
		if about == nil || !slices.ContainsFunc(sum.Reports, func(f *fileSums) bool { return f.Upload == about[1] }) {
			continue
		}
		sum.Mails++
		if len(sum.newMails) < shownMails {
			sum.newMails = append(sum.newMails, m)
		}
	}
	return nil
}

// bring copies an upload's results and report beside its file, or into the
// present folder if nothing can be written there.
func (j *job) bring(ctx context.Context, session *session, several bool) (*fileSums, error) {
	done := j.progress.Done
	if done == nil {
		return nil, errors.New("there are no results yet")
	}
	f := &fileSums{File: j.beside, Upload: j.id, Counts: j.progress.Counts(), CostUSD: roundUSD(j.progress.CostUSD), before: j.before, resultsKey: done.Results}
	report := filepath.Join(filepath.Dir(j.beside), "report.html")
	if several {
		report = j.beside + ".report.html"
	}
	var err error
	if f.Results, err = fetch(ctx, session, done.Results, j.beside+".results.csv"); err != nil {
		return nil, err
	}
	if f.Report, err = fetch(ctx, session, done.Report, report); err != nil {
		return nil, err
	}
	return f, nil
}

// fetch writes an object to a file, whole or not at all, and returns where.
func fetch(ctx context.Context, session *session, key, path string) (string, error) {
	object, err := session.store.Open(ctx, key, 0, "")
	if err != nil {
		return "", err
	}
	defer object.Close()
	path, err = filepath.Abs(path)
	if err != nil {
		return "", err
	}
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if errors.Is(err, os.ErrPermission) {
		path = filepath.Base(path)
		file, err = os.CreateTemp(".", "."+path+".*")
	}
	if err != nil {
		return "", fmt.Errorf("write the results: %w", err)
	}
	_, err = io.Copy(file, object)
	err = errors.Join(err, file.Chmod(0o644), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		os.Remove(file.Name())
		return "", fmt.Errorf("write the results: %w", err)
	}
	return path, nil
}

// said maps a record's outcome to the event that ended it.
var said = map[string]string{
	string(events.Rejected): "RequestRejected", string(events.Failed): "AiFailed", string(events.Parked): "RequestParked",
}

// readResults takes the first answers and every problem from a results file. Its
// rows are the records, in order.
func (sum *summary) readResults(f *fileSums, several bool) error {
	file, err := os.Open(f.Results)
	if err != nil {
		return err
	}
	defer file.Close()
	rows := csv.NewReader(file)
	rows.ReuseRecord = true
	header, err := rows.Read()
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", f.Results, err)
	}
	header = slices.Clone(header)
	// The file's own columns come first and may have the same names.
	outcome, reason := lastIndex(header, "outcome"), lastIndex(header, "reason")
	if outcome < 0 || reason < 0 {
		return fmt.Errorf("%s has no outcome and reason", f.Results)
	}
	if sum.preview.header == nil {
		sum.preview.header = header
	}
	for record := 1; ; record++ {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", f.Results, err)
		}
		if row[outcome] != string(events.Completed) {
			p := problem{Record: record, Event: said[row[outcome]], Reason: row[reason]}
			if several {
				p.File = f.File
			}
			sum.Problems = append(sum.Problems, p)
		} else if len(sum.preview.rows) < previewRows && slices.Equal(header, sum.preview.header) {
			sum.preview.rows = append(sum.preview.rows, slices.Clone(row))
		}
	}
}

func lastIndex(header []string, name string) int {
	for i := len(header) - 1; i >= 0; i-- {
		if header[i] == name {
			return i
		}
	}
	return -1
}

// roundUSD drops what adding up floating-point numbers leaves behind.
func roundUSD(usd float64) float64 { return math.Round(usd*1e6) / 1e6 }

// shorten makes a cell fit a table: one line, at most n characters.
func shorten(cell string, n int) string {
	cell = strings.Join(strings.Fields(cell), " ")
	if runes := []rune(cell); len(runes) > n {
		return string(runes[:n-1]) + "…"
	}
	return cell
}
