package ingest

import (
	"context"
	"time"
)

// clock divides an invocation's time: reading stops first, then saying, and what
// is left is for storing the position.
type clock struct {
	limited         bool
	stopAt, sayTill time.Time
}

// maxReserve is what a fifth of the time is at most: events in flight take some
// seconds at worst.
const maxReserve = 20 * time.Second

func clockOf(ctx context.Context) clock {
	deadline, limited := ctx.Deadline()
	if !limited {
		return clock{}
	}
	reserve := min(time.Until(deadline)/5, maxReserve)
	return clock{limited: true, stopAt: deadline.Add(-reserve), sayTill: deadline.Add(-reserve / 4)}
}

// over tells whether no further record is to be read.
func (c clock) over() bool { return c.limited && !time.Now().Before(c.stopAt) }

// reading is the context of what is read, saying that of what is said.
func (c clock) reading(ctx context.Context) (context.Context, context.CancelFunc) {
	return c.till(ctx, c.stopAt)
}

func (c clock) saying(ctx context.Context) (context.Context, context.CancelFunc) {
	return c.till(ctx, c.sayTill)
}

func (c clock) till(ctx context.Context, t time.Time) (context.Context, context.CancelFunc) {
	if !c.limited {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, t)
}
