package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"sluice/internal/local/machine"
)

// shownProblems is how many problems are shown to people; all are in the results
// file and in the JSON document.
const shownProblems = 20

// shownMails is how many of the new mails are shown.
const shownMails = 5

// show prints the summary, as a document or for people.
func (s *settings) show(session *session, sum *summary) error {
	if s.json {
		return s.document(sum)
	}
	s.showTable(sum)
	s.showProblems(sum)
	s.showTotals(session, sum)
	return nil
}

// showTable prints the first answers: the caller's id if there is one, the start
// of the text, and the answer's fields.
func (s *settings) showTable(sum *summary) {
	if len(sum.preview.rows) == 0 {
		return
	}
	var columns []int
	own := true
	for i, name := range sum.preview.header {
		if name == "outcome" {
			own = false
		}
		if name == "id" && own || strings.HasPrefix(name, "answer") || i == textColumn(sum.preview.header) {
			columns = append(columns, i)
		}
	}
	if len(columns) > 6 {
		columns = columns[:6]
	}
	width := max(120/max(len(columns), 1), 14)
	table := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	row := func(cells []string, header bool) {
		var line []string
		for _, i := range columns {
			cell := shorten(cells[i], width)
			if header {
				cell = strings.ToUpper(strings.TrimPrefix(cell, "answer."))
			}
			line = append(line, cell)
		}
		fmt.Fprintln(table, strings.Join(line, "\t"))
	}
	fmt.Fprintln(s.out)
	row(sum.preview.header, true)
	for _, cells := range sum.preview.rows {
		row(cells, false)
	}
	table.Flush()
	if more := sum.Completed - len(sum.preview.rows); more > 0 {
		fmt.Fprintf(s.out, "… and %d more in the results file\n", more)
	}
}

// textColumn is the column of the input's text, -1 if it has another name.
func textColumn(header []string) int {
	for i, name := range header {
		if name == "outcome" {
			break
		}
		if name == "text" {
			return i
		}
	}
	return -1
}

func (s *settings) showProblems(sum *summary) {
	if len(sum.Problems) == 0 {
		return
	}
	fmt.Fprintln(s.out, "\nNot answered:")
	for i, p := range sum.Problems {
		if i == shownProblems {
			fmt.Fprintf(s.out, "  … and %d more in the results file\n", len(sum.Problems)-shownProblems)
			break
		}
		where := fmt.Sprintf("record %d", p.Record)
		if p.File != "" {
			where = p.File + " " + where
		}
		fmt.Fprintf(s.out, "  %s: %s: %s\n", where, p.Event, shorten(p.Reason, 140))
	}
}

func (s *settings) showTotals(session *session, sum *summary) {
	fmt.Fprintf(s.out, "\n%d records: %d completed, %d rejected, %d failed, %d parked, in %.1f s\n",
		sum.Records, sum.Completed, sum.Rejected, sum.Failed, sum.Parked, sum.Seconds)
	if sum.repeated() {
		fmt.Fprintf(s.out, "%d reused, $0, no mail; --again resends\n", sum.Reused)
	} else {
		fmt.Fprintf(s.out, "cost     $%.4f (%s; %s)\n", sum.CostUSD, sum.CostIs, billed(session.realModel))
		if sum.Reused > 0 {
			fmt.Fprintf(s.out, "         %d answers were reused at no cost\n", sum.Reused)
		}
		for _, m := range sum.newMails {
			fmt.Fprintf(s.out, "mail     %s → %s   (%s mails %s)\n", m.Subject, strings.Join(m.To, ", "), program(), m.ID)
		}
	}
	for _, f := range sum.Reports {
		fmt.Fprintf(s.out, "results  %s\nreport   %s\n", relative(f.Results), relative(f.Report))
		fmt.Fprintf(s.out, "         s3://%s/%s\n", machine.Bucket, f.resultsKey)
	}
	first := sum.Reports[0]
	fmt.Fprintf(s.out, "\nNext:\n  %s run %s --task sentiment    ask something else\n", program(), quoted(relative(first.File)))
	fmt.Fprintf(s.out, "  %s dev    keep the machine up for any AWS client; then:\n", program())
	fmt.Fprintf(s.out, "  curl -s '%s/%s/%s'\n", session.url, machine.Bucket, first.resultsKey)
}

// billed says what the costs mean for whoever pays.
func billed(realModel bool) string {
	if realModel {
		return "Amazon Bedrock answered, and AWS bills it"
	}
	return "the built-in stand-in model answered, so nothing was billed"
}

// repeated: everything had been done by an earlier run.
func (sum *summary) repeated() bool {
	for _, f := range sum.Reports {
		if !f.before {
			return false
		}
	}
	return true
}

// relative is the path from the present folder, where that is shorter.
func relative(path string) string {
	here, err := filepath.Abs(".")
	if err != nil {
		return path
	}
	short, err := filepath.Rel(here, path)
	if err != nil || len(short) >= len(path) {
		return path
	}
	return short
}
