// Package workflow is what the functions know of Step Functions: they start an
// execution of the audited workflow, and answer its steps.
//
//	analyze ─► Machine.Start ─► StartExecution, named after the request
//	                             └─ the name is taken ─► DescribeExecution ─┬─ the same request ─► done
//	                                                                        └─ another one      ─► ErrConflict
//	consume ─► States.Succeed, States.Fail ─► SendTaskSuccess, SendTaskFailure: the token says whom they answer
//	sluice audit ─► States.History
//	sluice clean ─► States.Find, Running, Stop
//
// The workflow itself is terraform/workflow.asl.json. What an execution holds is
// seen by whoever may read its history and the logs, so its input carries no
// text and no address: the input's text lies under payloads/, and whom to mail in
// the request's status.
//
// The calls are made with awsclient.Service: of the service's 37 operations the
// functions need four, and the operator a few more.
package workflow
