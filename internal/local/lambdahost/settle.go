package lambdahost

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

const (
	// perSettle is how many messages one DeleteMessageBatch takes, settlers how
	// many of these calls run at once.
	perSettle = 10
	settlers  = 10
	// settleTime bounds one such call.
	settleTime = 10 * time.Second
	// deleteTries is how often a delete is tried that SQS failed.
	deleteTries = 3
)

// handle has the batch handled and settles it.
func (p *Poller) handle(ctx context.Context, batch []message) {
	answer, err := p.target.call(ctx, eventOf(batch))
	if errors.Is(err, ErrStopped) {
		p.giveBack(batch)
		return
	}
	if err != nil {
		p.log.Warn("batch failed", "messages", len(batch), "error", err.Error())
		if died(err) {
			p.release(batch)
		}
		// Others come back after their visibility timeout, as they do in Lambda.
		return
	}
	if p.mapping.ReportBatchItemFailures {
		failed, err := itemFailures(answer, batch)
		if err != nil {
			p.log.Error("batch failed: the function's answer is not a partial batch response", "messages", len(batch), "error", err.Error())
			return
		}
		batch = slices.DeleteFunc(batch, func(m message) bool { return failed[m.id] })
	}
	p.inTens(batch, p.remove)
}

// itemFailures reads a partial batch response: the ids that the function did not
// handle. No answer, null, {} and an empty or null list say that all is handled.
// Anything else that is not an object with a list of ids of the batch is an
// error, which fails the batch. Keys are exact, as they are for AWS.
func itemFailures(answer []byte, batch []message) (map[string]bool, error) {
	answer = bytes.TrimSpace(answer)
	if len(answer) == 0 {
		return nil, nil
	}
	var top map[string]json.RawMessage
	if err := json.Unmarshal(answer, &top); err != nil {
		return nil, fmt.Errorf("not an object: %w", err)
	}
	var items []map[string]json.RawMessage
	if list, there := top["batchItemFailures"]; there {
		if err := json.Unmarshal(list, &items); err != nil {
			return nil, fmt.Errorf("batchItemFailures is not a list of objects: %w", err)
		}
	}
	known := make(map[string]bool, len(batch))
	for _, m := range batch {
		known[m.id] = true
	}
	failed := make(map[string]bool, len(items))
	for i, item := range items {
		var id string
		if err := json.Unmarshal(item["itemIdentifier"], &id); err != nil || id == "" {
			return nil, fmt.Errorf("batchItemFailures[%d] has no itemIdentifier", i)
		}
		if !known[id] {
			return nil, fmt.Errorf("batchItemFailures[%d] names a message that is not in the batch", i)
		}
		failed[id] = true
	}
	return failed, nil
}

// inTens calls settle with up to ten messages at a time, several at once. It is
// done even when the host stops: what was handled must not come back.
func (p *Poller) inTens(batch []message, settle func(context.Context, []message)) {
	var running sync.WaitGroup
	slots := make(chan struct{}, settlers)
	for ten := range slices.Chunk(batch, perSettle) {
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			ctx, cancel := context.WithTimeout(context.Background(), settleTime)
			defer cancel()
			settle(ctx, ten)
		})
	}
	running.Wait()
}

// remove deletes what was handled. What cannot be deleted comes back.
func (p *Poller) remove(ctx context.Context, ten []message) {
	var err error
	for try := range deleteTries {
		if err = sleep(ctx, time.Duration(try)*firstReceivePause); err != nil {
			break
		}
		if ten, err = p.removeOnce(ctx, ten); len(ten) == 0 {
			return
		}
	}
	p.log.Warn("handled messages not deleted; they will come back", "messages", len(ten), "error", err)
}

// removeOnce returns what is left to be deleted, and why. A message that the
// queue says is not ours any more is not: its visibility timeout was over.
func (p *Poller) removeOnce(ctx context.Context, ten []message) ([]message, error) {
	entries := make([]types.DeleteMessageBatchRequestEntry, len(ten))
	for i, m := range ten {
		entries[i] = types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: aws.String(m.receipt)}
	}
	out, err := p.queues.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &p.mapping.QueueURL, Entries: entries})
	if err != nil {
		return ten, fmt.Errorf("delete messages: %w", err)
	}
	var left []message
	for _, failure := range out.Failed {
		i, convErr := strconv.Atoi(aws.ToString(failure.Id))
		if convErr != nil || i < 0 || i >= len(ten) {
			continue
		}
		err = fmt.Errorf("delete messages: %s: %s", aws.ToString(failure.Code), aws.ToString(failure.Message))
		if failure.SenderFault {
			p.log.Warn("handled message not deleted", "messageId", ten[i].id, "error", err.Error())
			continue
		}
		left = append(left, ten[i])
	}
	return left, err
}
