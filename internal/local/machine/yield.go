package machine

import (
	"encoding/json"
	"maps"
	"slices"

	"sluice/events"
)

// On one machine all functions share the processors. Whoever stands near the
// door leaves them to those further on, so that what was begun is ended before
// more is taken in: the pace stays the same from the first record to the last,
// and no queue grows long. All of them leave the processors to the endpoint, which
// they wait for anyway, and to those that somebody waits for.
const (
	yieldLeast = 4
	yieldStep  = 5
	yieldMost  = 15
)

// yields is how much a function yields: the least, and a step for each of those that
// wait for what it says, one behind the other, but for the last two. One that
// somebody waits for, as the HTTP API's, does not.
func yields(c events.Choreography, function string) int {
	if routed(c, function) {
		return 0
	}
	return yieldLeast + min(max(yieldStep*(stages(c, function, nil)-2), 0), yieldMost)
}

// routed tells whether somebody waits for the function at the HTTP API.
func routed(c events.Choreography, function string) bool {
	return slices.Contains(slices.Collect(maps.Values(c.Routes)), function)
}

// stages is the longest way that an event of the function goes, in functions,
// itself included; no function counts twice.
func stages(c events.Choreography, function string, before []string) int {
	if slices.Contains(before, function) {
		return 0
	}
	before = append(slices.Clone(before), function)
	longest := 0
	for _, s := range c.Subscriptions {
		if s.Bus == "own" && hears(s, said(c, function)) {
			longest = max(longest, stages(c, s.Function, before))
		}
	}
	return longest + 1
}

// said lists the events that a function says.
func said(c events.Choreography, function string) []string {
	var all []string
	for name, e := range c.Events {
		if slices.Contains(e.SaidBy, function) {
			all = append(all, name)
		}
	}
	return all
}

func hears(s events.Subscription, all []string) bool {
	var pattern struct {
		DetailType []string `json:"detail-type"`
	}
	if json.Unmarshal(s.Pattern, &pattern) != nil {
		return false
	}
	return slices.ContainsFunc(pattern.DetailType, func(name string) bool { return slices.Contains(all, name) })
}
