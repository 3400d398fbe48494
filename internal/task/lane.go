package task

import "time"

// Lane says how soon a model's answer is wanted, and so which service tier of
// Bedrock is asked, where the model has it. All tiers share one quota.
// (https://docs.aws.amazon.com/bedrock/latest/userguide/service-tiers-inference.html)
type Lane string

// The lanes.
const (
	Priority Lane = "priority" // sooner, at a premium
	Standard Lane = "standard"
	Flex     Lane = "flex" // later, at a discount
)

// auto leaves the lane to the deadline.
const auto Lane = "auto"

// What the deadline means where the task leaves it the choice.
const (
	soon  = 15 * time.Minute
	later = 6 * time.Hour
)

// LaneBy is the lane of a request: that of the task, or else what its deadline
// asks for. The zero deadline is none.
func (t *Task) LaneBy(deadline, now time.Time) Lane {
	if t.Lane != auto {
		return t.Lane
	}
	switch left := deadline.Sub(now); {
	case deadline.IsZero():
		return Standard
	case left <= soon:
		return Priority
	case left >= later:
		return Flex
	}
	return Standard
}

// Rank orders lanes: the smaller goes first.
func (l Lane) Rank() int {
	switch l {
	case Priority:
		return 0
	case Flex:
		return 2
	}
	return 1
}

func (l Lane) valid() bool {
	return l == auto || l == Priority || l == Standard || l == Flex
}
