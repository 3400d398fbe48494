package metrics

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// ServeHTTP implements http.Handler.
func (r *Registry) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = w.Write(r.text())
}

// text is all series, those of one name together.
func (r *Registry) text() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []*series
	for _, s := range r.series {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b *series) int {
		if by := strings.Compare(a.name, b.name); by != 0 {
			return by
		}
		return strings.Compare(a.labels, b.labels)
	})
	var out bytes.Buffer
	for i, s := range all {
		if i == 0 || all[i-1].name != s.name {
			kind := "counter"
			if s.seconds {
				kind = "histogram"
			}
			fmt.Fprintf(&out, "# TYPE %s %s\n", s.name, kind)
		}
		s.write(&out)
	}
	return out.Bytes()
}

func (s *series) write(out *bytes.Buffer) {
	if !s.seconds {
		fmt.Fprintf(out, "%s{%s} %s\n", s.name, s.labels, number(s.sum))
		return
	}
	for i, bound := range bounds {
		fmt.Fprintf(out, "%s_bucket{%s,le=\"%s\"} %d\n", s.name, s.labels, number(bound), s.below[i])
	}
	fmt.Fprintf(out, "%s_bucket{%s,le=\"+Inf\"} %d\n%s_sum{%s} %s\n%s_count{%s} %d\n", s.name, s.labels, s.count, s.name, s.labels, number(s.sum), s.name, s.labels, s.count)
}

func number(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }
