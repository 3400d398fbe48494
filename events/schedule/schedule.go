package schedule

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// longest is the most characters that PutRule takes
// (https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html).
const longest = 256

// Schedule is when a rule is due.
type Schedule struct {
	every time.Duration // of a rate; 0 for a cron
	cron  cron
}

// Parse reads rate(value unit) or cron(fields). The error says in a sentence what
// is wrong.
func Parse(expression string) (Schedule, error) {
	if len(expression) > longest {
		return Schedule{}, fmt.Errorf("it has more than %d characters", longest)
	}
	kind, rest, opened := strings.Cut(expression, "(")
	inside, closed := strings.CutSuffix(rest, ")")
	if opened && closed {
		switch kind {
		case "rate":
			every, err := parseRate(inside)
			return Schedule{every: every}, err
		case "cron":
			c, err := parseCron(inside)
			return Schedule{cron: c}, err
		}
	}
	return Schedule{}, errors.New("it is neither rate(value unit) nor cron(minutes hours day-of-month month day-of-week year)")
}

func parseRate(inside string) (time.Duration, error) {
	text, unit, _ := strings.Cut(inside, " ")
	value, err := strconv.ParseUint(text, 10, 63)
	if err != nil || value == 0 {
		return 0, fmt.Errorf("a rate's value is a positive whole number, and not %q", text)
	}
	of := map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}[strings.TrimSuffix(unit, "s")]
	switch plural := strings.HasSuffix(unit, "s"); {
	case of == 0:
		return 0, fmt.Errorf("a rate's unit is minute, minutes, hour, hours, day or days, and not %q", unit)
	case plural && value == 1:
		return 0, fmt.Errorf("the unit of 1 is singular: rate(1 %s)", strings.TrimSuffix(unit, "s"))
	case !plural && value > 1:
		return 0, fmt.Errorf("the unit of %d is plural: rate(%d %ss)", value, value, unit)
	case value > uint64(math.MaxInt64/of):
		return 0, fmt.Errorf("a rate of %d %s is longer than can be counted", value, unit)
	}
	return of * time.Duration(value), nil
}

// Next is the first time after a time that the schedule is due, the zero time if
// it never is again. A rate counts from when the rule got it; a cron does not look
// at that.
func (s Schedule) Next(from, after time.Time) time.Time {
	if s.every == 0 {
		return s.cron.next(after)
	}
	passed := max(after.Sub(from), 0)
	return from.Add(passed - passed%s.every).Add(s.every)
}
