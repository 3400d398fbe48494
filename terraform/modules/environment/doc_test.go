// Package environment holds the test that another function is nothing but entries
// of the choreography, and a schema: it adds them to a copy of the real ones, and
// asks Terraform what it makes of that.
//
//	events/choreography.json + testdata/another/entries.json ─► copy ─► ParseChoreography, as every program reads it
//	schemas/                 + testdata/another/*.v1.json    ─► copy ─► terraform test of testdata/another/*.tftest.hcl, mocked provider
//
// What Terraform makes of it needs terraform, and is left to make terraform-test.
package environment
