package main

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"sluice/internal/sim"
)

// columns is how wide a plan may be.
const columns = 80

// print writes the plan for people, in 80 columns.
func (r *planReport) print(to io.Writer) {
	fmt.Fprintln(to, r.heading())
	fmt.Fprintln(to, r.circumstances())
	fmt.Fprintln(to)
	r.printWays(to)
	r.printSavings(to)
	r.printLanes(to)
	r.printBacklog(to)
	r.printAssumed(to)
	if r.Drawing != "" {
		fmt.Fprintf(to, "\nThe backlog is drawn in %s\n", r.Drawing)
	}
}

func (r *planReport) heading() string {
	return fmt.Sprintf("%s, task %s, %s", recordsOf(r.Records), r.Task, r.Model)
}

func (r *planReport) circumstances() string {
	said := fmt.Sprintf("%s tokens a minute (%s)", grouped(r.Quota.TokensPerMinute), map[string]string{
		"bucket": "token bucket", "minute": "the clock's minute", "sliding": "sliding minute"}[r.Quota.Window])
	switch sim.Load(r.Assumed.Load) {
	case sim.Bursty:
		return said + ", ten heaps over " + length(r.Assumed.OverSeconds)
	case sim.Trickle:
		return said + ", one by one over " + length(r.Assumed.OverSeconds)
	}
	return said + ", all records at once"
}

// title is what a way is called in a table.
func title(w way) string {
	return map[way]string{packedWay: "SLUICE", singleWay: "ONE PER CALL", untunedWay: "UNTUNED", naiveWay: "SDK RETRY"}[w]
}

// grid is a table whose first column leans to the left, and the others to the
// right.
type grid [][]string

func (g *grid) row(cells ...string) { *g = append(*g, cells) }

