// Package stepfunctions is AWS Step Functions on one machine, as far as the
// audited workflow goes: one Standard state machine, written in the Amazon States
// Language with JSONPath.
//
//	StartExecution ─► run: state by state ─┬─ Task ─► Resources ─► answered, or by its token: SendTaskSuccess, SendTaskFailure
//	                    │                  │            └─ failed or timed out ─► Retry ─► Catch
//	                    │                  └─ Choice, Wait, Pass, Succeed, Fail
//	                    └─► history: DescribeExecution, GetExecutionHistory
//
// It is for tests: with it the workflow runs in the same process as the functions,
// and in virtual time (testing/synctest), so that a wait for a quota of the day,
// or 50 retries with their backoff, take no time. Whether it is right is judged
// by an independent interpreter: internal/local/workflow runs the same paths in
// both and compares their histories.
//
// What the workflow does not use is not here. [Parse] is strict, so a definition
// that uses more is refused, and not understood half.
//
// Handler speaks the service's protocol, JSON 1.0, over a State.
//
// https://states-language.net/spec.html
package stepfunctions
