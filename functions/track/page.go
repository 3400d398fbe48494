package track

import (
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"sluice/events"
	"sluice/internal/requests"
)

//go:embed report.html
var reportHTML string

const (
	// shownRows is how many rows the page shows, shownAnswers how many of the
	// answer's columns, shownRunes how much of a cell.
	shownRows    = 200
	shownAnswers = 8
	shownRunes   = 240
	// A field whose answers are few and short is shown as a distribution.
	maxKinds     = 12
	maxKindRunes = 40
)

// page is what the report shows.
type page struct {
	File      string
	UploadID  string
	Task      string
	Submitted time.Time
	Assembled time.Time
	Seconds   float64
	Counts    requests.Counts
	Reused    int
	Usage     events.Usage
	CostUSD   string
	Reasons   []requests.Reason
	Missing   []int
	Results   string
	// Unread: the file could not be read again, so the rows lack its columns.
	Unread  bool
	Kinds   []distribution
	Columns []string
	Rows    []pageRow
	// More is how many rows are not shown.
	More int

	names  []string
	counts []map[string]int
}

// distribution counts the answers of a field.
type distribution struct {
	Field string
	Kinds []share
}

type share struct {
	Value          string
	Count, Percent int
}

type pageRow struct {
	Record  int
	Input   string
	Outcome string
	Answers []string
	Reason  string
}

func newPage(p *requests.Progress, done requests.Done) *page {
	counts := p.Counts()
	return &page{
		File: path.Base(p.Received.File.Key), UploadID: p.UploadID, Task: p.Task, Submitted: p.Submitted.UTC(), Assembled: done.At,
		Counts: counts, Reused: p.Reused, Usage: p.Usage, CostUSD: dollars(p.CostUSD),
		Reasons: p.TopReasons(), Missing: p.Missing(maxMissing), Results: done.Results,
		Seconds: done.At.Sub(p.Submitted).Round(100 * time.Millisecond).Seconds(),
	}
}

// dollars shows an amount with as many digits as it needs.
func dollars(amount float64) string {
	if amount != 0 && amount < 0.01 {
		return "$" + strconv.FormatFloat(amount, 'f', 6, 64)
	}
	return "$" + strconv.FormatFloat(amount, 'f', 2, 64)
}

// columns tells the page which columns the answers have.
func (p *page) columns(answer *columns) {
	p.names = answer.header()
	for _, name := range p.names[:min(len(p.names), shownAnswers)] {
		p.Columns = append(p.Columns, strings.TrimPrefix(name, answerPrefix))
	}
	p.counts = make([]map[string]int, len(p.names))
	for i := range p.counts {
		p.counts[i] = map[string]int{}
	}
}

// add takes the next row.
func (p *page) add(l line, answers []string) {
	if l.outcome == events.Completed {
		for i, value := range answers {
			p.count(i, value)
		}
	}
	if len(p.Rows) == shownRows {
		p.More++
		return
	}
	row := pageRow{Record: l.record.Position, Input: short(inputOf(l)), Outcome: l.outcomeText(), Reason: short(l.reason())}
	for _, value := range answers[:len(p.Columns)] {
		row.Answers = append(row.Answers, short(value))
	}
	p.Rows = append(p.Rows, row)
}

// count counts a value until the field has too many of them.
func (p *page) count(i int, value string) {
	if value == "" || p.counts[i] == nil {
		return
	}
	if p.counts[i][value]++; len(p.counts[i]) > maxKinds || len([]rune(value)) > maxKindRunes {
		p.counts[i] = nil
	}
}

func inputOf(l line) string {
	if l.record.Text != "" {
		return l.record.Text
	}
	for _, f := range l.record.Fields {
		if f.Value != "" {
			return f.Value
		}
	}
	return ""
}

func short(text string) string {
	if len(text) <= shownRunes {
		return text
	}
	n := 0
	for i := range text {
		if n++; n > shownRunes {
			return text[:i] + "…"
		}
	}
	return text
}

// render writes the page.
func (p *page) render() (io.ReadSeeker, error) {
	for i, counted := range p.counts {
		total := 0
		for _, n := range counted {
			total += n
		}
		// Twice as many answers as kinds: else they are texts that happen to be short.
		if len(counted) == 0 || total < 2*len(counted) {
			continue
		}
		d := distribution{Field: strings.TrimPrefix(p.names[i], answerPrefix)}
		for _, value := range slices.Sorted(maps.Keys(counted)) {
			d.Kinds = append(d.Kinds, share{value, counted[value], 100 * counted[value] / total})
		}
		slices.SortStableFunc(d.Kinds, func(a, b share) int { return cmp.Compare(b.Count, a.Count) })
		p.Kinds = append(p.Kinds, d)
	}
	parsed, err := template.New("report").Parse(reportHTML)
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	var b bytes.Buffer
	if err := parsed.Execute(&b, p); err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	return bytes.NewReader(b.Bytes()), nil
}
