package schedule

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// from is a Wednesday.
var from = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

func next(t testing.TB, expression string, after time.Time) time.Time {
	t.Helper()
	s, err := Parse(expression)
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return s.Next(from, after)
}

func TestWhenARuleIsDue(t *testing.T) {
	for expression, want := range map[string][]string{
		"rate(1 minute)":   {"2026-03-04T05:07:07Z", "2026-03-04T05:08:07Z"},
		"rate(5 minutes)":  {"2026-03-04T05:11:07Z", "2026-03-04T05:16:07Z"},
		"rate(1 hour)":     {"2026-03-04T06:06:07Z", "2026-03-04T07:06:07Z"},
		"rate(12 hours)":   {"2026-03-04T17:06:07Z", "2026-03-05T05:06:07Z"},
		"rate(1 day)":      {"2026-03-05T05:06:07Z", "2026-03-06T05:06:07Z"},
		"rate(36500 days)": {"2126-02-08T05:06:07Z"},
		// The examples of AWS's page.
		"cron(0 10 * * ? *)":            {"2026-03-04T10:00:00Z", "2026-03-05T10:00:00Z"},
		"cron(15 12 * * ? *)":           {"2026-03-04T12:15:00Z", "2026-03-05T12:15:00Z"},
		"cron(0 18 ? * MON-FRI *)":      {"2026-03-04T18:00:00Z", "2026-03-05T18:00:00Z", "2026-03-06T18:00:00Z", "2026-03-09T18:00:00Z"},
		"cron(0 8 1 * ? *)":             {"2026-04-01T08:00:00Z", "2026-05-01T08:00:00Z"},
		"cron(0/15 * * * ? *)":          {"2026-03-04T05:15:00Z", "2026-03-04T05:30:00Z", "2026-03-04T05:45:00Z", "2026-03-04T06:00:00Z"},
		"cron(0/5 8-17 ? * MON-FRI *)":  {"2026-03-04T08:00:00Z", "2026-03-04T08:05:00Z"},
		"cron(0 9 ? * 2#1 *)":           {"2026-04-06T09:00:00Z", "2026-05-04T09:00:00Z"},
		"cron(0 9 ? * TUE#5 *)":         {"2026-03-31T09:00:00Z", "2026-06-30T09:00:00Z"},
		"cron(15 10 ? * 6L 2026-2027)":  {"2026-03-27T10:15:00Z", "2026-04-24T10:15:00Z"},
		"cron(0 0 ? * L *)":             {"2026-03-07T00:00:00Z", "2026-03-14T00:00:00Z"},
		"cron(0 0 L * ? *)":             {"2026-03-31T00:00:00Z", "2026-04-30T00:00:00Z"},
		"cron(0 0 L FEB ? *)":           {"2027-02-28T00:00:00Z", "2028-02-29T00:00:00Z"},
		"cron(0 0 29 2 ? *)":            {"2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"},
		"cron(0 0 3W * ? *)":            {"2026-04-03T00:00:00Z", "2026-05-04T00:00:00Z"}, // 3 May is a Sunday
		"cron(0 0 1W * ? *)":            {"2026-04-01T00:00:00Z", "2026-05-01T00:00:00Z", "2026-06-01T00:00:00Z", "2026-07-01T00:00:00Z", "2026-08-03T00:00:00Z"},
		"cron(0 0 31W 5,7,9,10 ? 2026)": {"2026-05-29T00:00:00Z", "2026-07-31T00:00:00Z", "2026-10-30T00:00:00Z", ""},
		"cron(0 0 1,15,L * ? *)":        {"2026-03-15T00:00:00Z", "2026-03-31T00:00:00Z", "2026-04-01T00:00:00Z"},
		"cron(1/10 0 1/10 1/6 ? *)":     {"2026-07-01T00:01:00Z", "2026-07-01T00:11:00Z"},
		"cron(7-9,59 5 4 mar ? *)":      {"2026-03-04T05:07:00Z", "2026-03-04T05:08:00Z", "2026-03-04T05:09:00Z", "2026-03-04T05:59:00Z", "2027-03-04T05:07:00Z"},
		"cron(0 0 31 2 ? *)":            {""},
		"cron(0 0 * * ? 2025)":          {""},
		"cron(0 0 1 1 ? 2198/1)":        {"2198-01-01T00:00:00Z", "2199-01-01T00:00:00Z", ""},
		"cron( 0   0 1 1 ? 2100 )":      {"2100-01-01T00:00:00Z", ""},
	} {
		after := from
		for _, w := range want {
			got := next(t, expression, after)
			if text := got.Format(time.RFC3339); text != w && (w != "" || !got.IsZero()) {
				t.Errorf("%s after %s: %s, want %q", expression, after, text, w)
			}
			after = got
		}
	}
}

