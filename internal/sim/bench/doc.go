// Command bench simulates ours beside the ways that one would write without it,
// on every shape of the quota's window, and writes one table.
//
//	go run ./internal/sim/bench --out quota.md
//
// Every figure of a table is from the same run, and from virtual time: it does
// not depend on the machine.
package main
