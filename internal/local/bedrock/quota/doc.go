// Package quota meters model calls as Amazon Bedrock does.
//
// A call reserves its input and its max_tokens before it starts, and is
// refused, at no charge, if that much is not free. When it ends it settles what
// it really used: input, cache writes and output times the model's burn rate.
// Settlement may exceed the reservation; the meter then goes into debt, and the
// next calls pay for it.
//
//	Reserve(input + max_tokens) ─► call runs ─► Settle(input + cacheWrite + output × burn)
//	       └─ not free: Refusal, nothing is charged
//
// The shape of the window is not documented by AWS, so there are three to test
// against: a token bucket, the clock's minute, and the last sixty seconds. Beside
// tokens per minute there are requests per minute and tokens per (UTC) day.
//
// (https://docs.aws.amazon.com/bedrock/latest/userguide/quotas-token-burndown.html)
package quota
