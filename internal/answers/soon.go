package answers

import (
	"context"
	"errors"
	"math"
	"time"

	"sluice/internal/pack"
)

// ErrNotNow says that an answer could not be had by the time that it was wanted.
// Its class is Defer: asked without haste, there may be one.
var ErrNotNow = errors.New("the answer cannot be had as soon as it is wanted")

// BeginBy opens a batch of one record for somebody who waits: it is asked at once
// or not at all. A call begins only if its worst case is over by the given time.
// For that its answer may be cut: one that is longer is worth nothing, and the
// record is deferred, with [ErrNotNow]. So it is if the governor has no room at this
// moment, or if answers to the task are known to be too long.
func (a *Answers) BeginBy(ctx context.Context, by time.Time) *Batch {
	b := a.Begin(ctx, 1)
	b.by = by
	return b
}

// Find gives what is kept of a request, as asking would give it, and asks nobody.
// Errors are S3's, or of class Park.
func (a *Answers) Find(ctx context.Context, r Request) (outcome Outcome, known bool, err error) {
	found, err := a.load(ctx, a.Keys.of(r, a.modelOf(r)))
	if err != nil {
		return Outcome{}, false, err
	}
	outcome, known = told(found, r)
	return outcome, known, nil
}

// The worst case of a call: how long the first token may take, and how many the
// slowest known model writes in a second after that.
const (
	firstToken    = 2 * time.Second
	slowestOutput = 40
	// leastAnswer is the room that an answer must have, in tokens, where it is not
	// known how long answers are: about 190 words.
	leastAnswer = 256
)

// room is how many tokens an answer may have that begins now.
func (b *Batch) room() int {
	if b.by.IsZero() {
		return math.MaxInt
	}
	left := b.by.Sub(b.answers.Now()) - firstToken
	return max(int(left.Seconds()*slowestOutput), 0)
}

// soon tells whether the call is worth beginning for somebody who waits: its
// whole answer fits into the time, or nobody knows how long it will be, and there
// is room for one of some length.
func (c *call) soon() bool {
	if c.maxTokens >= c.wanted {
		return true
	}
	return !c.entries[0].full && !c.measure.learned() && c.maxTokens >= leastAnswer+pack.MaxTokens(1, 0)
}
