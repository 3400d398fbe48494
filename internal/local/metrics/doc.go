// Package metrics is what CloudWatch makes of the functions' metrics, for one
// machine: their documents in the embedded metric format are read as they are
// printed and offered to Prometheus.
//
//	a function prints ─► Add ─► sums by name and dimensions ─► ServeHTTP, GET /metrics
//
// A metric Name with dimensions becomes sluice_name_total{environment="…",…}, a
// counter, or for milliseconds sluice_name_seconds, a histogram. Of a metric that
// is told by several sets of dimensions only the longest set is kept: the others
// are its sums. Nothing outlives the machine, as Prometheus expects of counters.
//
// (https://prometheus.io/docs/instrumenting/exposition_formats/)
//
// The format is three kinds of lines, so no library is linked for it.
package metrics
