// Package sqs is Amazon SQS on one machine: standard queues with visibility
// timeout, long poll, delay, receive counts, redrive to dead-letter queues and
// message move tasks, durable, over SQS's JSON protocol.
//
//	wire (HTTP) ─► State ─► queue: ready (in order) · hidden (by the time they come back)
//	                 └────► disk.Store: definitions · what changes of a message · its body
//
// The indexes of all messages are in memory, their bodies on disk. A change is
// made in memory and enqueued to the disk under one lock, so that both have the
// same order, and it is answered when it is durable: sent messages, receive
// counts and the end of each visibility timeout survive kill -9.
//
// Message group ids are taken on standard queues and given back; FIFO queues are
// refused with a clear error.
//
// (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/Welcome.html)
package sqs
