// Package lambda is the part of AWS Lambda's API on one machine that says which
// functions there are and which queues feed them, and that switches a feed off
// and on. The functions themselves are run by package lambdahost.
//
// The way of a change:
//
//  1. The machine installs what the choreography asks for ([State.Install]): a
//     mapping's settings are as it says, but one that was switched off stays off.
//  2. UpdateEventSourceMapping checks the change, writes it, and answers with a
//     state that ends in -ing once it is durable.
//  3. The mapping's [Poller] obeys. Until it has, further changes are refused with
//     ResourceInUseException, as in the cloud.
//  4. The state is Enabled or Disabled. A mapping that is off receives nothing;
//     calls that run end as ever.
//
// A mapping's UUID is made of its function and its queue, so it is the same after
// a restart and on every machine. What is changed here holds until the machine
// installs again; only the switch outlives that.
//
// Handler speaks Lambda's REST protocol below /2015-03-31/ over a State. Files
// named wire*.go know nothing of mappings, the others nothing of HTTP.
package lambda
