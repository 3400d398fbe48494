package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// measured is what one run came to; its JSON is an element of --json's "runs".
type measured struct {
	Records int `json:"records"`
	// Seconds are from the machine being up to the last terminal event, CommandSeconds those of the
	// whole command.
	Seconds        float64 `json:"seconds"`
	CommandSeconds float64 `json:"commandSeconds"`
	PerSecond      float64 `json:"recordsPerSecond"`
	// Tenths are the pace of each tenth of the terminal events, in records per second,
	// and CPUTenths what it took of CPU, in milliseconds per record. Flatness is the
	// last tenth's pace over the first one's.
	Tenths    []float64 `json:"tenthsPerSecond"`
	CPUTenths []float64 `json:"tenthsCpuMillisecondsPerRecord,omitempty"`
	Flatness  float64   `json:"lastOverFirst"`
	// P50 and P99 are in seconds, from a record's RequestReceived to its terminal
	// event.
	P50 float64 `json:"p50Seconds"`
	P99 float64 `json:"p99Seconds"`
	// CPU is in milliseconds per record.
	CPU float64 `json:"cpuMillisecondsPerRecord"`
	// Peak is in MiB, Processes the largest number at the same time, by program.
	Peak      map[string]float64 `json:"peakMiB"`
	Processes map[string]int     `json:"processes"`
	// DataMiB is what the run left in the data folder.
	DataMiB float64 `json:"dataMiB"`
}

// outcome is what sluice run --json prints, as far as it matters here.
type outcome struct {
	Records, Completed, Rejected, Failed, Parked, Missing, Mails, Reused int
	Results                                                              string
}

func (o outcome) check(records int) error {
	if o.Records != records || o.Completed != records {
		return fmt.Errorf("of %d records %d were received, and %d completed, %d rejected, %d failed, %d parked, %d missing",
			records, o.Records, o.Completed, o.Rejected, o.Failed, o.Parked, o.Missing)
	}
	return nil
}

// measure runs n records through a fresh machine.
func (b *bench) measure(ctx context.Context, n int) (measured, error) {
	var m measured
	folder, err := os.MkdirTemp(b.folder, "run-")
	if err != nil {
		return m, err
	}
	defer os.RemoveAll(folder)
	file, err := writeRecords(folder, n)
	if err != nil {
		return m, err
	}
	data := filepath.Join(folder, "data")
	cmd := b.sluice(ctx, "run", file, "--json", "--latency", "0s", "--data", data)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return m, fmt.Errorf("run: %w", err)
	}
	watched, counted := watch(cmd.Process.Pid), count(ctx, data, cmd.Process.Pid)
	err = cmd.Wait()
	seen := counted.end()
	m.Peak, m.Processes = watched.end()
	if err != nil {
		return m, fmt.Errorf("run of %d records: %w\n%s", n, err, out.Bytes())
	}
	m.Records, m.CommandSeconds = n, time.Since(began).Seconds()
	cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	m.CPU = cpu.Seconds() * 1000 / float64(n)
	m.DataMiB = sizeOf(data)
	var o outcome
	if err := json.Unmarshal(out.Bytes(), &o); err != nil {
		return m, fmt.Errorf("run of %d records: %w", n, err)
	}
	if err := errors.Join(o.check(n), broken(data)); err != nil {
		return m, err
	}
	if err := m.take(seen); err != nil {
		return m, fmt.Errorf("run of %d records: %w", n, err)
	}
	return m, nil
}

// take computes the figures from what was seen on the way.
func (m *measured) take(seen []sample) error {
	if len(seen) == 0 || seen[len(seen)-1].ended < m.Records {
		return errors.New("the machine's counts of events did not come to the end")
	}
	began := seen[0].at
	received, ended := timesOf(seen, m.Records, func(s sample) int { return s.received }), timesOf(seen, m.Records, func(s sample) int { return s.ended })
	m.Seconds = ended[m.Records-1].Sub(began).Seconds()
	m.PerSecond = float64(m.Records) / m.Seconds
	for i := range 10 {
		from, to := m.Records*i/10, m.Records*(i+1)/10
		m.Tenths = append(m.Tenths, pace(ended[from:to]))
		if all := seen[len(seen)-1].cpu; all > 0 {
			used := cpuAt(seen, ended[to-1]) - cpuAt(seen, ended[from])
			m.CPUTenths = append(m.CPUTenths, used.Seconds()*1000/float64(max(to-from-1, 1)))
		}
	}
	m.Flatness = m.Tenths[9] / m.Tenths[0]
	waits := make([]float64, m.Records)
	for i := range waits {
		waits[i] = max(ended[i].Sub(received[i]).Seconds(), 0)
	}
	m.P50, m.P99 = quantile(waits, 0.5), quantile(waits, 0.99)
	return nil
}

// timesOf is when the first, the second, … event was counted. Those that came
// between two samples are spread evenly over that time.
func timesOf(seen []sample, n int, count func(sample) int) []time.Time {
	all := make([]time.Time, 0, n)
	for i := 1; i < len(seen); i++ {
		from, to := seen[i-1], seen[i]
		more := count(to) - len(all)
		for k := 1; k <= more && len(all) < n; k++ {
			all = append(all, from.at.Add(to.at.Sub(from.at)*time.Duration(k)/time.Duration(more)))
		}
	}
	for len(all) < n { // what was not seen came last
		all = append(all, seen[len(seen)-1].at)
	}
	return all
}

// cpuAt is what CPU time had been taken at a time between two samples.
func cpuAt(seen []sample, at time.Time) time.Duration {
	i, _ := slices.BinarySearchFunc(seen, at, func(s sample, at time.Time) int { return s.at.Compare(at) })
	if i == 0 || i == len(seen) {
		return seen[min(i, len(seen)-1)].cpu
	}
	from, to := seen[i-1], seen[i]
	return from.cpu + time.Duration(float64(to.cpu-from.cpu)*float64(at.Sub(from.at))/float64(to.at.Sub(from.at)))
}

// pace is how many a second came after the first.
func pace(times []time.Time) float64 {
	return float64(len(times)-1) / max(times[len(times)-1].Sub(times[0]).Seconds(), 0.001)
}

// quantile sorts the values.
func quantile(values []float64, q float64) float64 {
	slices.Sort(values)
	return values[min(int(q*float64(len(values))), len(values)-1)]
}

// sizeOf is what a folder holds, in MiB.
func sizeOf(folder string) float64 {
	var bytes int64
	_ = filepath.WalkDir(folder, func(_ string, entry os.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // it went away meanwhile
		}
		if info, err := entry.Info(); err == nil && info.Mode().IsRegular() {
			bytes += info.Size()
		}
		return nil
	})
	return float64(bytes) / (1 << 20)
}
