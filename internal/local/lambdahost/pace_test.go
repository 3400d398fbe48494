package lambdahost

import (
	"slices"
	"testing"
	"time"
)

func TestThePaceIsChangedAtWork(t *testing.T) {
	inBubble(t, Mapping{BatchSize: 10, Concurrency: 1}, func(_ *queue, l *lambdaFake) { l.lasts = time.Minute }, func(t *testing.T, b *bubble) {
		b.send(40, "x")
		b.after(time.Second) // a batch of 10 is at work, and nobody may begin another
		if err := b.poller.SetPace(4, 0, 2); err != nil {
			t.Fatal(err)
		}
		b.after(time.Second)
		if got := b.sizes(); !slices.Equal(got, []int{10, 4, 4}) {
			t.Errorf("calls of %v", got)
		}
		b.after(10 * time.Minute)
		if got := b.sizes(); slices.Max(got[1:]) != 4 {
			t.Errorf("calls of %v", got)
		}
		if visible, hidden := b.counts(); visible+hidden != 0 {
			t.Errorf("%d visible, %d hidden", visible, hidden)
		}
		if err := b.poller.SetPace(10, 0, 0); err != nil {
			t.Fatal(err)
		}
		b.send(20, "x")
		b.after(time.Second)
		if got := b.sizes(); got[len(got)-1] != 10 || b.poller.Paused() {
			t.Errorf("calls of %v", got)
		}
		b.after(10 * time.Minute)
	})
}

func TestThePaceOfAPausedMapping(t *testing.T) {
	inBubble(t, Mapping{BatchSize: 10, Concurrency: 1}, nil, func(t *testing.T, b *bubble) {
		b.poller.Pause()
		if err := b.poller.SetPace(3, time.Second, 1); err != nil {
			t.Fatal(err)
		}
		b.send(3, "x")
		b.after(time.Minute)
		if got := b.sizes(); len(got) != 0 {
			t.Errorf("calls of %v while it is paused", got)
		}
		b.poller.Resume()
		b.after(time.Minute)
		if got := b.sizes(); !slices.Equal(got, []int{3}) {
			t.Errorf("calls of %v", got)
		}
	})
}

func TestAPaceThatLambdaWouldNotTake(t *testing.T) {
	inBubble(t, Mapping{BatchSize: 10, Concurrency: 1}, nil, func(t *testing.T, b *bubble) {
		for _, err := range []error{b.poller.SetPace(0, 0, 1), b.poller.SetPace(10_001, 0, 1), b.poller.SetPace(1, -1, 1), b.poller.SetPace(1, 0, 1001)} {
			if err == nil {
				t.Error("it is taken")
			}
		}
		b.send(10, "x")
		b.after(time.Second)
		if got := b.sizes(); !slices.Equal(got, []int{10}) {
			t.Errorf("calls of %v", got)
		}
	})
}
