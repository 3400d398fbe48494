// Command bench measures the local machine: how fast records come from a
// file to their terminal event, what that costs, and whether anything is lost
// when processes are killed on the way.
//
//	records ─► bin/sluice run FILE --json --latency 0s --data TMP (durable)
//	             ├─ its door of counts: how many events were said of the upload, every 50 ms
//	             └─ the processes: memory, every 100 ms
//
// It drives the very binaries and adds nothing to them. What it tells:
//
//   - seconds: from the machine being up, when the command puts the file into the
//     bucket, until the last record's terminal event is on the bus. The seconds of
//     the whole command are told beside them: it starts the machine, assembles results
//     and report, and stops.
//   - first and last tenth: the pace of the first and of the last tenth of the
//     terminal events. The first one counts from the first event on.
//   - p50, p99: from RequestReceived to the terminal event, by rank: the first that
//     came in with the first that ended, and so on. A file is taken in faster than
//     it is answered, so in a large one this is mostly the time in the queue.
//   - CPU: user and system time of sluice and of all functions, by the kernel's
//     account of the command and its children.
//   - memory: the largest resident set of any process of a kind, by /proc. That of
//     sluice includes the pages of its data file that are mapped.
//
// With --kill the machine is killed on the way and started again, with
// --kill-functions random function processes too; then every record must be in
// the results exactly once.
package main
