// Package openapitest holds an HTTP API to schemas/openapi.yaml.
//
//	Load ─► Document ─► Good, Broken, Wild: requests drawn from the schemas ─► a Sender ─► Check: is that answer documented?
//	                └► Routes
//
// [Explore] does all of it as a property: whatever is sent, no answer is a 5xx, and
// each has a status, a media type, headers and a body that the document knows. What
// is good is taken, and what is broken is refused. Members of an answer that the
// document does not name are told too, though clients must bear them.
//
// A Sender may call a handler, or go over the wire; see [Over].
package openapitest
