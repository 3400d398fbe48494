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
//   - tenths: the pace of each tenth of the terminal events, and the CPU time that
//     went by meanwhile. The first one counts from the first event on.
//   - p50, p99: from RequestReceived to the terminal event, by rank: the first that
//     came in with the first that ended, and so on. A file is taken in faster than
//     it is answered, so in a large one this is mostly the time in the queue.
//   - CPU: user and system time of sluice and of all functions, by the kernel's
//     account of the command and its children.
//   - memory: the largest resident set of any process of a kind, by /proc. That of
//     sluice includes the pages of its data file that are mapped.
//
// With --kill N the machine is killed N times on the way (SIGKILL), each time with
// its next share of the records ended, and started again; with --kill-functions
// random function processes are killed all along. Then every record must be in
// the results exactly once, and one mail in the outbox. The last call of all, which
// puts the report together, takes about 70 ms for each 1,000 records; killed much
// oftener than that it is begun anew for ever.
//
// With --api N it measures the HTTP API instead: N times POST /requests a second,
// each sent when it is due, whether the ones before are answered or not, and timed
// from that moment; then each that was accepted must come to an end. With --kill
// and --kill-functions too, the machine and its functions are killed meanwhile.
package main
