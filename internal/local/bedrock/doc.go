// Package bedrock is the local stand-in for Amazon Bedrock Runtime.
//
// It speaks the service's REST protocol and meters calls as the service does,
// but behind it answers a built-in statistical model, which says so in every
// answer (trace.promptRouter.invokedModelId is [model.ID]).
//
//	POST /model/{id}/converse ─┐
//	POST /model/{id}/invoke ───┼─► Request ─► check ─► fault? ─► reserve ─► answer ─► wait ─► settle ─► Response
//	POST /model/{id}/count-tokens                                  │                    │
//	                                              429 at no charge ┘      latency, or the caller leaves
//
// [State] is the service without its protocol: [State.Converse] and
// [State.CountTokens]. [Handler] is the protocol. [Door] is the machine's own
// door, by which latency, quota and faults are read and set while it runs.
// ConverseStream and InvokeModelWithResponseStream (of Anthropic's models) answer
// the same in pieces, all of them after the whole wait.
//
// Nothing is kept on disk: a model call leaves nothing behind but its answer.
//
// The protocol is that of
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html;
// the quota follows package quota.
package bedrock
