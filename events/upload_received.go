package events

import "time"

// UploadReceived: a file was split into its records, each of which has been
// said as RequestReceived or RequestRejected. Said by ingest at the end of the
// file.
type UploadReceived struct {
	File UploadFile `json:"file"`
	// Records counts all records, the rejected among them.
	Records int `json:"records"`
	// Rejected counts those that ingest rejected.
	Rejected int `json:"rejected"`
	// Deadline is when the upload is reported even if records are missing.
	Deadline time.Time `json:"deadline"`
	// WantsReport: somebody is to be mailed the report.
	WantsReport bool `json:"wantsReport"`
}

// UploadFile is the object that was uploaded.
type UploadFile struct {
	Bucket string `json:"bucket"`
	Key    string `json:"key"`
	ETag   string `json:"etag"`
	// Bytes is the object's size.
	Bytes int64 `json:"bytes"`
}

// Type implements [Event].
func (UploadReceived) Type() string { return "UploadReceived" }

// Version implements [Event].
func (UploadReceived) Version() int { return 1 }
