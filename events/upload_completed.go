package events

// UploadCompleted: all records of an upload are terminal, or its deadline came
// and some are missing. Said by track, once the results file lies there.
type UploadCompleted struct {
	File UploadFile `json:"file"`
	// Records = Completed + Rejected + Failed + Parked + Missing.
	Records   int `json:"records"`
	Completed int `json:"completed"`
	Rejected  int `json:"rejected"`
	Failed    int `json:"failed"`
	Parked    int `json:"parked"`
	Missing   int `json:"missing"`
	// MissingRecords names the first 100 missing positions.
	MissingRecords []int `json:"missingRecords,omitempty"`
	// Reused counts answers that lay there already.
	Reused  int     `json:"reused"`
	Usage   Usage   `json:"usage"`
	CostUSD float64 `json:"costUSD"`
	// Reasons counts what was not completed by its code or class.
	Reasons map[string]int `json:"reasons,omitempty"`
	// Results is the key of the one results file, Report that of the page that
	// shows it.
	Results string `json:"results"`
	Report  string `json:"report"`
	// WantsReport: somebody is to be mailed the report.
	WantsReport bool `json:"wantsReport"`
}

// Type implements [Event].
func (UploadCompleted) Type() string { return "UploadCompleted" }

// Version implements [Event].
func (UploadCompleted) Version() int { return 1 }
