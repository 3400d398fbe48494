// Package endpoint is the one address of the local machine: it puts the states
// of the services together and speaks for all of them on one port of 127.0.0.1.
//
//	X-Amz-Target: AmazonSQS.*   ─► sqs          ◄─ messages ─ eventbridge
//	X-Amz-Target: AWSEvents.*   ─► eventbridge  ◄─ Object Created ─ s3
//	/v2/email/…                 ─► ses          ─ Email Sent, … ─► eventbridge
//	/model/…                    ─► bedrock, or Amazon Bedrock itself in the user's name ([AWSModel])
//	signed for lambda           ─► lambda       ◄─ switches mappings ─ scheduler
//	signed for scheduler        ─► scheduler    ─ messages ─► sqs
//	a form with an Action       ─► sqs, by the older query protocol; STS's GetCallerIdentity
//	/_sluice/…, /metrics        ─► the machine's own doors
//	signed for execute-api, or
//	unsigned below a route      ─► apigateway   ─► functions
//	signed for what is not here ─► UnknownOperationException
//	anything else               ─► s3
//
// [Assemble] makes the states over one durable store, in the order in which they
// need each other; [Listen] serves them. The services know nothing of each
// other: each declares a small interface for what it tells, and the adapters
// here fill it.
//
// With [Services.Calls], what each access key calls is noted on the way as IAM
// would see it ([Call]): on the machine every function has a key of its own, so
// the policies that the choreography asks for can be held against what is done.
//
// On loopback addresses signatures are not checked. Requests for other host names
// than an address, localhost and bucket.localhost are refused, and what other
// origins' web pages could make a browser send. With real Bedrock behind it,
// whoever on this machine can reach the port asks models at the user's expense.
//
// On other addresses every request must be signed, from this machine too, those
// to its own doors for the service "sluice" ([OwnService]); [Services.Access]
// knows whose signatures count:
//
//	request ─► its door ─► signature.Verifier ─► the service
//	                           └─ refused, in the words of that service (access.go)
//
// Routes of the HTTP API that are public ask for none.
package endpoint
