package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sluice/internal/chart"
)

// draw writes the drawing, in the format that the name tells.
func (r *planReport) draw(path string) error {
	c := r.chart()
	write := c.WriteSVG
	if strings.EqualFold(filepath.Ext(path), ".png") {
		write = c.WritePNG
	}
	var drawn bytes.Buffer
	if err := write(&drawn); err != nil {
		return err
	}
	if err := os.WriteFile(path, drawn.Bytes(), 0o644); err != nil {
		return fmt.Errorf("cannot write the drawing: %w", err)
	}
	return nil
}

// chart is how many records have no answer over time, of ours and of the naive
// way.
func (r *planReport) chart() chart.Chart {
	ours, naive := r.courses[packedWay], r.courses[naiveWay]
	longest := max(ours.Seconds, naive.Seconds)
	if r.Deadline != nil {
		longest = max(longest, r.Deadline.Seconds)
	}
	unit, name := unitOf(longest)
	lost := fmt.Sprintf("SDK retry (%s)", length(naive.Seconds))
	if naive.Answered < r.Records {
		lost = fmt.Sprintf("SDK retry (%s never answered)", percent(float64(r.Records-naive.Answered)/float64(r.Records)))
	}
	lines := []chart.Line{
		{Name: fmt.Sprintf("Sluice (%s)", length(ours.Seconds)), Filled: true, Points: traced(ours, unit, longest)},
		{Name: lost, Dashed: true, Points: traced(naive, unit, longest)},
	}
	c := chart.Chart{
		Title:    "Backlog: " + r.heading(),
		Subtitle: r.circumstances(),
		X:        chart.Axis{Title: name + " since the beginning"},
		Y:        chart.Axis{Title: "records without an answer", Label: short},
		Lines:    lines,
	}
	if r.Deadline != nil {
		c.Mark = chart.Mark{X: r.Deadline.Seconds / unit, Label: "deadline"}
	}
	return c
}

// traced is a line through what a course has not answered yet, on an axis in units
// of seconds. What is given up stays unanswered until the longest is done.
func traced(c course, unit, longest float64) []chart.Point {
	points := make([]chart.Point, len(c.points), len(c.points)+1)
	for i, p := range c.points {
		points[i] = chart.Point{X: p.At.Seconds() / unit, Y: float64(p.Waiting + p.DeadLettered)}
	}
	if last := points[len(points)-1]; last.Y > 0 {
		points = append(points, chart.Point{X: longest / unit, Y: last.Y})
	}
	return points
}

// unitOf is in how many seconds, and under which name, a time is best told.
func unitOf(seconds float64) (unit float64, name string) {
	for _, u := range []struct {
		is   time.Duration
		name string
	}{{24 * time.Hour, "days"}, {time.Hour, "hours"}, {time.Minute, "minutes"}} {
		if seconds >= 3*u.is.Seconds() {
			return u.is.Seconds(), u.name
		}
	}
	return 1, "seconds"
}
