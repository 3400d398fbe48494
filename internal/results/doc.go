// Package results is what a result looks like and where it lies.
//
//	store ──Result──► results/dt=2026-03-01/<tenant>/<requestId>.json           a single request
//	      ──Result──► results/dt=2026-03-01/upload=<uploadId>/<segment>.ndjson  the upload records of one invocation
//	                                    │
//	                          Open  ◄───┘  track: all results of an upload, by position
//
// Both hold the same JSON shape, one object or one a line, so that Athena and
// DuckDB read them alike. The date is the day on which the request was
// submitted, in UTC, and never today's: whoever writes again, however late,
// writes the same object.
package results
