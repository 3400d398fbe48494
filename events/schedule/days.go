package schedule

import (
	"fmt"
	"strings"
	"time"
)

// dates is the field day-of-month; nothing for ?.
type dates struct {
	on   map[int]bool
	last bool  // L: the last one of the month
	near []int // nW: the working day that is nearest to the nth, within its month
}

func parseDates(text string) (d dates, err error) {
	f := field{name: "day-of-month", lo: 1, hi: 31}
	d.on = map[int]bool{}
	for element := range strings.SplitSeq(text, ",") {
		if element == "L" {
			d.last = true
			continue
		}
		if to, near := strings.CutSuffix(element, "W"); near {
			n, err := f.value(to)
			if err != nil {
				return dates{}, f.wrong(element)
			}
			d.near = append(d.near, n)
			continue
		}
		if err := f.add(d.on, element); err != nil {
			return dates{}, err
		}
	}
	return d, nil
}

func (d dates) has(day time.Time) bool {
	last := lastOf(day)
	if d.on[day.Day()] || d.last && day.Day() == last {
		return true
	}
	for _, n := range d.near {
		if n <= last && day.Day() == workingDay(day.AddDate(0, 0, n-day.Day()), last) {
			return true
		}
	}
	return false
}

// lastOf is the last date of a day's month.
func lastOf(day time.Time) int {
	return time.Date(day.Year(), day.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// workingDay is the date, from Monday to Friday, that is nearest to a day and in
// its month, which has so many days.
func workingDay(day time.Time, last int) int {
	switch n := day.Day(); {
	case day.Weekday() == time.Saturday && n == 1:
		return 3
	case day.Weekday() == time.Saturday:
		return n - 1
	case day.Weekday() == time.Sunday && n == last:
		return n - 2
	case day.Weekday() == time.Sunday:
		return n + 1
	default:
		return n
	}
}

// weekdays is the field day-of-week; nothing for ?. Sunday is 1.
type weekdays struct {
	on   map[int]bool
	last map[int]bool // nL: the month's last one
	// day#nth is the nth of that day in the month.
	day, nth int
}

func parseWeekdays(text string) (w weekdays, err error) {
	f := field{name: "day-of-week", lo: 1, hi: 7, noSteps: true, names: []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}}
	w.on, w.last = map[int]bool{}, map[int]bool{}
	if day, nth, counted := strings.Cut(text, "#"); counted {
		w.day, err = f.value(day)
		if w.nth = number(nth); err != nil || w.nth < 1 || w.nth > 5 {
			return weekdays{}, fmt.Errorf("%w: day#nth stands alone, and nth is 1 to 5", f.wrong(text))
		}
		return w, nil
	}
	for element := range strings.SplitSeq(text, ",") {
		day, last := strings.CutSuffix(element, "L")
		switch {
		case last && day == "": // the last one of the week
			w.on[f.hi] = true
		case last:
			n, err := f.value(day)
			if err != nil {
				return weekdays{}, f.wrong(element)
			}
			w.last[n] = true
		default:
			if err := f.add(w.on, element); err != nil {
				return weekdays{}, err
			}
		}
	}
	return w, nil
}

func (w weekdays) has(day time.Time) bool {
	n, date := int(day.Weekday())+1, day.Day()
	return w.on[n] || w.last[n] && date+7 > lastOf(day) || w.day == n && w.nth == (date+6)/7
}
