package telemetry

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Namespace is that of all metrics.
const Namespace = "Sluice"

// scope is what a metric is told apart by, beside the environment.
type scope int

const (
	all      scope = iota // nothing
	function              // the function, which every line names
	byTask                // the task, and all of them together
	byClass               // why there is no answer
)

// dimensions are the scope's sets of dimensions.
var dimensions = [...]string{
	all: `["environment"]`, function: `["environment","function"]`,
	byTask: `["environment"],["environment","task"]`, byClass: `["environment","class"]`,
}

// members are the dimensions that a line does not have anyway.
var members = [...]string{byTask: "task", byClass: "class"}

// metric is one metric. Durations are given as values of their own, so that
// there are percentiles of them; the rest is added up.
type metric struct {
	name     string
	duration bool
}

var (
	received      = metric{name: "Received"}
	completed     = metric{name: "Completed"}
	failed        = metric{name: "Failed"}
	rejected      = metric{name: "Rejected"}
	parked        = metric{name: "Parked"}
	skipped       = metric{name: "Skipped"}
	unanswered    = metric{name: "Unanswered"}
	endedAfter    = metric{"EndedAfter", true}
	notifiedAfter = metric{"NotifiedAfter", true}
	mails         = metric{name: "Mails"}
	delivered     = metric{name: "Delivered"}
	bounces       = metric{name: "Bounces"}
	softBounces   = metric{name: "SoftBounces"}
	complaints    = metric{name: "Complaints"}
	messages      = metric{name: "Messages"}
	retried       = metric{name: "Retried"}
	deferred      = metric{name: "Deferred"}
	givenUp       = metric{name: "GivenUp"}
	coldStarts    = metric{name: "ColdStarts"}
	queueAge      = metric{"QueueAge", true}
)

// series is where a value belongs to: a scope, and the value of its member.
type series struct {
	scope scope
	value string
}

// sums are the values of one invocation. The zero value has none.
type sums map[series]map[metric][]float64

func (s *sums) add(in scope, value string, m metric, n float64) {
	if *s == nil {
		*s = sums{}
	}
	at := (*s)[series{in, value}]
	if at == nil {
		at = map[metric][]float64{}
		(*s)[series{in, value}] = at
	}
	if m.duration || len(at[m]) == 0 {
		at[m] = append(at[m], n)
	} else {
		at[m][0] += n
	}
}

// mostValues is how many values of one metric a document may have.
const mostValues = 100

// print prints a document for what needs no member of its own, and one for each
// value of those that do; and more where there are more values than fit.
func (s sums) print(ctx context.Context, log *slog.Logger, now time.Time) {
	var common []series
	for at := range s {
		if members[at.scope] == "" {
			common = append(common, at)
			continue
		}
		s.document(ctx, log, now, at)
	}
	if len(common) > 0 {
		s.document(ctx, log, now, common...)
	}
}

// document prints what series hold that can share documents.
func (s sums) document(ctx context.Context, log *slog.Logger, now time.Time, which ...series) {
	slices.SortFunc(which, func(a, b series) int { return int(a.scope) - int(b.scope) })
	for more := true; more; {
		more = false
		var directives []string
		var attrs []slog.Attr
		for _, at := range which {
			directive, values, left := s.take(at)
			if directive == "" {
				continue
			}
			if member := members[at.scope]; member != "" {
				attrs = append(attrs, slog.String(member, at.value))
			}
			directives, attrs, more = append(directives, directive), append(attrs, values...), more || left
		}
		aws := `{"Timestamp":` + strconv.FormatInt(now.UnixMilli(), 10) + `,"CloudWatchMetrics":[` + strings.Join(directives, ",") + `]}`
		log.LogAttrs(ctx, slog.LevelInfo, "metrics", append(attrs, slog.Any("_aws", json.RawMessage(aws)))...)
	}
}

// take takes out of a series what fits into one document, and tells whether there
// is more.
func (s sums) take(at series) (directive string, values []slog.Attr, more bool) {
	var names []string
	for _, m := range slices.SortedFunc(maps.Keys(s[at]), func(a, b metric) int { return strings.Compare(a.name, b.name) }) {
		n := min(len(s[at][m]), mostValues)
		if n == 0 {
			continue
		}
		names, values = append(names, m.directive()), append(values, m.attr(s[at][m][:n]))
		s[at][m] = s[at][m][n:]
		more = more || len(s[at][m]) > 0
	}
	if len(names) == 0 {
		return "", nil, false
	}
	return `{"Namespace":"` + Namespace + `","Dimensions":[` + dimensions[at.scope] + `],"Metrics":[` + strings.Join(names, ",") + `]}`, values, more
}

func (m metric) directive() string {
	unit := "Count"
	if m.duration {
		unit = "Milliseconds"
	}
	return `{"Name":"` + m.name + `","Unit":"` + unit + `"}`
}

func (m metric) attr(values []float64) slog.Attr {
	if len(values) == 1 {
		return slog.Float64(m.name, values[0])
	}
	return slog.Any(m.name, values)
}
