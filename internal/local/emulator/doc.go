// Package emulator runs moto, an independent emulator of AWS, for the checks
// that are not to rest on the local machine's own services.
//
//	client, terraform, functions, moto itself ─► proxy, on a free port ─┬─ …/invocations                    ─► Options.Invoke, a Lambda host
//	                                                                    ├─ /model/…                         ─► Options.Model, a stand-in for Bedrock
//	                                                                    ├─ ValidateStateMachineDefinition,
//	                                                                    │  ListStateMachineVersions         ─► answered here
//	                                                                    └─ all else                         ─► moto_server, on another free port
//
// The proxy fills what moto 5.2.1 does not have, gap by gap ([Gaps] names them); with
// Options.Stack also what a whole stack of Terraform's asks for: mails are sent by
// the local machine's SES then, whose outbox can be read ([Emulator.Mails]). moto's state machines call Lambda
// and SQS over HTTP, at the port that MOTO_PORT names, which is the proxy's: so
// their invocations reach the real functions.
//
// moto is a program in Python and not a part of Sluice. Where it is not on the
// PATH, [Start] returns [ErrAbsent], and whoever wanted it says loudly what was
// not checked.
package emulator
