// Package workflow holds no code: its tests run terraform/workflow.asl.json in an
// independent interpreter of the Amazon States Language, moto's, with the very
// binaries of the functions.
//
//	moto: bus, queues, bucket, mail, state machine ─► proxy (internal/local/emulator) ─► the Lambda host, and the local model
//
// moto is slow and has no time machine, so the definition is hurried before it is
// run: waits and backoffs take a second. What is asserted is which states were
// entered, in which order, and what was said.
//
// make workflow-test runs them, where moto_server is on the machine.
package workflow
