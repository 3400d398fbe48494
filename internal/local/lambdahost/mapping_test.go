package lambdahost

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestBatchWithoutWindow(t *testing.T) {
	inBubble(t, Mapping{BatchSize: 10, Concurrency: 2}, nil, func(t *testing.T, b *bubble) {
		begin := time.Now()
		b.after(time.Second)
		b.send(3, "x")
		b.after(time.Second)
		if got := b.sizes(); !slices.Equal(got, []int{3}) {
			t.Errorf("calls of %v", got)
		}
		if late := b.at[0].Sub(begin) - time.Second; late > 10*time.Millisecond {
			t.Errorf("called %s after the messages came", late)
		}
		if visible, hidden := b.counts(); visible+hidden != 0 {
			t.Errorf("%d visible, %d hidden", visible, hidden)
		}
	})
}

func TestWindowGathers(t *testing.T) {
	inBubble(t, Mapping{BatchSize: 100, Window: 2 * time.Second, Concurrency: 1}, nil, func(t *testing.T, b *bubble) {
		begin := time.Now()
		for range 10 { // one each 150 ms
			b.send(1, "x")
			b.after(150 * time.Millisecond)
		}
		b.after(3 * time.Second)
		if got := b.sizes(); !slices.Equal(got, []int{10}) {
			t.Errorf("calls of %v", got)
		}
		if closed := b.at[0].Sub(begin); closed < 2*time.Second || closed > 2*time.Second+100*time.Millisecond {
			t.Errorf("the window closed after %s", closed)
		}
		// A full batch does not wait for the window.
		begin = time.Now()
		b.send(100, "x")
		b.after(500 * time.Millisecond)
		if got := b.sizes(); !slices.Equal(got, []int{10, 100}) || b.at[1].Sub(begin) > 200*time.Millisecond {
			t.Errorf("calls of %v, after %s", got, b.at[1].Sub(begin))
		}
	})
}

func TestPlentyIsReceivedInParallel(t *testing.T) {
	inBubble(t, Mapping{BatchSize: 1000, Window: 5 * time.Second, Concurrency: 2}, func(q *queue, _ *lambdaFake) { q.send(3000, "x") },
		func(t *testing.T, b *bubble) {
			b.after(20 * time.Second)
			if got := b.sizes(); !slices.Equal(got, []int{1000, 1000, 1000}) {
				t.Errorf("calls of %v", got)
			}
			if b.queue.most != receivers {
				t.Errorf("%d receives at once, want %d", b.queue.most, receivers)
			}
			if visible, hidden := b.counts(); visible+hidden != 0 {
				t.Errorf("%d visible, %d hidden", visible, hidden)
			}
		})
}

func TestLargeBatchWithoutWindow(t *testing.T) {
	inBubble(t, Mapping{BatchSize: 1000, Concurrency: 1}, func(q *queue, _ *lambdaFake) { q.send(1234, "x") },
		func(t *testing.T, b *bubble) {
			begin := time.Now()
			b.after(10 * time.Second)
			if got := b.sizes(); !slices.Equal(got, []int{1000, 234}) {
				t.Errorf("calls of %v", got)
			}
			if took := b.at[1].Sub(begin); took > 200*time.Millisecond {
				t.Errorf("took %s", took)
			}
		})
}

func TestConcurrencyLimitsReceiving(t *testing.T) {
	inBubble(t, Mapping{BatchSize: 5, Concurrency: 3}, func(q *queue, l *lambdaFake) { q.send(100, "x"); l.lasts = time.Minute },
		func(t *testing.T, b *bubble) {
			b.after(30 * time.Second)
			if visible, hidden := b.counts(); visible != 85 || hidden != 15 {
				t.Errorf("%d visible, %d hidden: more was received than can be handled", visible, hidden)
			}
			b.after(20 * time.Minute)
			if visible, hidden := b.counts(); visible+hidden != 0 || b.lambdaFake.most != 3 {
				t.Errorf("%d visible, %d hidden, %d at once", visible, hidden, b.lambdaFake.most)
			}
		})
}

func TestIdleCostsLittle(t *testing.T) {
	inBubble(t, Mapping{BatchSize: 1000, Window: 5 * time.Second, Concurrency: 10}, nil, func(t *testing.T, b *bubble) {
		b.after(10 * time.Minute)
		if b.receives > 31 {
			t.Errorf("%d receives in ten minutes of nothing", b.receives)
		}
	})
}

