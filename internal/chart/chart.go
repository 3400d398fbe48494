package chart

import (
	"errors"
	"fmt"
	"math"
)

// Chart is what is drawn.
type Chart struct {
	// Title and Subtitle stand above the drawing, each on one line, smaller if they
	// are long.
	Title, Subtitle string
	// X and Y are the axes. Both begin at 0.
	X, Y Axis
	// Lines are drawn in their order, the first on top: one to four.
	Lines []Line
	// Mark is a dashed upright line; it is left out where its Label is "".
	Mark Mark
}

// Axis is one of the two.
type Axis struct {
	// Title says what is measured, and its unit.
	Title string
	// Label writes a tick's value; nil writes it with as many digits as it needs.
	Label func(value float64) string
}

// Line is one course of values.
type Line struct {
	Name string
	// Points go from left to right. Values below 0 are drawn at 0.
	Points []Point
	// Dashed sets it apart for those who see no colors.
	Dashed bool
	// Filled tints what is below it.
	Filled bool
}

// Point is a value at a place on the x axis.
type Point struct{ X, Y float64 }

// Mark is a place on the x axis with a name.
type Mark struct {
	X     float64
	Label string
}

// mostLines is how many lines have a color.
const mostLines = 4

// ErrChart is wrapped by the error of a chart that cannot be drawn.
var ErrChart = errors.New("chart")

// check tells what keeps a chart from being drawn.
func (c Chart) check() error {
	if len(c.Lines) < 1 || len(c.Lines) > mostLines {
		return fmt.Errorf("%w: it has %d lines; 1 to %d can be drawn", ErrChart, len(c.Lines), mostLines)
	}
	for _, line := range c.Lines {
		if len(line.Points) == 0 {
			return fmt.Errorf("%w: the line %q has no points", ErrChart, line.Name)
		}
		for _, p := range line.Points {
			if !finite(p.X) || !finite(p.Y) {
				return fmt.Errorf("%w: the line %q has a point that is no number", ErrChart, line.Name)
			}
		}
	}
	if !finite(c.Mark.X) {
		return fmt.Errorf("%w: the mark is not at a number", ErrChart)
	}
	return nil
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// extent is the largest value on each axis; 1 where there is none above 0.
func (c Chart) extent() (x, y float64) {
	for _, line := range c.Lines {
		for _, p := range line.Points {
			x, y = max(x, p.X), max(y, p.Y)
		}
	}
	if c.Mark.Label != "" {
		x = max(x, c.Mark.X)
	}
	if x == 0 {
		x = 1
	}
	if y == 0 {
		y = 1
	}
	return x, y
}

// ticks are at round distances from 0, about so many, up to the first that is
// not below the largest value.
func ticks(largest float64, about int) []float64 {
	step := largest / float64(about)
	power := math.Pow(10, math.Floor(math.Log10(step)))
	for _, round := range []float64{1, 2, 5, 10} {
		if round*power >= step*0.999 {
			step = round * power
			break
		}
	}
	var values []float64
	for i := 0; ; i++ {
		values = append(values, float64(i)*step)
		if float64(i)*step >= largest*0.999 {
			return values
		}
	}
}

// label writes a tick's value.
func (a Axis) label(value float64) string {
	if a.Label != nil {
		return a.Label(value)
	}
	return fmt.Sprintf("%.6g", value)
}
