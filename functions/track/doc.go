// Package track knows how far every request is, and reports an upload when it is
// over.
//
//	a single request's event ─► requests/<tenant>/<id>.json            (internal/requests: Status)
//	what became of a mail    ─► the same: its Deliveries               (only where a workflow runs the request, and waits for that)
//	events of upload records ─► progress/<uploadId>/track.json         (Progress: one compare-and-swap per upload and batch)
//	  those not completed    ─► progress/<uploadId>/problems/….ndjson  (one object per batch that has any)
//	UploadReceived           ─► the total; its message waits, and looks again at the deadline
//
//	all records are terminal, or the deadline came
//	  ─► reports/<tenant>/<uploadId>/results.csv, report.html  put together
//	  ─► marked in track.json  ─► UploadCompleted  ─► marked as said
//
// Progress is made of sets, so a second delivery changes nothing. A record counts
// under the best outcome that was heard of it, in any order: what was parked may
// still be completed, nothing else changes.
//
// # The end of an upload
//
// The message that ends it also reports it; if that fails, that one message
// comes back. A crash at any moment leaves the mark before it, and whoever comes
// next (that message, or UploadReceived) goes on from there; files are written
// again with the same content, and events said again with the same id.
//
// UploadCompleted is said once for each level that the upload reaches: its
// deadline came (records are missing), all records are terminal (some parked),
// all are terminal for good. So a mail about it always has news. Other changes
// after the end, such as the first of many redriven records, only put the files
// together again, once they have been quiet for a minute.
//
// An upload record that asked for a mail of its own is terminal when that mail
// has its outcome; until then its upload is not over.
//
// # The results file
//
// CSV as RFC 4180 has it, in UTF-8, with these liberties: lines end with LF, so
// that line ends inside cells stay as they were, and there is no byte order mark.
// One row per record, in the order of the file:
//
//	the record's own columns, untouched, in the order in which their names first occur in the file
//	outcome   completed, rejected, failed, parked or missing
//	reason    codes and a sentence, where it is not completed
//	answer.*  a column per field of the answers; arrays are joined by "; ", what is nested is JSON
//	requestId, model, costUSD
//
// Where the file has a column of such a name, ours is called sluice.<name>.
//
// The segments of the results and the problems are copied to temporary files
// with the place of each record in memory (16 bytes each), and the uploaded
// object is read twice, for the columns and for the rows; memory stays flat
// otherwise. Of an object that was replaced or deleted since, only the columns
// that are ours can be written.
package track
