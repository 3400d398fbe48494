package events

import "strings"

// The names of resources follow from the environment and the choreography, so
// that functions, Terraform and the local machine need no list of them.

// BusName is the event bus of an environment.
func BusName(environment string) string { return "sluice-" + environment }

// QueueName is the queue, and the rule, of a subscription.
func QueueName(environment, subscription string) string {
	return "sluice-" + environment + "-" + subscription
}

const deadLetterSuffix = "-dlq"

// DeadLetterQueueName is the dead-letter queue of a queue: of its redrive
// policy, of the rule's target that feeds it, and of the function that gives up.
func DeadLetterQueueName(queue string) string { return queue + deadLetterSuffix }

// SourceQueueName is the queue that a dead-letter queue belongs to, or "" if
// the name is not one's.
func SourceQueueName(deadLetterQueue string) string {
	queue, found := strings.CutSuffix(deadLetterQueue, deadLetterSuffix)
	if !found {
		return ""
	}
	return queue
}

// QueueOfARN is the queue's name in its ARN, the part after the last colon.
func QueueOfARN(arn string) string { return arn[strings.LastIndexByte(arn, ':')+1:] }

func normalAddress(address string) string { return strings.ToLower(strings.TrimSpace(address)) }
