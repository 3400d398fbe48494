// Package store makes answers into results.
//
//	AiCompleted ─► load the kept answer ─┬─ a single request ─► one object
//	                                     └─ upload records   ─► one NDJSON segment per upload and invocation
//	                                                              │
//	                                              Stored ◄────────┘  for each record
//
// It takes a batch as a whole, because writing costs money: all records of an
// upload that come together share one object. Nothing is claimed. A result's key
// follows from the request, and a segment's from the events that it holds, so a
// batch that comes again writes the same objects again; a record that comes again
// in other company is written twice, and whoever reads segments counts its
// position once (results.Open).
//
// An answer that lies in a bundle is read with its neighbours, in one call; whatever
// the bundle lacks is read where it is kept.
//
// What is wrong with one record (its answer is gone, or is not its own) is that
// record's error; its neighbours are stored.
package store
