package events

// AiCompleted: the model answered, the answer fits the task's schema and is
// kept. Said by analyze, and by api while somebody waits, as soon as the answer is
// durable.
type AiCompleted struct {
	// Answer is the key of the kept answer under answers/.
	Answer string `json:"answer"`
	// Bundle is the key of an object under answers/bundles/ that holds the same
	// answer beside others, so that many are read at once; "" if there is none. It may
	// be gone at any time, the kept answer is not.
	Bundle string `json:"bundle,omitempty"`
	Spend
}

// Spend says what one request cost, and who answered. It is carried by
// AiCompleted, AiFailed and Stored.
type Spend struct {
	// Model is the model or inference profile that was asked.
	Model string `json:"model"`
	// AnsweredBy is the model that really answered, where the service says that
	// it was another one (a prompt router, or the local stand-in).
	AnsweredBy string `json:"answeredBy,omitempty"`
	Usage      Usage  `json:"usage"`
	// CostUSD is this request's share at list price.
	CostUSD float64 `json:"costUSD"`
	// Reused: the answer lay there already; usage and cost are zero.
	Reused bool `json:"reused,omitempty"`
}

// Usage counts tokens as Bedrock bills them.
type Usage struct {
	Input      int `json:"input"`
	Output     int `json:"output"`
	CacheRead  int `json:"cacheRead,omitempty"`
	CacheWrite int `json:"cacheWrite,omitempty"`
}

// Add returns the sum of both.
func (u Usage) Add(v Usage) Usage {
	return Usage{u.Input + v.Input, u.Output + v.Output, u.CacheRead + v.CacheRead, u.CacheWrite + v.CacheWrite}
}

// Type implements [Event].
func (AiCompleted) Type() string { return "AiCompleted" }

// Version implements [Event].
func (AiCompleted) Version() int { return 1 }
