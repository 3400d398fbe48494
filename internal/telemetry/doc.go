// Package telemetry is how functions speak to the operator: lines of JSON on
// standard output, from which logs, metrics and traces are made.
//
//	invocation ─► Recorder.Begin ─► Invocation ─ End ──────► a line of metrics or a few, for the whole batch
//	                                   └ Span per message ─ Done ─► one line: what came in, what it took, what was said
//	bus ─ Said ─► counts what ended, and how ─┘
//	any line logged with a Span's context has the ids that it is found by
//
// # Logs
//
// Every message has one line, "handled" or "not handled", with the ids of its
// request, the event, how long it waited in its queue and took here, the
// outcome (done, or the fault's class), and what was said because of it. The
// lines of a request, found by requestId or correlationId, tell its whole way;
// "calls" in a line of analyze names the ledger's lines of the model calls, "mails"
// those of SES. An event that no message of the batch caused has a line "said".
//
// A line holds ids, counts, classes and durations, never a request's text or an
// address.
//
// # Metrics
//
// They are documents in CloudWatch's embedded metric format, in the namespace
// Sluice, printed once per invocation, so that a batch of a thousand costs what
// a batch of one does. Every combination of values of the dimensions is billed as
// a metric of its own, so there are few:
//
//	environment             Received       requests that came in (a redelivery is none)
//	                        Rejected       requests that ended so; Parked likewise
//	                        EndedAfter     ms from the request to its terminal event
//	                        NotifiedAfter  ms from the request to Notified
//	                        Mails          mails that SES took; Delivered, Bounces (for good), SoftBounces, Complaints
//	environment, task       Completed, Failed: requests that ended so; in all, too
//	environment, class      Unanswered     requests that ended without an answer, by why
//	environment, function   Messages, Retried, Deferred, GivenUp, ColdStarts
//	                        QueueAge       ms that the batch's oldest message had waited
//
// What models take is counted by package ledger. Counts are of events said; an
// event that is said again after a crash counts again. The task of a request
// that was never answered is whatever somebody wrote, so it is no dimension. With
// AWS_LAMBDA_LOG_LEVEL above INFO there are neither lines nor metrics.
//
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html)
//
// # Traces
//
// Functions link no tracing library. Lambda's active tracing (X-Ray) times every
// invocation by itself, and each event carries the trace header of the message
// that caused it through EventBridge and SQS, so all that one request causes has
// one trace id, which is on its lines too ("trace"). What a library would add are
// spans inside of an invocation; the lines have those times already, for every
// request and not for a sample. The OpenTelemetry SDK with its OTLP exporter was
// measured beside this (an empty function, Go 1.26, Linux, median of 60): its
// program grows from 6.4 to 14.1 MB, a cold start takes 10.0 ms of processor time
// in place of 6.4, and it needs a collector in the sandbox beside it. The X-Ray
// SDK for Go is in maintenance mode.
package telemetry
