// Package observability holds the tests of the module's alarms: their definitions,
// as Terraform plans them, are played made series, by the rules that CloudWatch
// documents.
//
//	alarms.tf ─ terraform test, mocked provider ─► testdata/alarms.json ─► evaluate ◄─ series
//
// make alarms makes the definitions anew, and needs terraform; the tests need only
// Go, and fail when alarms.tf has changed since.
package observability
