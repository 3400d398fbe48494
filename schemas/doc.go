// Package schemas holds the wire shape of everything Sluice says and reads: one
// JSON Schema (draft 2020-12) per event version, named <Type>.v<version>.json,
// and that of choreography.json. They are embedded, compiled once when first
// used, and validated with santhosh-tekuri/jsonschema, which lists every error
// of a document and not only the first.
//
// A schema of RequestReceived closes its objects (additionalProperties: false),
// as anybody may send one. The schemas of our own events leave them open, so
// that a newer function may say more than an older one reads.
//
// openapi.yaml describes the HTTP API (OpenAPI 3.1): every route, request, answer
// and problem. Its schemas of requests are closed, those of answers are open.
// openapitest makes requests from it, and checks what is answered.
package schemas
