package lambdahost

import (
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// A message whose function died under it comes back after 0 to 1 s the first
// time; the range doubles with every receive up to the last of these.
const (
	firstRelease = time.Second
	lastRelease  = 16 * time.Second
)

// died reports whether a call failed because its process ended: it exited, was
// killed, outlasted its time, or did not start. Nobody works on its messages.
func died(err error) bool {
	var failed *FunctionError
	return errors.As(err, &failed) && (failed.Type == TypeExit || failed.Type == TypeTimeout)
}

// release lets the messages of a dead process come back soon. The receive
// counts, so that one that kills every process reaches its dead-letter queue; the
// pauses are random, so that the others of its batch are not with it every time.
func (p *Poller) release(messages []message) {
	p.show(messages, func(m message) time.Duration { return releaseAfter(m.receives) })
}

// releaseAfter is a pause in whole seconds, for a message that was received so
// often, from 1 on.
func releaseAfter(receives int) time.Duration {
	most := min(firstRelease<<min(max(receives-1, 0), 10), lastRelease)
	return rand.N(most + time.Second).Truncate(time.Second)
}

// giveBack makes messages visible at once that no function saw to the end.
func (p *Poller) giveBack(messages []message) {
	p.show(messages, func(message) time.Duration { return 0 })
}

// show makes messages visible after a pause each. If that fails, their
// visibility timeout does it.
func (p *Poller) show(messages []message, after func(message) time.Duration) {
	p.inTens(messages, func(ctx context.Context, ten []message) {
		entries := make([]types.ChangeMessageVisibilityBatchRequestEntry, len(ten))
		for i, m := range ten {
			entries[i] = types.ChangeMessageVisibilityBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: aws.String(m.receipt),
				VisibilityTimeout: int32(after(m) / time.Second)}
		}
		_, err := p.queues.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &p.mapping.QueueURL, Entries: entries})
		if err != nil {
			p.log.Warn("messages not given back; they come back after their visibility timeout", "messages", len(ten), "error", err.Error())
		}
	})
}