func (g grid) print(to io.Writer) {
	var widths []int
	for _, cells := range g {
		for i, cell := range cells {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, cells := range g {
		line := fmt.Sprintf("%-*s", widths[0], cells[0])
		for i, cell := range cells[1:] {
			line += fmt.Sprintf("   %*s", widths[i+1], cell)
		}
		fmt.Fprintln(to, line)
	}
}

// printWays shows the ways beside one another.
func (r *planReport) printWays(to io.Writer) {
	var shown []course
	for _, c := range r.Ways {
		if c.Way != untunedWay {
			shown = append(shown, c)
		}
	}
	var table grid
	line := func(name string, cell func(course) string) {
		cells := []string{name}
		for _, c := range shown {
			cells = append(cells, cell(c))
		}
		table.row(cells...)
	}
	line("", func(c course) string { return title(c.Way) })
	line("records answered", func(c course) string { return grouped(c.Answered) })
	line("given up (dead-lettered)", func(c course) string { return grouped(c.DeadLettered) })
	line("time", func(c course) string {
		if c.Answered+c.DeadLettered == 0 {
			return "never"
		}
		return length(c.Seconds)
	})
	line("throttles", func(c course) string { return grouped(c.Throttles) })
	line("attempts throttled", func(c course) string { return percent(c.ThrottleShare) })
	if shown[0].P95 > 0 {
		line("95 % answered within", func(c course) string {
			if c.P95 == 0 {
				return "-"
			}
			return length(c.P95)
		})
	}
	line("calls answered", func(c course) string { return grouped(c.Calls) })
	line("records per call", func(c course) string { return strconv.FormatFloat(c.PerCall, 'f', 1, 64) })
	line("quota tokens per record", func(c course) string { return grouped(int(math.Round(c.PerRecord))) })
	line("use of the quota", func(c course) string { return percent(c.Goodput) })
	line("cost, "+string(r.Lane), func(c course) string { return money(c.USD) })
	line("cost of 1,000 answers", func(c course) string {
		if c.Answered == 0 {
			return "-"
		}
		return money(c.USD / float64(c.Answered) * 1000)
	})
	line("Lambda hours", func(c course) string { return hours(c.LambdaSeconds) })
	line("sandboxes x calls", func(c course) string { return fmt.Sprintf("%d x %d", c.Sandboxes, c.CallsInFlight) })
	line("max_tokens of a call", func(c course) string { return grouped(c.MaxTokens) })
	table.print(to)
	naive := r.courses[naiveWay]
	said := fmt.Sprintf("SLUICE: up to %s per call.", recordsOf(r.courses[packedWay].RecordsPerCall))
	if r.Packing != nil {
		said += " ONE PER CALL: the same, not packed."
	}
	said += fmt.Sprintf(" SDK RETRY: one record per call, %d sandboxes of one call each (three times what the quota feeds, as where nobody limits them), max_tokens %s, the AWS SDK's standard retries; a record is given up after five receives.",
		naive.Sandboxes, grouped(naive.MaxTokens))
	fmt.Fprintf(to, "\n%s\n", wrapped(said, ""))
}

// printSavings says what the plan comes to and what is saved.
func (r *planReport) printSavings(to io.Writer) {
	p := r.plan
	item := func(name, format string, args ...any) {
		fmt.Fprintln(to, wrapped(fmt.Sprintf("%-15s", name)+fmt.Sprintf(format, args...), strings.Repeat(" ", 15)))
	}
	fmt.Fprintln(to)
	if d := r.Deadline; d != nil {
		left := d.Seconds - r.courses[packedWay].Seconds
		switch {
		case d.Met && left < d.Seconds/20:
			item("deadline", "%s: met, but with no more than %s to spare, which is too close to rely on", length(d.Seconds), length(left))
		case d.Met:
			item("deadline", "%s: met, with %s to spare", length(d.Seconds), length(left))
		case left < 0:
			item("deadline", "%s: MISSED by %s", length(d.Seconds), length(-left))
		default:
			item("deadline", "%s: MISSED, not every record is answered", length(d.Seconds))
		}
	}
	item("by hand", "%s instruction / %d + %s input + %s x %s output = %s quota tokens a record; x %s / %s a minute = %s at the least",
		grouped(p.instruction), p.packed, grouped(p.input+frameTokens), strconv.FormatFloat(r.Quota.Burn, 'g', -1, 64), grouped(p.output+frameTokens),
		grouped(int(math.Round(r.Floor.QuotaTokensPerRecord))), grouped(r.Records), grouped(r.Quota.TokensPerMinute), length(r.Floor.Seconds))
	alone := r.courses[singleWay]
	switch s := r.Packing; {
	case s == nil:
	case s.QuotaTokens <= 0:
		item("packing saves", "nothing here: there are too few records to share a call")
	default:
		sooner := "no time"
		if s.Seconds >= 1 {
			sooner = length(s.Seconds)
		}
		item("packing saves", "%s quota tokens (%s), %s (%s) and %s", short(s.QuotaTokens), percent(s.QuotaTokens/alone.QuotaTokens),
			money(s.USD), percent(s.USD/alone.USD), sooner)
	}
	switch t := r.Tuning; {
	case t.Reclaimed <= 0:
		item("max_tokens", "%s a call is the task's own limit; answers of this length leave nothing for the tuner to reclaim", grouped(t.Tuned))
	default:
		gained := "the time stays the same"
		if t.Seconds != nil && *t.Seconds >= 1 {
			gained = length(*t.Seconds) + " sooner"
		}
		item("max_tokens", "tuned to %s a call; the task's limit would reserve %s. Reclaimed: %s tokens of every call, %s in all; %s",
			grouped(t.Tuned), grouped(t.Untuned), grouped(t.Reclaimed), short(float64(t.Total)), gained)
	}
}

// printLanes shows what each lane costs.
func (r *planReport) printLanes(to io.Writer) {
	fmt.Fprintln(to)
	var table grid
	table.row("LANE", "IN / OUT PER 1M", "PACKED", "ONE PER CALL", "SAVED")
	for _, l := range r.Lanes {
		name := string(l.Lane)
		if l.Lane == r.Lane {
			name += " (this plan)"
		}
		if !l.Has {
			table.row(name, "the model has none", "-", "-", "-")
			continue
		}
		table.row(name, fmt.Sprintf("$%s / $%s", price(l.Input), price(l.Output)), money(l.USD), money(l.UnpackedUSD), percent(1-l.USD/l.UnpackedUSD))
	}
	table.print(to)
}

// printBacklog shows how many records wait at a few moments.
func (r *planReport) printBacklog(to io.Writer) {
	fmt.Fprintln(to)
	var table grid
	table.row("BACKLOG AFTER", "SLUICE", "SDK RETRY", "ITS DEAD LETTERS")
	for _, b := range r.Backlog {
		table.row(length(b.Seconds), grouped(b.Sluice), grouped(b.Naive), grouped(b.DeadLettered))
	}
	table.print(to)
}

// printAssumed says what the plan takes for granted.
func (r *planReport) printAssumed(to io.Writer) {
	a := r.Assumed
	item := func(format string, args ...any) {
		fmt.Fprintln(to, wrapped("  - "+fmt.Sprintf(format, args...), "    "))
	}
	fmt.Fprintln(to, "\nASSUMED")
	item("Tokens: %s of instruction and parameters in a call; %s of input and %s of output a record; %d more of each for its frame when packed.",
		grouped(a.Instruction), grouped(a.Input), grouped(a.Output), a.Frame)
	item("The model takes %ss for the first token and then writes %s tokens a second. A token of output takes %s of the quota.",
		strconv.FormatFloat(a.FirstToken, 'g', -1, 64), strconv.FormatFloat(a.Speed, 'g', -1, 64), strconv.FormatFloat(r.Quota.Burn, 'g', -1, 64))
	item("Prices of %s: %s, without Lambda, SQS, taxes and the prompt cache. All lanes share one quota; a batch job is outside of it and takes up to a day.", a.PricesOf, a.CostIs)
	item("No answer is reused, nobody else uses the quota, seed %d.", a.Seed)
	if r.Rejected > 0 {
		item("%s more in the file cannot be asked about; they are rejected and cost nothing.", recordsOf(r.Rejected))
	}
	for _, note := range r.Notes {
		item("%s", note)
	}
}

// wrapped breaks a text into lines of 80 columns, all but the first indented.
func wrapped(said, indent string) string {
	lead := said[:len(said)-len(strings.TrimLeft(said, " "))]
	var b strings.Builder
	b.WriteString(lead)
	at := len(lead)
	gap := ""
	rest := said[len(lead):]
	for rest != "" {
		word, after, _ := strings.Cut(rest, " ")
		rest = after
		if at+len(gap)+len(word) > columns && at > len(indent) {
			b.WriteString("\n" + indent)
			at, gap = len(indent), ""
		}
		b.WriteString(gap + word)
		at += len(gap) + len(word)
		gap = " "
	}
	return b.String()
}

// grouped writes 1234567 as 1,234,567.
func grouped(n int) string {
	said := strconv.Itoa(n)
	sign := ""
	if n < 0 {
		sign, said = "-", said[1:]
	}
	for i := len(said) - 3; i > 0; i -= 3 {
		said = said[:i] + "," + said[i:]
	}
	return sign + said
}

func recordsOf(n int) string {
	if n == 1 {
		return "1 record"
	}
	return grouped(n) + " records"
}

// short writes large numbers with three digits: 950, 12.3k, 1.03M, 17G.
func short(v float64) string {
	for _, unit := range []struct {
		name string
		is   float64
	}{{"G", 1e9}, {"M", 1e6}, {"k", 1e3}} {
		if math.Abs(v) >= unit.is*0.9995 {
			return fmt.Sprintf("%.3g%s", v/unit.is, unit.name)
		}
	}
	return strconv.FormatFloat(v, 'f', 0, 64)
}

// length writes seconds as two units at most: 42s, 18m 5s, 2h 43m, 3d 4h.
func length(seconds float64) string {
	d := time.Duration(math.Round(seconds)) * time.Second
	unit := func(of, in time.Duration, a, b string) string {
		d = d.Round(in)
		if rest := d % of / in; rest > 0 {
			return fmt.Sprintf("%d%s %d%s", d/of, a, rest, b)
		}
		return fmt.Sprintf("%d%s", d/of, a)
	}
	const day = 24 * time.Hour
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return unit(time.Minute, time.Second, "m", "s")
	case d < 2*day:
		return unit(time.Hour, time.Minute, "h", "m")
	}
	return unit(day, time.Hour, "d", "h")
}

// hours writes seconds in hours, with a digit after the point where it matters.
func hours(seconds float64) string {
	if seconds >= 100*3600 {
		return grouped(int(math.Round(seconds / 3600)))
	}
	return strconv.FormatFloat(seconds/3600, 'f', 1, 64)
}

func percent(share float64) string {
	if share == 0 {
		return "0 %"
	}
	if math.Abs(share) < 0.01 {
		return fmt.Sprintf("%.2f %%", share*100)
	}
	return fmt.Sprintf("%.1f %%", share*100)
}

// money shows cents, and more of what is less than a dollar.
func money(usd float64) string {
	if math.Abs(usd) < 1 {
		return dollars(usd)
	}
	cents := int(math.Round(usd * 100))
	return fmt.Sprintf("$%s.%02d", grouped(cents/100), cents%100)
}

// price has cents at least.
func price(perMillion float64) string {
	said := strconv.FormatFloat(perMillion, 'f', -1, 64)
	if cents := strconv.FormatFloat(perMillion, 'f', 2, 64); len(cents) > len(said) {
		return cents
	}
	return said
}
