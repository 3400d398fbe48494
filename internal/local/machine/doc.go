// Package machine is one machine in place of AWS: it puts together the endpoint
// that speaks for the services, the resources that the choreography asks for,
// and the host that runs the functions' very binaries.
//
//	Open ─► lock the data folder ─► endpoint (127.0.0.1) ─► provision: bucket, bus, queues, rules, sender ─► lambda host: functions and mappings
//	          └─ somebody has it: ErrRunning, and Find tells where that machine listens
//
// There is one machine per data folder. What was answered 2xx is in that folder,
// so a machine that was killed goes on where it was: messages that its own
// pollers held become visible at once.
//
// Real services may stand behind it: Amazon Bedrock instead of the local model
// (Options.AWS), and a mail server that the outbox is relayed to
// (Options.Relay). What the local model answered is never reused for a real one:
// the secret that answers are filed under differs.
//
// The choreography's routes are an HTTP API on the same port (gateway.go), in front
// of the functions that the lambda host runs; the links in mails lead there.
//
// With Options.Signed it may listen on any address, and every request must be
// signed (keys.go): by the callers that the options name, or with the machine's
// own keys, which its functions and its user's other commands have.
//
// Each function signs with a key of its own. With Options.WatchCalls the endpoint
// notes what each of them calls, which must be no more than the choreography lists
// for it: Terraform makes the function's policy of that.
//
// [OpenRemote] is the other half alone: it runs the functions against somebody
// else's emulator, or AWS, and there provisions what it can.
//
// The functions get what Terraform would give them: environment, timeout, memory
// and mapping come from events/choreography.json. Only the time that a batch may
// gather is shortened, as nobody pays for requests here, and whoever brings work in
// leaves the processors (yield.go), and the queue's end (patience.go), to those who do
// it. A mapping that Lambda's API has switched off stays off when the machine starts
// again.
package machine
