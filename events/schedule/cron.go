package schedule

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// cron are the minutes in which a rule is due: those that fit all fields.
type cron struct {
	minutes, hours []int // in order
	months, years  map[int]bool
	dates          dates
	weekdays       weekdays
}

// field is one of the six: its bounds, and the names of its values from the lowest.
type field struct {
	name    string
	lo, hi  int
	names   []string
	noSteps bool
}

const lastYear = 2199

func parseCron(inside string) (c cron, err error) {
	parts := strings.Fields(inside)
	if len(parts) != 6 {
		return cron{}, fmt.Errorf("a cron has six fields, and not %d", len(parts))
	}
	if (parts[2] == "?") == (parts[4] == "?") {
		return cron{}, errors.New("one of day-of-month and day-of-week is ?, and the other one is not")
	}
	set := func(text string, f field) map[int]bool {
		values, wrong := f.set(text)
		err = cmp.Or(err, wrong)
		return values
	}
	ordered := func(values map[int]bool, hi int) (all []int) {
		for v := 0; v <= hi; v++ {
			if values[v] {
				all = append(all, v)
			}
		}
		return all
	}
	c.minutes = ordered(set(parts[0], field{name: "minutes", hi: 59}), 59)
	c.hours = ordered(set(parts[1], field{name: "hours", hi: 23}), 23)
	c.months = set(parts[3], field{name: "month", lo: 1, hi: 12,
		names: []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}})
	c.years = set(parts[5], field{name: "year", lo: 1970, hi: lastYear})
	var wrong error
	if parts[2] != "?" {
		c.dates, wrong = parseDates(parts[2])
	} else {
		c.weekdays, wrong = parseWeekdays(parts[4])
	}
	return c, cmp.Or(err, wrong)
}

// set reads a list of values, ranges and steps.
func (f field) set(text string) (map[int]bool, error) {
	values := map[int]bool{}
	for element := range strings.SplitSeq(text, ",") {
		if err := f.add(values, element); err != nil {
			return nil, err
		}
	}
	return values, nil
}

func (f field) add(values map[int]bool, element string) (err error) {
	span, steps, stepped := strings.Cut(element, "/")
	first, last, by := f.lo, f.hi, 1
	if from, to, isRange := strings.Cut(span, "-"); isRange {
		if first, err = f.value(from); err != nil {
			return err
		}
		if last, err = f.value(to); err != nil {
			return err
		}
	} else if span != "*" {
		if first, err = f.value(span); err != nil {
			return err
		}
		if !stepped {
			last = first
		}
	}
	if stepped {
		by = number(steps)
	}
	if first > last || by < 1 || by > f.hi-f.lo || stepped && f.noSteps {
		return f.wrong(element)
	}
	for v := first; v <= last; v += by {
		values[v] = true
	}
	return nil
}

// value reads a number or a name, in either case.
func (f field) value(text string) (int, error) {
	v := number(text)
	if i := slices.Index(f.names, strings.ToUpper(text)); i >= 0 {
		v = f.lo + i
	}
	if v < f.lo || v > f.hi {
		return 0, f.wrong(text)
	}
	return v, nil
}

func (f field) wrong(text string) error {
	return fmt.Errorf("%q does not fit the field %s", text, f.name)
}

// number reads a whole number of at most four digits; -1 is none.
func number(text string) int {
	if len(text) > 4 || strings.Trim(text, "0123456789") != "" {
		return -1
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return -1
	}
	return n
}

// next is the first fitting minute after a time, the zero time if there is none.
func (c cron) next(after time.Time) time.Time {
	year, month, date := after.UTC().Date()
	for day := time.Date(year, month, date, 0, 0, 0, 0, time.UTC); day.Year() <= lastYear; {
		switch year, month, _ := day.Date(); {
		case !c.years[year]:
			day = time.Date(year+1, 1, 1, 0, 0, 0, 0, time.UTC)
			continue
		case !c.months[int(month)]:
			day = time.Date(year, month+1, 1, 0, 0, 0, 0, time.UTC)
			continue
		case c.dates.has(day) || c.weekdays.has(day):
			if at := c.within(day, after); !at.IsZero() {
				return at
			}
		}
		day = day.AddDate(0, 0, 1)
	}
	return time.Time{}
}

// within is the first fitting minute of a day after a time.
func (c cron) within(day, after time.Time) time.Time {
	for _, hour := range c.hours {
		for _, minute := range c.minutes {
			if at := day.Add(time.Duration(60*hour+minute) * time.Minute); at.After(after) {
				return at
			}
		}
	}
	return time.Time{}
}
