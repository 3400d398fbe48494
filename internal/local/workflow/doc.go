// Package workflow holds no code: its tests run terraform/workflow.asl.json in two
// interpreters of the Amazon States Language.
//
//	virtual_test.go  ours (internal/local/stepfunctions): rules, mappings and the functions' own handlers in one process
//	                 and in virtual time, so that every wait and backoff is as it is written; every state is entered
//	world_test.go    an independent one, moto's: the very binaries of the functions, over the wire
//
//	moto: bus, queues, bucket, mail, state machine ─► proxy (internal/local/emulator) ─► the Lambda host, and the local model
//
// moto is slow and has no time machine, so the definition is hurried before it is
// run there: waits and backoffs take a second. Which states were entered, in which
// order, and what was said is asserted in both (ways_test.go), and each history
// that moto tells is compared with ours, event by event: that is what our
// interpreter is judged by.
//
// # What moto cannot judge
//
// All attempts of a step have one token in moto, and a later attempt may be
// answered with what an earlier one was told; in the service each has its own. So
// a queued step that is tried again is gone by our interpreter alone; a direct
// call that is tried again is gone by both.
//
// make workflow-test runs all of it, where moto_server is on the machine; go test
// runs what needs none.
package workflow