// A rate counts from when the rule got it, whatever it is asked for.
func TestARateKeepsItsPhase(t *testing.T) {
	for after, want := range map[time.Duration]time.Duration{
		-24 * time.Hour: time.Hour, 0: time.Hour, time.Hour - 1: time.Hour, time.Hour: 2 * time.Hour, 100*time.Hour + 1: 101 * time.Hour,
	} {
		if got := next(t, "rate(1 hour)", from.Add(after)).Sub(from); got != want {
			t.Errorf("%s after: due %s after", after, got)
		}
	}
}

func TestWhatIsNoSchedule(t *testing.T) {
	for expression, says := range map[string]string{
		"":                        "neither rate",
		"hourly":                  "neither rate",
		"at(2026-01-01T00:00:00)": "neither rate",
		"rate(1 hour":             "neither rate",
		"Rate(1 hour)":            "neither rate",
		" rate(1 hour)":           "neither rate",
		"rate()":                  "positive whole number",
		"rate(0 minutes)":         "positive whole number",
		"rate(-1 hours)":          "positive whole number",
		"rate(1.5 hours)":         "positive whole number",
		"rate(hour)":              "positive whole number",
		"rate(1 hours)":           "rate(1 hour)",
		"rate(2 hour)":            "rate(2 hours)",
		"rate(1  hour)":           "unit is minute",
		"rate(5 seconds)":         "unit is minute",
		"rate(5 minutess)":        "unit is minute",
		"rate(5 )":                "unit is minute",
		"rate(200000 days)":       "longer than can be counted",
		"cron()":                  "six fields",
		"cron(0 10 * * ?)":        "six fields",
		"cron(0 0 10 * * ? *)":    "six fields",
		"cron(0 10 * * * *)":      "one of day-of-month and day-of-week",
		"cron(0 10 ? * ? *)":      "one of day-of-month and day-of-week",
		"cron(0 10 1 * MON *)":    "one of day-of-month and day-of-week",
		"cron(60 10 * * ? *)":     `"60" does not fit the field minutes`,
		"cron(? 10 * * ? *)":      "minutes",
		"cron(-1 10 * * ? *)":     "minutes",
		"cron(0/0 10 * * ? *)":    "minutes",
		"cron(0/60 10 * * ? *)":   "minutes",
		"cron(0/x 10 * * ? *)":    "minutes",
		"cron(0,, 10 * * ? *)":    "minutes",
		"cron(0 24 * * ? *)":      "hours",
		"cron(0 20-2 * * ? *)":    `"20-2" does not fit the field hours`,
		"cron(0 L * * ? *)":       "hours",
		"cron(0 0 0 * ? *)":       "day-of-month",
		"cron(0 0 32W * ? *)":     `"32W" does not fit the field day-of-month`,
		"cron(0 0 LW * ? *)":      "day-of-month",
		"cron(0 0 L-3 * ? *)":     "day-of-month",
		"cron(0 0 1,? * ? *)":     "day-of-month",
		"cron(0 0 1 13 ? *)":      "month",
		"cron(0 0 1 JANUARY ? *)": "month",
		"cron(0 0 ? * 0 *)":       "day-of-week",
		"cron(0 0 ? * 8 *)":       "day-of-week",
		"cron(0 0 ? * FRI-MON *)": "day-of-week",
		"cron(0 0 ? * 2/2 *)":     "day-of-week",
		"cron(0 0 ? * 2#6 *)":     "nth is 1 to 5",
		"cron(0 0 ? * #1 *)":      "day-of-week",
		"cron(0 0 ? * 2#1,3#1 *)": "stands alone",
		"cron(0 0 ? * 9L *)":      "day-of-week",
		"cron(0 0 1 1 ? 1969)":    "year",
		"cron(0 0 1 1 ? 2200)":    "year",
		"cron(0 0 1 1 ? 02026)":   "year",
		"rate(" + strings.Repeat("1", 300) + " days)": "256 characters",
	} {
		if _, err := Parse(expression); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v; want %q", expression, err, says)
		}
	}
}

