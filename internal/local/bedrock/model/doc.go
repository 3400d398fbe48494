// Package model is the built-in statistical model behind the local Bedrock.
//
// It is no language model and does not pretend to be one. It reads what it is
// given with package reading, and fills the JSON Schema that the caller asks
// for: each property's name, description and allowed values say what to put in.
//
//	Prompt ─► find the input ─► (records, parameters) ──┐
//	  └─────► compile the schema (cached) ─► a plan ────┴─► fill ─► JSON that fits the schema
//
// The input is either packed, a JSON document of parameters and records, whose
// answers come back one by one under the records' ids; or it is the user's text
// as a whole. Without a schema the answer is plain text.
//
// What the model cannot do (a pattern, a choice between shapes) is a
// [SchemaError] that names the place, and never a wrong answer: every answer
// fits the schema. The same prompt always gives the same answer.
package model
