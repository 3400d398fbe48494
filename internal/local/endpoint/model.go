package endpoint

import (
	"net/http"
	"time"

	"sluice/internal/local/bedrock"
	"sluice/internal/local/bedrock/quota"
)

// newModel makes the model's state as the options say.
func newModel(o Options) (*bedrock.State, error) {
	latency := bedrock.DefaultLatency()
	latency.FirstTokenMs = float64(o.Latency) / float64(time.Millisecond)
	if o.Latency == 0 {
		latency = bedrock.Latency{}
	}
	return bedrock.New(bedrock.Config{Latency: latency, Quota: quota.Config{TokensPerMinute: int64(o.TokensPerMinute)}}, time.Now)
}

// BedrockSettings is the door by which the model's latency, quota and faults are
// read and set while it runs.
func (s *Services) BedrockSettings() http.Handler { return bedrock.Door(s.Bedrock) }