func TestPayloadIsSplit(t *testing.T) {
	body := strings.Repeat("x", 1_000_000)
	inBubble(t, Mapping{BatchSize: 100, Window: time.Second, Concurrency: 2}, func(q *queue, _ *lambdaFake) { q.send(20, body) },
		func(t *testing.T, b *bubble) {
			b.after(10 * time.Second)
			if got := b.sizes(); !slices.Equal(got, []int{6, 6, 6, 2}) {
				t.Errorf("calls of %v", got)
			}
			for _, size := range b.bytes {
				if size > maxRequest {
					t.Errorf("an event of %d bytes", size)
				}
			}
			if visible, hidden := b.counts(); visible+hidden != 0 {
				t.Errorf("%d visible, %d hidden", visible, hidden)
			}
		})
}

func TestPartialBatch(t *testing.T) {
	partial := func(_ int, ids []string) (string, error) {
		return `{"batchItemFailures":[{"itemIdentifier":"` + ids[1] + `"}]}`, nil
	}
	inBubble(t, Mapping{BatchSize: 10, Concurrency: 1}, func(q *queue, l *lambdaFake) { q.send(4, "x"); l.answer = partial },
		func(t *testing.T, b *bubble) {
			b.after(time.Second)
			// Deletes follow the answer, and what failed is left alone.
			if want := []string{"answer 1,2,3,4", "delete 1", "delete 3", "delete 4"}; !slices.Equal(b.queue.log, want) {
				t.Errorf("got %q, want %q", b.queue.log, want)
			}
		})
}

func TestWholeBatchFails(t *testing.T) {
	for name, answer := range map[string]func(int, []string) (string, error){
		"error":      func(int, []string) (string, error) { return "", &FunctionError{Type: "E"} },
		"unknown id": func(int, []string) (string, error) { return `{"batchItemFailures":[{"itemIdentifier":"nobody"}]}`, nil },
		"malformed":  func(int, []string) (string, error) { return `oops`, nil },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Mapping{BatchSize: 10, Concurrency: 1}, func(q *queue, l *lambdaFake) { q.send(4, "x"); l.answer = answer },
				func(t *testing.T, b *bubble) {
					b.after(time.Second)
					if visible, hidden := b.counts(); visible != 0 || hidden != 4 {
						t.Errorf("%d visible, %d hidden, want all left to their visibility timeout", visible, hidden)
					}
					if !strings.Contains(b.log.String(), "batch failed") {
						t.Errorf("log %s", b.log)
					}
				})
		})
	}
}

func TestDeletesAreTriedAgain(t *testing.T) {
	refuse := func(try int, receipt string) (senderFault, refused bool) {
		switch receipt {
		case "r1":
			return false, try == 1 // works the second time
		case "r2":
			return true, true // its visibility timeout was over
		}
		return false, false
	}
	inBubble(t, Mapping{BatchSize: 10, Concurrency: 1}, func(q *queue, _ *lambdaFake) { q.send(3, "x"); q.refuse = refuse },
		func(t *testing.T, b *bubble) {
			b.after(time.Second)
			if want := []string{"answer 1,2,3", "delete 3", "delete 1"}; !slices.Equal(b.queue.log, want) || b.tries != 2 {
				t.Errorf("got %q in %d tries, want %q", b.queue.log, b.tries, want)
			}
		})
}

func TestStopGivesBack(t *testing.T) {
	inBubble(t, Mapping{BatchSize: 100, Window: time.Minute, Concurrency: 1}, func(q *queue, _ *lambdaFake) { q.send(15, "x") },
		func(t *testing.T, b *bubble) {
			b.after(5 * time.Second) // within the window
			begin := time.Now()
			b.stop()
			if visible, hidden := b.counts(); visible != 15 || hidden != 0 || len(b.calls) != 0 {
				t.Errorf("%d visible, %d hidden, %d calls", visible, hidden, len(b.calls))
			}
			if took := time.Since(begin); took > 10*time.Millisecond {
				t.Errorf("took %s", took)
			}
		})
}

