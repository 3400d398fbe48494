// Package task holds what can be asked of a model.
//
// A [Definition] is an instruction, the JSON Schema of its answer, the JSON
// Schema of its parameters, and limits. The built-in ones are embedded from
// builtin/; operators add more, or replace a built-in one, with objects
// tasks/<name>.json in the bucket, without a deploy:
//
//	Registry.Get ─► tasks/<name>.json, looked at once a minute ─► built-in ─► unknown task
//	                     └─ every problem of a broken file is told to who asks for it
//	Task.Ask(params) ─► defaults filled in, checked against the parameters' schema
//	                 ─► Question: the instruction, the parameters as data, the answer's schema, and its checks
//
// Parameters come from users, so they never become a part of the instruction:
// they travel beside the records, as data. Where the answer's schema depends on
// one, the schema says so, and stays the same for one task and set of
// parameters, so that a model compiles it once:
//
//	{"enum": {"$param": "labels", "take": "label"}}                         the parameter's value, of each item its "label"
//	{"properties": {"$param": "fields", "take": "name", "each": {…}}}       one property of that schema per item
//
// A schema is limited to what Bedrock's structured output can enforce, see
// [Definition]. What a model is not made to obey (lengths, ranges) is checked
// when the answer is there, and is told to the model in descriptions.
package task
