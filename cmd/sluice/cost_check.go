package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"sluice/events"
	"sluice/internal/bedrock"
	"sluice/internal/ledger"
)

// check is the ledger beside what the model's own side counted.
type check struct {
	// By is who counted; Since is from when on both are compared, which is where the
	// later of the two begins.
	By     string         `json:"by"`
	Since  time.Time      `json:"since"`
	Models []checkedModel `json:"models"`
	// Others are models, or profiles, that this environment's ledger knows nothing of.
	Others []checkedModel `json:"others,omitempty"`
}

// checkedModel are the tokens of one model.
type checkedModel struct {
	Model string `json:"model"`
	// Asked is the id that the counts go by, where it is another one.
	Asked      string       `json:"asked,omitempty"`
	Ledger     events.Usage `json:"ledger"`
	Counted    events.Usage `json:"counted"`
	Difference events.Usage `json:"difference"` // counted less the ledger's
	// Why names what may make the difference; nil where there is none.
	Why []string `json:"why,omitempty"`
}

// counting says of whom the counts are.
type counting struct {
	by string
	// environment is the name of the profiles' owner; "" on one machine, where there
	// are none.
	environment string
	// alone: nobody else asks through what is counted.
	alone bool
	// late is why the counts of the last minutes may be missing, "" if they are not.
	late string
}

// reconcile puts the ledger's tokens of each model beside what was counted of it: of
// its own inference profile if there is one, else of its id, else of what the table
// of models takes for the same model.
func reconcile(c counting, since time.Time, ours []ledger.Group, counts []counted) (check, error) {
	table, err := bedrock.LoadModels()
	if err != nil {
		return check{}, err
	}
	result := check{By: c.by, Since: since, Models: []checkedModel{}}
	taken := make([]bool, len(counts))
	for _, g := range ours {
		if g.Usage == (events.Usage{}) && g.Unfinished+g.InFlight == 0 {
			continue // only reused answers, or throttled calls
		}
		m := checkedModel{Model: g.Name, Ledger: g.Usage}
		at, alone := find(table, c, g.Name, counts, taken)
		if at >= 0 {
			taken[at] = true
			m.Counted = counts[at].usage
			if counts[at].model != g.Name {
				m.Asked = counts[at].model
			}
		}
		m.Difference = minus(m.Counted, m.Ledger)
		m.Why = reasons(c, g.Totals, m.Difference, at >= 0, alone)
		result.Models = append(result.Models, m)
	}
	for i, one := range counts {
		if !taken[i] && one.usage != (events.Usage{}) {
			result.Others = append(result.Others, checkedModel{Model: one.name(), Counted: one.usage, Difference: one.usage, Why: []string{"not asked by this environment"}})
		}
	}
	return result, nil
}

func (c counted) name() string {
	if c.profile == "" {
		return c.model
	}
	return c.profile + " (" + c.model + ")"
}

// find is the place of what was counted of a model, -1 if nothing was; alone tells
// that nobody else is counted there.
func find(table bedrock.Models, c counting, model string, counts []counted, taken []bool) (at int, alone bool) {
	own := profileName(c.environment, model)
	same := func(a, b string) bool {
		one, known := table.Find(a)
		other, _ := table.Find(b)
		return known && one.ID == other.ID
	}
	for _, match := range []struct {
		alone bool
		is    func(counted) bool
	}{
		{true, func(o counted) bool { return c.environment != "" && o.profile == own }},
		{c.alone, func(o counted) bool { return o.profile == "" && o.model == model }},
		{c.alone, func(o counted) bool { return o.profile == "" && same(o.model, model) }},
	} {
		for i, o := range counts {
			if !taken[i] && match.is(o) {
				return i, match.alone
			}
		}
	}
	return -1, c.alone
}

// profileName is what Terraform calls an environment's own profile of a model.
func profileName(environment, model string) string {
	var words []string
	for word := range strings.FieldsFuncSeq(model, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9')
	}) {
		words = append(words, word)
	}
	name := "sluice-" + environment + "-" + strings.Join(words, "-")
	return name[:min(len(name), 64)]
}

func minus(a, b events.Usage) events.Usage {
	return events.Usage{Input: a.Input - b.Input, Output: a.Output - b.Output, CacheRead: a.CacheRead - b.CacheRead, CacheWrite: a.CacheWrite - b.CacheWrite}
}

// reasons names what may make a difference: of what was counted beyond the ledger,
// and of what was not.
func reasons(c counting, t ledger.Totals, d events.Usage, heard, alone bool) []string {
	var more, fewer []string
	if t.Unfinished > 0 {
		more = append(more, fmt.Sprintf("%d calls began and never ended here; the model counts what it answered", t.Unfinished))
	}
	if t.InFlight > 0 {
		more = append(more, fmt.Sprintf("%d calls are in flight", t.InFlight))
	}
	if !alone {
		more = append(more, c.by+" counts whoever else asked the model")
	}
	if !heard {
		fewer = append(fewer, c.by+" knows nothing of the model")
	}
	if c.late != "" {
		fewer = append(fewer, c.late)
	}
	var why []string
	kinds := []int{d.Input, d.Output, d.CacheRead, d.CacheWrite}
	if slices.Max(kinds) > 0 {
		why = append(why, orUnexplained(more)...)
	}
	if slices.Min(kinds) < 0 {
		why = append(why, orUnexplained(fewer)...)
	}
	return why
}

func orUnexplained(why []string) []string {
	if len(why) == 0 {
		return []string{"unexplained: calls at the edge of the time compared, or a fault"}
	}
	return why
}

// show prints the comparison.
func (c check) show(to io.Writer) error {
	fmt.Fprintf(to, "\nTokens beside what %s counted since %s:\n", c.By, c.Since.Local().Format(time.DateTime))
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "MODEL\t\tINPUT\tOUTPUT\tCACHE READ\tCACHE WRITE\t")
	row := func(model, what string, u events.Usage, format string) {
		fmt.Fprintf(table, strings.ReplaceAll("%s\t%s\tN\tN\tN\tN\t\n", "N", format), model, what, u.Input, u.Output, u.CacheRead, u.CacheWrite)
	}
	for _, m := range c.Models {
		row(m.Model, "ledger", m.Ledger, "%d")
		row("", "counted", m.Counted, "%d")
		row("", "difference", m.Difference, "%+d")
	}
	for _, m := range c.Others {
		row(m.Model, "others'", m.Counted, "%d")
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, m := range c.Models {
		for _, why := range m.Why {
			fmt.Fprintf(to, "%s: %s\n", m.Model, why)
		}
	}
	return nil
}
