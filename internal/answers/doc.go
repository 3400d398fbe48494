// Package answers gets one answer for one record and pays for it once.
//
//	Ask ─► key = HMAC(tenant's key; task version, frame, model, parameters, input [, request])
//	    ─► answers/<key> there?  ─ this request's own, or its failure ─► the same again, with the same usage and cost
//	    │                        └ another request's                  ─► reused, nothing paid
//	    └► pack ─► call ─► unframe ─► fits the task's schema? ─ no ─► once more, then a failure
//	                                        └ yes ─► kept (If-None-Match) ─► Outcome
//	                                                     └ somebody was first ─► theirs is the answer, ours is duplicate spend
//
// Whatever is told of a request is read back from what is kept, so a second
// delivery tells the same, and two different ends of one request are impossible:
// failures are kept too, each for its own request.
//
// A tenant's key is itself an HMAC of the environment's secret and the tenant's
// name: equal inputs of two tenants have nothing in common.
package answers
