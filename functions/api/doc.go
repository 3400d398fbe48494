// Package api is the front door for HTTP: it answers what API Gateway passes on.
//
//	API Gateway ─► route ─► tenant ─► media types ─► body, strictly ─► once (Idempotency-Key) ─► act ─► answer
//	 (who is it?)   (its key) (of who it is, never of the body)          └─ everything that is wrong ─► 400
//
//	POST /requests     admitted into internal/requests ─► RequestReceived ─► 202
//	POST /ai/generate  the same, or the model is asked while the caller waits:
//
//	  admitted, held ─► in time? ─► asked (internal/answers) ─┬─► AiCompleted ─► 200
//	                       │                                  ├─► AiFailed ─► 422
//	                       └─ no room, no time, broken ◄──────┘
//	                       └─► RequestReceived ─► 202
//
//	GET /requests/{id}, GET /uploads/{id}, GET /tasks       what is known
//	POST /uploads                                           a presigned URL for a file under uploads/
//	GET /reports/{token}, GET and POST /unsubscribe/{token} signed links of mails, open to whoever holds them
//
// schemas/openapi.yaml describes all of it, and what API Gateway answers itself.
//
// # Nothing accepted is lost
//
// A request is written down before anything is said of it, and said before it is
// answered with 2xx: so a 2xx is never followed by a 404, and the queue or the kept
// answer has it. An invocation that dies before that has promised nothing. Whoever
// sends the request again, under the same Idempotency-Key or requestId, goes on
// from where it was: an answer that is kept is told again and costs nothing.
//
// Between the caller and its 202 lie one write of S3 and one call of EventBridge, in
// that order. What must be done before them is done at the same time: the claim of an
// Idempotency-Key, the payload of a large input, and the look at who may be mailed.
//
// A request that is asked while the caller waits is held for its invocation, for
// as long as that can live. A second one that comes meanwhile is told to wait (409),
// and afterwards takes over. What was said to the model and lost with a process is
// in the ledger as begun and not ended.
//
// # Interactive calls do not wait
//
// This function has a share of the account's quotas of its own (SLUICE_QUOTA_SHARE)
// and sandboxes of its own, so a backlog in the queues takes nothing from it. A call
// is begun only if its worst case is over within 20 s: max_tokens is cut to what the
// slowest model writes in that time, and where answers to the task are known to be
// longer the queue has the request at once.
package api
