package lambdahost

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

const (
	// receivers is how many receives are made at once when messages are plenty.
	receivers = 5
	// The pause between two looks at the queue within a window is a tenth of it,
	// but within these.
	shortestLook = 10 * time.Millisecond
	longestLook  = 100 * time.Millisecond
	// The pause after a failed receive doubles from the first to the last.
	firstReceivePause = 100 * time.Millisecond
	lastReceivePause  = 10 * time.Second
)

// poll gathers batches and has them handled until polling ends. ctx is the
// host's: what is handled then goes on.
func (p *Poller) poll(ctx, polling context.Context, running *sync.WaitGroup) {
	var rest []message // received, and too much for the batch before
	slots := p.slots
	for {
		select {
		case slots <- struct{}{}:
		case <-polling.Done():
			p.giveBack(rest)
			return
		}
		if p.target.ready(polling) == nil {
			rest = p.gather(polling, rest)
		}
		if polling.Err() != nil {
			<-slots
			p.giveBack(rest)
			return
		}
		var batch []message
		batch, rest = split(rest, p.batch, maxRequest)
		running.Go(func() {
			defer func() { <-slots }()
			if len(batch) > 0 {
				p.handle(ctx, batch)
			}
		})
	}
}

// gather adds messages to those that are there until they make a batch, or the
// window is over and what waits in the queue is taken. It waits for the first
// message without end.
func (p *Poller) gather(ctx context.Context, got []message) []message {
	if len(got) == 0 {
		got = p.first(ctx)
	}
	closes := time.Now().Add(p.window)
	pause := min(max(p.window/10, shortestLook), longestLook)
	for ctx.Err() == nil && !p.full(got) && (p.plenty || time.Now().Before(closes)) {
		more, plenty := p.more(ctx, got)
		got, p.plenty = append(got, more...), plenty
		if !plenty {
			_ = sleep(ctx, min(pause, time.Until(closes)))
		}
	}
	return got
}

// full reports whether the messages make a batch.
func (p *Poller) full(got []message) bool {
	return len(got) >= p.batch || eventSize(got) >= maxRequest
}

// first waits for messages by long polls.
func (p *Poller) first(ctx context.Context) []message {
	pause := firstReceivePause
	for ctx.Err() == nil {
		ask := min(p.batch, maxReceive)
		got, err := p.receive(ctx, ask, longPollSeconds)
		if err != nil {
			_ = sleep(ctx, pause/2+rand.N(pause))
			pause = min(2*pause, lastReceivePause)
			continue
		}
		pause = firstReceivePause
		if len(got) > 0 {
			p.plenty = len(got) == ask
			return got
		}
	}
	return nil
}

// more takes what is in the queue now, several receives at once while messages
// are plenty, but no more than the batch has room for. plenty reports whether
// every receive was full.
func (p *Poller) more(ctx context.Context, got []message) (messages []message, plenty bool) {
	room := p.batch - len(got)
	if len(got) > 0 {
		// By their size so far, and one receive more may be too much, not five.
		room = min(room, (maxRequest-eventSize(got))/(eventSize(got)/len(got))+1)
	}
	asks := []int{min(room, maxReceive)}
	for room -= asks[0]; p.plenty && room > 0 && len(asks) < receivers; room -= maxReceive {
		asks = append(asks, min(room, maxReceive))
	}
	parts := make([][]message, len(asks))
	var receiving sync.WaitGroup
	for i, ask := range asks[1:] {
		receiving.Go(func() { parts[i+1], _ = p.receive(ctx, ask, 0) })
	}
	var err error
	parts[0], err = p.receive(ctx, asks[0], 0)
	receiving.Wait()
	plenty = err == nil
	for i, part := range parts {
		messages = append(messages, part...)
		plenty = plenty && len(part) == asks[i]
	}
	return messages, plenty
}

// receive asks once. A failure is logged when the one before was none.
func (p *Poller) receive(ctx context.Context, ask, seconds int) ([]message, error) {
	out, err := p.queues.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: &p.mapping.QueueURL, MaxNumberOfMessages: int32(ask), WaitTimeSeconds: int32(seconds),
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
		MessageAttributeNames:       []string{"All"},
	})
	if ctx.Err() == nil {
		p.noteReceive(err)
	}
	if err != nil {
		return nil, err
	}
	got := make([]message, 0, len(out.Messages))
	for _, raw := range out.Messages {
		m, err := newMessage(raw, p.mapping.QueueARN, p.region)
		if err == nil && eventSize([]message{m}) > maxRequest {
			err = ErrTooLarge
		}
		if err != nil {
			p.log.Error("message cannot be handed to the function", "messageId", m.id, "error", err.Error())
			continue
		}
		got = append(got, m)
	}
	return got, nil
}

// noteReceive logs the first of several failures, and their end.
func (p *Poller) noteReceive(err error) {
	p.mu.Lock()
	before := p.failing
	p.failing = err != nil
	p.mu.Unlock()
	switch {
	case err != nil && !before:
		p.log.Error("queue cannot be received from; trying on", "error", err.Error())
	case err == nil && before:
		p.log.Info("queue can be received from again")
	}
}