// fits tells by AWS's words whether a minute fits simple fields: a number, a list,
// a range or steps.
func fits(text string, v int) bool {
	for _, element := range strings.Split(text, ",") {
		span, step, _ := strings.Cut(element, "/")
		a, b, _ := strings.Cut(span, "-")
		first, last, by := number(a), number(a), 1
		if b != "" {
			last = number(b)
		}
		if span == "*" {
			first, last = 0, 9999
		}
		if step != "" {
			by = number(step)
			if b == "" {
				last = 9999
			}
		}
		if v >= first && v <= last && (v-first)%by == 0 {
			return true
		}
	}
	return false
}

// No fitting minute is left out, and none is made up.
func TestNextIsTheFirstFittingMinute(t *testing.T) {
	element := func(lo, hi int) *rapid.Generator[string] {
		return rapid.Custom(func(t *rapid.T) string {
			n := rapid.IntRange(lo, hi)
			a, b := n.Draw(t, "a"), n.Draw(t, "b")
			text := strconv.Itoa
			switch rapid.IntRange(0, 3).Draw(t, "form") {
			case 0:
				return "*"
			case 1:
				return text(a) + "," + text(b)
			case 2:
				return text(min(a, b)) + "-" + text(max(a, b))
			default:
				return text(a) + "/" + text(rapid.IntRange(1, hi-lo).Draw(t, "by"))
			}
		})
	}
	rapid.Check(t, func(t *rapid.T) {
		minutes, hours, dates := element(0, 59).Draw(t, "minutes"), element(0, 23).Draw(t, "hours"), element(1, 28).Draw(t, "dates")
		s, err := Parse("cron(" + minutes + " " + hours + " " + dates + " * ? *)")
		if err != nil {
			t.Fatal(err)
		}
		after := from.Add(time.Duration(rapid.Int64Range(0, int64(400*24*time.Hour)).Draw(t, "after")))
		got := s.Next(from, after)
		at := after.Truncate(time.Minute).Add(time.Minute)
		for !fits(dates, at.Day()) || !fits(hours, at.Hour()) || !fits(minutes, at.Minute()) {
			at = at.Add(time.Minute)
		}
		if !got.Equal(at) {
			t.Fatalf("after %s: %s, want %s", after, got, at)
		}
	})
}

// FuzzParse takes anything for an expression: it is refused, or its times come one
// after the other and fall on whole minutes or a rate's steps.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"rate(1 hour)", "rate(5 minutes)", "cron(0/15 8-17 ? * MON-FRI *)", "cron(0 0 LW,3W,1/2 1,DEC ? 1970-2199/3)", "cron(0 0 ? * 3#2 *)", "cron(0 0 ? * 6L,L 2026)"} {
		f.Add(seed, int64(0))
	}
	f.Fuzz(func(t *testing.T, expression string, seconds int64) {
		s, err := Parse(expression)
		if err != nil {
			return
		}
		after := from.Add(time.Duration(seconds%(300*365*24*60*60)) * time.Second)
		for range 3 {
			at := s.Next(from, after)
			if at.IsZero() {
				return
			}
			if !at.After(after) || s.every == 0 && at.Second() != 0 || s.every > 0 && at.Sub(from)%s.every != 0 {
				t.Fatalf("%s after %s: %s", expression, after, at)
			}
			after = at
		}
	})
}
