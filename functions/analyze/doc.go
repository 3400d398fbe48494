// Package analyze answers requests with a model.
//
//	RequestReceived ─► decode, strictly ─► everything that is wrong? ─► admitted? ─┬─ wrong      ─► RequestRejected, with every reason
//	                    (from anybody)      task, parameters, input     (by its id)├─ id is taken ─► RequestRejected under a new id
//	                                                                               └─ good ─► for whom? ─┬─ nobody ─► NotificationSkipped
//	                                                                                                     └─► ask ─┬─► AiCompleted
//	                                                                                                              └─► AiFailed
//
// A request that did not come in a file is admitted into internal/requests
// before anything is said about it: its id is its idempotency key, and its
// status is where the addresses to mail are kept, since later events carry none.
// The same id with the same content is the same request, once more. With other
// content it is another request, which is rejected under an id of its own and
// does not disturb the first.
//
// A request that asks for nothing but a mail (it came by itself, names recipients,
// and does not say notify.answerAnyway) is not answered if none of them may be
// mailed: the tokens would be spent for nobody. That is decided once, and written
// down with the request when it is admitted (internal/admission), so that it has one
// end whatever becomes of its recipients between two deliveries.
//
// Everything bears repetition. Ids follow from what was received, and what was
// paid for is found again under answers/, so a second delivery says the same
// events and pays nothing.
//
// What is answered of uploads lies in bundles as well (bundle.go): store, which hears
// only where an answer lies, reads a hundred at once then.
//
// Where there is a workflow, a good request with audit: true is not asked here but
// started there (Step Functions; see internal/workflow), under its own id. Its
// question comes back through the same queue with an execution in it, and is
// answered as any other. The workflow also calls the function directly, to
// validate, to ask what became of mails (delivery.go), and to say AiFailed when it
// gives up.
//
// The event carries the text from here on no longer; nor does any log line.
package analyze
