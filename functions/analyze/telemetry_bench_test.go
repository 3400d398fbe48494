package analyze

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// Two programs run side by side, one that tells what it does and one that was
// told not to: what they differ in is the price of logs and metrics. They print
// into a file, as /dev/null would make it cheaper than it is.

// silent ends lines, metrics and spans; the ledger goes on.
const silent = "AWS_LAMBDA_LOG_LEVEL=ERROR"

// BenchmarkTelemetryOfARecord is the processor time of one record with telemetry
// and without, in batches of 100 with ten records to a call.
func BenchmarkTelemetryOfARecord(b *testing.B) {
	var pair [2]struct {
		cloud *cloud
		cmd   *exec.Cmd
		idle  time.Duration
	}
	for i, extra := range [][]string{nil, {silent}} {
		c := newCloud(b, 0)
		idle := stop(c.printing(b, extra...))
		pair[i].cloud, pair[i].idle, pair[i].cmd = c, idle, c.printing(b, extra...)
	}
	records := 0
	for b.Loop() {
		event := batch(b, 100+records, 100, "classify")
		for i := range pair {
			pair[(i+records/100)%2].cloud.invoke(b, event) // by turns, who comes first
		}
		records += 100
	}
	var took [2]float64
	for i := range pair {
		took[i] = float64((stop(pair[i].cmd) - pair[i].idle).Microseconds()) / float64(records)
	}
	report(b, took, "cpu-µs/record")
}

// BenchmarkTelemetryOfAColdStart is the processor time from the start of the
// process to its first answer, with telemetry and without; the median of all.
func BenchmarkTelemetryOfAColdStart(b *testing.B) {
	event := batch(b, 0, 1, "classify")
	var all [2][]time.Duration
	for b.Loop() {
		for i, extra := range [][]string{nil, {silent}} {
			c := newCloud(b, 0)
			cmd := c.start(b, extra...)
			c.invoke(b, event)
			all[i] = append(all[i], stop(cmd))
		}
	}
	var took [2]float64
	for i := range all {
		slices.Sort(all[i])
		took[i] = float64(all[i][len(all[i])/2].Microseconds()) / 1000
	}
	report(b, took, "cpu-ms/start")
}

// report shows a pair.
func report(b *testing.B, took [2]float64, unit string) {
	b.Helper()
	b.ReportMetric(took[0], unit+"-with")
	b.ReportMetric(took[1], unit+"-without")
	b.ReportMetric((took[0]/took[1]-1)*100, "%more")
	b.ReportMetric(0, "ns/op")
}

// printing is a program that has answered once, and prints into a file.
func (c *cloud) printing(b *testing.B, extra ...string) *exec.Cmd {
	b.Helper()
	file, err := os.Create(filepath.Join(b.TempDir(), "stdout"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = file.Close() })
	cmd := c.command(b, extra...)
	cmd.Stdout = file
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	c.invoke(b, batch(b, 0, 10, "classify"))
	return cmd
}
