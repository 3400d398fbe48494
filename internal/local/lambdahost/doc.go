// Package lambdahost runs Lambda functions on one machine: the same bootstrap
// files that the cloud gets, over the real Lambda Runtime API, fed from queues
// as an event source mapping feeds them.
//
//	queue ◄─long poll─ Poller ─gathers a batch─► pool ─► process ◄─ GET  /runtime/invocation/next
//	  ▲                  │                        │         └────── POST /runtime/invocation/{id}/response, …/error
//	  └──── deletes what was handled ◄── answer ──┴─► REPORT line, Stats
//
// [New] takes the functions, [Host.AddMapping] the queues that feed them,
// [Host.Start] begins to poll, [Host.Invoke] calls a function directly, and
// [Host.Stop] lets running calls end before it kills.
//
// # A process
//
// A process serves one call at a time, so a function's concurrency is its number
// of processes. The one that was used last is used again first; one that had
// nothing to do for a while is ended, unless it is provisioned. Its environment holds what Lambda sets
// and what the function was given, and nothing of the host's. It is in a process
// group of its own, so an interrupt from the terminal reaches the host alone,
// and whatever the process started ends with it.
//
// Processes share the machine's processors alike, but those of a function that
// yields take little while others are at work (a nice value). So a function that brings
// records in stays just ahead of those that work on them, and records flow through
// at one pace from the first to the last.
//
// All processes talk to one listener on 127.0.0.1; a path in
// AWS_LAMBDA_RUNTIME_API that cannot be guessed tells them apart. A call's time
// runs from the moment it is handed over until the process asks for the next
// one. Whoever outlasts it is killed, and the call fails with "Task timed out
// after N.NN seconds"; whoever exits during a call fails it with
// Runtime.ExitError. The next call starts a new process. A function that does
// not start is tried again after a growing pause, its mappings stop receiving
// until it does, and the log says why once, not at every attempt.
//
// # When the host dies
//
// Nothing that it started may go on, or two hosts would work on one queue. On
// Linux the kernel sends SIGKILL to a process when the thread that started it
// ends (PR_SET_PDEATHSIG). Threads of a Go program may end before the program
// does, so one goroutine that is locked to its thread for the host's whole life
// starts every process. Elsewhere the connection to the Runtime API breaks: the
// runtime library exits when it waits for a call or has an answer to give. A
// process in the middle of a call then ends after it, which is later but leaves
// no one behind.
//
// # A mapping
//
// A [Poller] asks for nothing while all of its concurrency is at work: a message
// in the host's hands grows old while its visibility timeout runs. When it is
// idle it costs one long poll of 20 seconds. With a batch above 10 and messages in
// plenty it receives several times at once. A batch closes when it is full, when
// its window is over or when its event would pass 6 MB, and what did not fit
// begins the next one.
//
// What the function handled is deleted. What it names in batchItemFailures, and
// everything if it failed or if its answer names a message that it was not
// given, stays and comes back after its visibility timeout. Messages that were
// received but not handed to the function when the host stops are given back at
// once. So they are when the mapping is paused ([Poller.Pause]) or its pace
// changed ([Poller.SetPace]) while it is at work, which Lambda's API does here
// (package lambda); calls that run then end as ever.
//
// In one point the host is faster than Lambda. There the messages of a call whose
// sandbox crashed or ran out of time come back when their visibility timeout ends,
// as those of any failed call do
// (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html),
// and for a function that may work for minutes that is many minutes. Here the host
// has seen the process end, so nobody works on them any more: it lets each come
// back after a random pause of at most a second, which doubles with every receive
// up to 16 s. The receive counts. A message that kills its function each time
// reaches its dead-letter queue as it would on AWS, only sooner, and takes the
// others of its batch along no oftener, as the pauses part them. A failure that
// the function itself tells, a panic among them, is left to the visibility
// timeout.
package lambdahost
