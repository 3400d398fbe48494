// Package schedule reads the schedule expressions of EventBridge's rules and tells
// when they are due.
//
//	rate(value unit)      ─► due every so often, counted from when the rule got the expression
//	cron(six fields)      ─► due in the minutes (UTC) that fit all fields
//	  minutes 0-59, hours 0-23, day-of-month 1-31, month 1-12 or JAN-DEC,
//	  day-of-week 1-7 or SUN-SAT, year 1970-2199
//
// The grammar is that of AWS's page and nothing beyond it
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html):
// where the page is silent, as about a range that runs backwards, the expression is
// refused, so that what is taken here is taken there.
//
// The choreography's check and the local EventBridge share it. The parsers for cron
// that others keep know another grammar: five fields, days of the week from 0, and
// both fields of days at once.
package schedule