func TestStopWakesLongPollAndWaitsForCalls(t *testing.T) {
	inBubble(t, Mapping{BatchSize: 10, Concurrency: 2}, func(q *queue, l *lambdaFake) { q.send(1, "x"); l.lasts = 3 * time.Second },
		func(t *testing.T, b *bubble) {
			b.after(time.Second)
			begin := time.Now()
			b.stop()
			if took := time.Since(begin); took < time.Second || took > 3*time.Second {
				t.Errorf("took %s", took)
			}
			if want := []string{"answer 1", "delete 1"}; !slices.Equal(b.queue.log, want) {
				t.Errorf("got %q, want %q", b.queue.log, want)
			}
		})
}

func TestKilledCallsAreGivenBack(t *testing.T) {
	inBubble(t, Mapping{BatchSize: 10, Concurrency: 1}, func(q *queue, l *lambdaFake) {
		q.send(2, "x")
		l.answer = func(call int, _ []string) (string, error) {
			if call == 1 {
				return "", ErrStopped
			}
			return "", errors.New("again")
		}
	}, func(t *testing.T, b *bubble) {
		b.after(time.Second)
		if want := []string{"answer 1,2", "back 1", "back 2", "answer 1,2"}; !slices.Equal(b.queue.log, want) {
			t.Errorf("got %q, want %q", b.queue.log, want)
		}
	})
}

func TestPauseAndResume(t *testing.T) {
	inBubble(t, Mapping{BatchSize: 10, Concurrency: 1}, nil, func(t *testing.T, b *bubble) {
		b.after(time.Second)
		b.poller.Pause()
		synctest.Wait()
		b.send(5, "x")
		b.after(time.Hour)
		if visible, _ := b.counts(); visible != 5 || !b.poller.Paused() {
			t.Errorf("%d visible while paused", visible)
		}
		b.poller.Resume()
		b.poller.Resume()
		b.after(time.Second)
		if got := b.sizes(); !slices.Equal(got, []int{5}) || b.poller.Paused() {
			t.Errorf("calls of %v", got)
		}
	})
}

func TestBrokenFunctionGetsNoMessages(t *testing.T) {
	inBubble(t, Mapping{BatchSize: 10, Concurrency: 2}, func(q *queue, l *lambdaFake) { q.send(5, "x"); l.broken = make(chan struct{}) },
		func(t *testing.T, b *bubble) {
			b.after(time.Hour)
			if visible, _ := b.counts(); visible != 5 {
				t.Errorf("%d visible: messages were received for a function that does not start", visible)
			}
			close(b.broken)
			b.after(time.Second)
			if got := b.sizes(); !slices.Equal(got, []int{5}) {
				t.Errorf("calls of %v", got)
			}
		})
}

func TestReceiveFails(t *testing.T) {
	inBubble(t, Mapping{BatchSize: 10, Concurrency: 1}, func(q *queue, _ *lambdaFake) { q.fail = errors.New("no network") },
		func(t *testing.T, b *bubble) {
			b.after(time.Hour)
			if b.receives > 1000 {
				t.Errorf("%d receives in an hour of failures", b.receives)
			}
			b.queue.mu.Lock()
			b.fail = nil
			b.queue.mu.Unlock()
			b.send(1, "x")
			b.after(time.Minute)
			if got := b.sizes(); !slices.Equal(got, []int{1}) {
				t.Errorf("calls of %v", got)
			}
			told := b.log.String()
			if strings.Count(told, "cannot be received from") != 1 || strings.Count(told, "can be received from again") != 1 {
				t.Errorf("log:\n%s", told)
			}
		})
}

func TestMappingChecks(t *testing.T) {
	good := Mapping{Function: "f", QueueURL: "u", QueueARN: testARN, BatchSize: 1, Concurrency: 1}
	if err := good.check(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Mapping){
		"no queue URL":               func(m *Mapping) { m.QueueURL = "" },
		"is not a queue's ARN":       func(m *Mapping) { m.QueueARN = "arn:aws:sns:us-east-1:000000000000:q" },
		"batch size 0":               func(m *Mapping) { m.BatchSize = 0 },
		"batch size 10001":           func(m *Mapping) { m.BatchSize, m.Window = 10_001, time.Second },
		"window 5m1s":                func(m *Mapping) { m.Window = 301 * time.Second },
		"concurrency 1001 is not 1 ": func(m *Mapping) { m.Concurrency = 1001 },
	} {
		m := good
		change(&m)
		if err := m.check(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v does not tell %q", err, name)
		}
	}
}
