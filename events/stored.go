package events

// Stored: the result is durable in S3. Said by store. Terminal unless a mail
// was asked for.
type Stored struct {
	// Key is the result's object under results/: the result itself for a single
	// request, the NDJSON segment that holds its line for an upload record.
	Key string `json:"key"`
	// Answer is the key of the kept answer under answers/.
	Answer string `json:"answer"`
	Spend
}

// Type implements [Event].
func (Stored) Type() string { return "Stored" }

// Version implements [Event].
func (Stored) Version() int { return 1 }
