// Package bedrock is one Converse call, and what is known of the models.
//
//	Client.Converse(Call) ─► Answer             the model's words, with usage, cost and who answered
//	                      ├► *Failure           the model cannot answer this: refused, tooLong, unfit, model, unusable (with its usage)
//	                      └► a classified error  throttled: Defer · overloaded: Defer · broken or late: Retry · forbidden: Park
//
// A call is made once. The SDK's own retries are off: they would hide throttles
// from who paces the calls, and pay again for calls that were only slow. Every
// call has a deadline, as the SDK has none for reading an answer, and max_tokens
// is always set, since the quota is charged with the model's maximum otherwise.
//
// An environment may send its calls another [Way]: by inference profiles of its
// own, which AWS bills by their tags, and past a guardrail. The model's id stays
// what the table, the quota and the ledger know it by.
//
// models.json is the table of models: what they cost at list price, how their
// output is made to fit a schema, and their limits, with the date and source of
// the list. A model that is not in it can be used; its cost is not known, which
// is said ([Cost.Priced]) and not hidden behind a zero.
//
// Errors and failures never quote what the service says about the content of a
// call, as that may be somebody's text.
package bedrock
