package metrics

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// Registry sums metrics up. It is safe for concurrent use.
type Registry struct {
	mu     sync.Mutex
	series map[string]*series
}

// New is an empty registry.
func New() *Registry { return &Registry{series: map[string]*series{}} }

// series is one metric with one combination of dimensions.
type series struct {
	name   string
	labels string
	// seconds: it is a histogram.
	seconds bool
	sum     float64
	count   int
	// below counts the values up to each of the bounds.
	below [len(bounds)]int
}

// bounds of histograms, in seconds: from what a queue takes to what a deadline does.
var bounds = [...]float64{0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 86400}

// mostSeries bounds the memory; CloudWatch's bill bounds it there.
const mostSeries = 5000

// document is what is read of a line's member "_aws".
type document struct {
	CloudWatchMetrics []directive `json:"CloudWatchMetrics"`
}

type directive struct {
	Dimensions [][]string `json:"Dimensions"`
	Metrics    []struct {
		Name string `json:"Name"`
		Unit string `json:"Unit"`
	} `json:"Metrics"`
}

// Add adds what a line tells; other lines are passed over, at next to no cost.
func (r *Registry) Add(line string) {
	if !strings.Contains(line, `"_aws":{`) {
		return
	}
	var members map[string]json.RawMessage
	var d document
	if json.Unmarshal([]byte(line), &members) != nil || json.Unmarshal(members["_aws"], &d) != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, directive := range d.CloudWatchMetrics {
		labels := labels(directive.Dimensions, members)
		for _, m := range directive.Metrics {
			r.add(m.Name, m.Unit == "Milliseconds", labels, values(members[m.Name]))
		}
	}
}

// labels are those of the longest set of dimensions.
func labels(sets [][]string, members map[string]json.RawMessage) string {
	var longest []string
	for _, set := range sets {
		if len(set) > len(longest) {
			longest = set
		}
	}
	var all []string
	for _, name := range slices.Sorted(slices.Values(longest)) {
		var value string
		_ = json.Unmarshal(members[name], &value)
		all = append(all, word(name)+`="`+strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(value)+`"`)
	}
	return strings.Join(all, ",")
}

// values are a number, or many.
func values(raw json.RawMessage) []float64 {
	var many []float64
	if json.Unmarshal(raw, &many) == nil {
		return many
	}
	var one float64
	if json.Unmarshal(raw, &one) == nil {
		return []float64{one}
	}
	return nil
}

func (r *Registry) add(metric string, milliseconds bool, labels string, values []float64) {
	name := "sluice_" + word(metric) + "_total"
	if milliseconds {
		name = "sluice_" + word(metric) + "_seconds"
	}
	key := name + "{" + labels
	s := r.series[key]
	if s == nil {
		if len(r.series) >= mostSeries {
			return
		}
		s = &series{name: name, labels: labels, seconds: milliseconds}
		r.series[key] = s
	}
	for _, value := range values {
		s.note(value)
	}
}

func (s *series) note(value float64) {
	if !s.seconds {
		s.sum += value
		return
	}
	value /= 1000
	s.sum += value
	s.count++
	for i, bound := range bounds {
		if value <= bound {
			s.below[i]++
		}
	}
}

// word turns CamelCase into snake_case; CostUSD is cost_usd.
func word(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, c := range runes {
		if unicode.IsUpper(c) && i > 0 && (unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])) {
			b.WriteByte('_')
		}
		if c != '_' && !unicode.IsLetter(c) && !unicode.IsDigit(c) || c > unicode.MaxASCII {
			c = '_'
		}
		b.WriteRune(unicode.ToLower(c))
	}
	return b.String()
}
