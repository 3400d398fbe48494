// Package upload reads what people drop under uploads/: it knows where a file
// belongs, what was asked for it, and what its records are, and it remembers
// how far a file was read.
//
//	uploads/<tenant>/<task>/<name>               ParseKey   ─► Place: whose file, which task
//	uploads/<tenant>/<task>/<name>.sluice.json   Parse…     ─► Definition: task, parameters, recipients, deadline, text field
//	the object's bytes                           OpenRecords ─► Reader ─► Record, Record, … (good and bad ones, numbered from 1)
//	progress/<uploadId>/ingest.json              LoadIntake ─► Intake: the pinned definition and the position
//
// An upload's id follows from bucket, key and ETag, and a record's request id
// from the upload's id and the record's position. So whoever reads the same
// object again, from the start or from a stored [Position], numbers and names
// every record as before.
//
// # Formats
//
// The name tells the format, in any case: .jsonl, .ndjson and .json (one JSON
// value a line), .csv and .tsv (a header row; comma, semicolon or tab), .txt (a
// record a line); each also as .gz, and any number of them in a .zip, whose
// members are read in the archive's order and numbered on. Blank lines are no
// records. UTF-8 is expected, with or without a byte order mark; UTF-16 with one
// is decoded.
//
// A JSON record is, in this order of preference:
//   - a string: the text
//   - an object with the text field (Options.TextField, "text" unless told)
//   - an object whose input is an object: the data of a RequestReceived, checked
//     strictly, whose task may be left out
//
// A CSV column is the text if it has the text field's name, first to the letter,
// then in any case. If the definition names no field, a column message, body,
// content or description stands in for text, in this order; so does the only
// column of a file that has one. JSON gets no such guesses: its objects name
// their fields themselves.
//
// The field id is the caller's own id. It and all other fields are kept in
// [Record.Fields] as the file has them, for the results.
//
// # What is wrong with a file
//
// A record that cannot be used has [Record.Problems] and the reading goes on. A
// file that cannot be read further ends with an error that wraps [ErrDamaged],
// after every record before the damage. Any other error is the source's: the
// network's or the disk's, and reading again may go better.
//
// Memory stays flat however large the file is: a record above Limits.RecordBytes
// is skipped without being held, and unpacking stops at the caps of [Limits]. A
// zip has its directory at its end, so it is copied to an unlinked temporary
// file first.
package upload
