package observability

import (
	"math"
	"slices"
)

// none is a datapoint that is not there.
var none = math.NaN()

// series are samples by metric and minute; a metric without a sample in a minute
// was not told.
type series map[string][]float64

func (s series) minutes() int {
	longest := 0
	for _, samples := range s {
		longest = max(longest, len(samples))
	}
	return longest
}

// datapoint is the statistic of a metric over one period, none without samples.
func (s series) datapoint(metric, statistic string, from, to int) float64 {
	var there []float64
	for m := from; m < min(to, len(s[metric])); m++ {
		if !math.IsNaN(s[metric][m]) {
			there = append(there, s[metric][m])
		}
	}
	if len(there) == 0 {
		return none
	}
	switch statistic {
	case "Sum":
		sum := 0.0
		for _, n := range there {
			sum += n
		}
		return sum
	case "Minimum":
		return slices.Min(there)
	case "Maximum":
		return slices.Max(there)
	}
	panic("statistic " + statistic + " is not known here")
}

// period is in minutes.
func (a alarm) period() int {
	if a.Period > 0 {
		return a.Period / 60
	}
	for _, q := range a.Queries {
		for _, m := range q.Metric {
			return m.Period / 60
		}
	}
	panic("alarm " + a.Name + " has no period")
}

// datapoints are those that the alarm looks at, a period after the other. A period
// in which no part of an expression has a sample has none.
func (a alarm) datapoints(s series) []float64 {
	var all []float64
	for from := 0; from < s.minutes(); from += a.period() {
		to := from + a.period()
		if len(a.Queries) == 0 {
			all = append(all, s.datapoint(a.Metric, a.Statistic, from, to))
			continue
		}
		parts, there, expression := map[string]float64{}, false, ""
		for _, q := range a.Queries {
			for _, m := range q.Metric {
				parts[q.ID] = s.datapoint(m.Name, m.Stat, from, to)
				there = there || !math.IsNaN(parts[q.ID])
			}
			if q.ReturnData {
				expression = q.Expression
			}
		}
		if !there {
			all = append(all, none)
			continue
		}
		all = append(all, calculate(expression, parts))
	}
	return all
}

func (a alarm) breaches(n float64) bool {
	switch a.Operator {
	case "GreaterThanThreshold":
		return n > a.Threshold
	case "GreaterThanOrEqualToThreshold":
		return n >= a.Threshold
	case "LessThanThreshold":
		return n < a.Threshold
	case "LessThanOrEqualToThreshold":
		return n <= a.Threshold
	}
	panic("operator " + a.Operator + " is not known here")
}

// further is how many datapoints CloudWatch looks back beyond those that it
// evaluates, in the examples of its documentation.
const further = 2

// alarming tells for the end of each period whether the alarm is in ALARM. Of the
// datapoints that CloudWatch looks at it evaluates the newest ones that are
// there; only where these are too few, missing ones count as they are to be
// treated.
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html)
func (a alarm) alarming(s series) []bool {
	needed := a.Breaching
	if needed == 0 {
		needed = a.Evaluate
	}
	all := a.datapoints(s)
	states := make([]bool, len(all))
	for end := range all {
		var there []float64
		for _, n := range all[max(end+1-a.Evaluate-further, 0) : end+1] {
			if !math.IsNaN(n) {
				there = append(there, n)
			}
		}
		there = there[max(len(there)-a.Evaluate, 0):]
		breaching := 0
		for _, n := range there {
			if a.breaches(n) {
				breaching++
			}
		}
		if missing := a.Evaluate - len(there); a.Missing == "breaching" && end+1 >= a.Evaluate {
			breaching += missing
		}
		states[end] = breaching >= needed
	}
	return states
}
