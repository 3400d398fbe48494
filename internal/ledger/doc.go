// Package ledger is the account of every model call: what was asked, what it
// took, and what was paid for in vain.
//
//	Begin ─► one line on stdout ─► the call goes out ─► its answers are kept ─► End ─► one line, which is a metric too
//	                                                     ├► Duplicate  the answer was paid, and somebody had already got it
//	                                                     └► Orphan     it was paid, and lost before it was kept
//	Reused   no call at all: the answer lay there
//
//	stdout ─► CloudWatch Logs ─► metrics          in the cloud
//	stdout ─► <data folder>/ledger.jsonl          on one machine ([File])
//	lines  ─► Read ─► Sum                         sluice cost, beside what the model's own side counted
//
// # Nothing but stdout
//
// A line is one write to the file descriptor, and Begin returns after it: a call
// that went out has its line, whatever happens to the process then. A call that
// has a begin line and no end line was cut off; nobody knows whether it was
// billed, so it is counted at its estimate and by its own name (unfinished).
//
// On one machine functions print into files, not into pipes: a pipe would take
// with it what the machine had not read when it is killed. The machine reads the
// files as they grow and adds the account's lines to the ledger; files that are
// left when it starts are read again, and lines that the ledger has are passed
// over by their names ([File.Restore]). So a line that was printed is in the
// ledger once, whoever is killed when; only the loss of power may lose the last
// ones.
//
// Duplicate and orphan spend is part of what the end lines say was paid, not
// added to it.
//
// # Metrics
//
// Every line but begin is a document in CloudWatch's embedded metric format,
// from which Lambda's log group makes metrics in the namespace Sluice:
//
//	ModelCalls      calls that ended, throttled ones among them
//	Throttles       1 for a call that was refused for rate, else 0
//	InputTokens     tokens as billed; OutputTokens, CacheReadTokens and CacheWriteTokens likewise
//	CostUSD         at list price
//	RecordsPerCall  records that shared a call, of calls that were not throttled
//	ReclaimedTokens tokens of quota that a tuned max_tokens did not reserve
//	ReusedAnswers   answers that cost nothing
//	DuplicateUSD    paid twice for one answer
//	OrphanUSD       paid, answer lost
//
// Their dimensions are environment, model and task, and the environment alone for
// alarms, and nothing else: every combination of values is a metric that is
// billed by itself. Tenant and ids are
// plain members of the line, to be found with Logs Insights. A function whose
// log level is above INFO has no metrics.
//
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html)
//
// A line holds ids, names, counts and money, never a request's text or an
// address.
package ledger
