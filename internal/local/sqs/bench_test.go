package sqs

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"sluice/internal/local/disk"
)

// benchmarkState is a durable state with a queue of so many messages.
func benchmarkState(b *testing.B, waiting int) *State {
	store, err := disk.Open(filepath.Join(b.TempDir(), "state.db"))
	if err != nil {
		b.Fatal(err)
	}
	s, err := New(store, Config{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close(); store.Close() })
	if _, err := s.CreateQueue(b.Context(), Caller{}, CreateQueueInput{QueueName: "q"}); err != nil {
		b.Fatal(err)
	}
	batch := make([]Addressed, 1000)
	for i := range batch {
		batch[i] = Addressed{"q", Outgoing{Body: strings.Repeat("x", 1024)}}
	}
	for range waiting / len(batch) {
		if _, errs := s.SendAll(b.Context(), batch); errs[0] != nil {
			b.Fatal(errs[0])
		}
	}
	return s
}

// One turn is a batch of ten of 1 KiB sent, received and deleted.
func BenchmarkSendReceiveDelete(b *testing.B) {
	for _, waiting := range []int{0, 100_000} {
		for _, workers := range []int{1, 16} {
			b.Run(fmt.Sprintf("waiting=%d/workers=%d", waiting, workers), func(b *testing.B) {
				s := benchmarkState(b, waiting)
				batch := make([]Addressed, 10)
				for i := range batch {
					batch[i] = Addressed{"q", Outgoing{Body: strings.Repeat("y", 1024)}}
				}
				var turns atomic.Int64
				var group sync.WaitGroup
				b.ResetTimer()
				for range workers {
					group.Go(func() {
						for turns.Add(1) <= int64(b.N) {
							turn(b, s, batch)
						}
					})
				}
				group.Wait()
				b.ReportMetric(float64(10*b.N)/b.Elapsed().Seconds(), "messages/s")
			})
		}
	}
}

func turn(b *testing.B, s *State, batch []Addressed) {
	if _, errs := s.SendAll(b.Context(), batch); errs[0] != nil {
		b.Error(errs[0])
	}
	ten := 10
	out, err := s.ReceiveMessage(b.Context(), Caller{}, ReceiveMessageInput{QueueURL: "q", MaxNumberOfMessages: &ten})
	if err != nil {
		b.Error(err)
	}
	var done HandleBatchInput
	done.QueueURL = "q"
	for _, m := range out.Messages {
		done.Entries = append(done.Entries, HandleEntry{ID: m.MessageID, ReceiptHandle: m.ReceiptHandle})
	}
	if _, err := s.DeleteMessageBatch(b.Context(), Caller{}, done); err != nil && len(done.Entries) > 0 {
		b.Error(err)
	}
}

// How long a machine with 100,000 waiting messages takes to start.
func BenchmarkLoad(b *testing.B) {
	s := benchmarkState(b, 100_000)
	for b.Loop() {
		again, err := New(s.store, Config{})
		if err != nil {
			b.Fatal(err)
		}
		again.Close()
	}
}
