// Package conformance asks whether the local machine behaves as AWS does. It
// has one suite per service, over the wire, with the Go SDK that the functions
// use.
//
// A suite is a table of cases. A case names the page of AWS's documentation
// that settles it, and runs against every target:
//
//   - the embedded endpoint, always;
//   - moto, an independent emulator, where moto_server is on the machine.
//
// Where moto does otherwise than AWS's page says, the difference is listed by
// the case's name, with the reason and the page. A listed case must fail on
// moto: if it passes, the list is out of date, and that is a failure too. So an
// unlisted difference between the two is always seen, and somebody reads the
// page and decides who is wrong.
//
// The suites print a table of what passed where. SLUICE_CONFORMANCE_MOTO=off
// leaves moto out.
package conformance
