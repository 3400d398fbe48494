package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// show prints the report for people.
func (r report) show(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	if len(r.Runs) > 0 {
		fmt.Fprintln(table, "records\tseconds\trecords/s\tfirst tenth/s\tlast tenth/s\tlast/first\tp50 s\tp99 s\tCPU ms/record\tcommand s\tdata MiB\t")
		for _, m := range r.Runs {
			fmt.Fprintf(table, "%d\t%.2f\t%.0f\t%.0f\t%.0f\t%.2f\t%.2f\t%.2f\t%.2f\t%.1f\t%.0f\t\n", m.Records, m.Seconds, m.PerSecond, m.Tenths[0], m.Tenths[9],
				m.Flatness, m.P50, m.P99, m.CPU, m.CommandSeconds, m.DataMiB)
		}
		fmt.Fprintln(table)
		r.tenths(table)
		r.memory(table)
	}
	if r.Front != nil {
		r.Front.show(table)
	}
	if len(r.Killed) > 0 {
		fmt.Fprintln(table, "records\tmachines killed\tfunctions killed\tcompleted once\tmails\tseconds\tseed\t")
		for _, k := range r.Killed {
			fmt.Fprintf(table, "%d\t%d\t%d\t%d\t%d\t%.1f\t%d\t\n", k.Records, k.Machines, k.Functions, k.Completed, k.Mails, k.Seconds, k.Seed)
		}
		fmt.Fprintln(table)
	}
	if len(r.Operations) > 0 {
		fmt.Fprintln(table, "operation\tat once\tsluice, durable /s\tmoto, memory /s\tsluice/moto\t")
		for _, o := range r.Operations {
			moto, ratio := "-", "-"
			if o.Moto > 0 {
				moto, ratio = fmt.Sprintf("%.0f", o.Moto), fmt.Sprintf("%.1f", o.Sluice/o.Moto)
			}
			fmt.Fprintf(table, "%s\t%d\t%.0f\t%s\t%s\t\n", o.Name, o.AtOnce, o.Sluice, moto, ratio)
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if r.Skipped != "" {
		fmt.Fprintln(w, "SKIPPED:", r.Skipped)
	}
	return nil
}

// tenths prints the pace of every tenth, and its CPU time.
func (r report) tenths(table io.Writer) {
	fmt.Fprintln(table, "tenth\t1\t2\t3\t4\t5\t6\t7\t8\t9\t10\t")
	row := func(format string, records int, values []float64, form string) {
		if len(values) == 0 {
			return
		}
		fmt.Fprintf(table, format+"\t", records)
		for _, value := range values {
			fmt.Fprintf(table, form+"\t", value)
		}
		fmt.Fprintln(table)
	}
	for _, m := range r.Runs {
		row("%d: records/s", m.Records, m.Tenths, "%.0f")
		row("%d: CPU ms/record", m.Records, m.CPUTenths, "%.2f")
	}
	fmt.Fprintln(table)
}

// memory prints the peak of every program, with its number of processes.
func (r report) memory(table io.Writer) {
	names := map[string]bool{}
	for _, m := range r.Runs {
		for name := range m.Peak {
			names[name] = true
		}
	}
	if len(names) == 0 {
		fmt.Fprintln(table, "peak memory cannot be told: this system has no /proc\t")
		return
	}
	columns := slices.Sorted(maps.Keys(names))
	fmt.Fprintf(table, "peak MiB (processes)\t%s\t\n", strings.Join(columns, "\t"))
	for _, m := range r.Runs {
		fmt.Fprintf(table, "%d\t", m.Records)
		for _, name := range columns {
			if m.Peak[name] == 0 {
				fmt.Fprint(table, "-\t")
				continue
			}
			fmt.Fprintf(table, "%.0f (%d)\t", m.Peak[name], max(m.Processes[name], 1))
		}
		fmt.Fprintln(table)
	}
	fmt.Fprintln(table)
}
