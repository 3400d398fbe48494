package bedrock

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"sluice/events"
	"sluice/internal/task"
)

//go:embed models.json
var modelsJSON []byte

// Models is the table of known models.
type Models struct {
	// Date is the day of the price list, YYYY-MM-DD; Source says which one it is.
	Date   string  `json:"date"`
	Source string  `json:"source"`
	Models []Model `json:"models"`
}

// Model is what is known of one model.
type Model struct {
	// ID begins the model's id, without the geography of an inference profile
	// ("global.", "us."): versions of a model share an entry.
	ID   string `json:"id"`
	Name string `json:"name"`
	// Schema is how an answer is made to fit a schema.
	Schema SchemaMode `json:"schema"`
	// Temperature: the model takes one. Newer ones refuse it.
	Temperature bool `json:"temperature"`
	// Request holds fields that every request to the model carries beside
	// Converse's own, a JSON object.
	Request json.RawMessage `json:"request,omitempty"`
	Prices  Prices          `json:"prices"`
	// Burn is how many tokens of quota one token of output takes.
	Burn float64 `json:"burn"`
	// ContextWindow and MaxOutput are in tokens.
	ContextWindow int `json:"contextWindow"`
	MaxOutput     int `json:"maxOutput"`
	// LeastCacheable is the shortest prefix that the prompt cache takes, in
	// tokens; 0 where it is not known.
	LeastCacheable int `json:"leastCacheable,omitempty"`
}

// SchemaMode is how a model is made to answer in a schema.
type SchemaMode string

// The schema modes.
const (
	Native SchemaMode = "native" // structured output
	Tool   SchemaMode = "tool"   // a tool that must be used, whose input is the answer
)

// Prices are in US dollars per 1 million tokens. Those of batch, flex and
// priority are nil where the list has none: then the model does not have them.
type Prices struct {
	Input          float64  `json:"input"`
	Output         float64  `json:"output"`
	BatchInput     *float64 `json:"batchInput,omitempty"`
	BatchOutput    *float64 `json:"batchOutput,omitempty"`
	FlexInput      *float64 `json:"flexInput,omitempty"`
	FlexOutput     *float64 `json:"flexOutput,omitempty"`
	PriorityInput  *float64 `json:"priorityInput,omitempty"`
	PriorityOutput *float64 `json:"priorityOutput,omitempty"`
	CacheWrite     float64  `json:"cacheWrite"`
	CacheRead      float64  `json:"cacheRead"`
}

// of is what input and output cost in a lane, and whether the model has it.
func (p Prices) of(lane task.Lane) (input, output float64, has bool) {
	switch {
	case lane == task.Flex && p.FlexInput != nil && p.FlexOutput != nil:
		return *p.FlexInput, *p.FlexOutput, true
	case lane == task.Priority && p.PriorityInput != nil && p.PriorityOutput != nil:
		return *p.PriorityInput, *p.PriorityOutput, true
	}
	return p.Input, p.Output, lane == task.Standard || lane == ""
}

// Has tells whether the model has a service tier for the lane.
func (m Model) Has(lane task.Lane) bool {
	_, _, has := m.Prices.of(lane)
	return has
}

// LoadModels decodes the embedded table, strictly.
func LoadModels() (Models, error) { return ParseModels(modelsJSON) }

// ParseModels decodes and checks a table; the error lists everything that is
// wrong.
func ParseModels(document []byte) (Models, error) {
	var m Models
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&m); err != nil {
		return Models{}, fmt.Errorf("models: %w", err)
	}
	var errs []error
	if m.Date == "" || m.Source == "" {
		errs = append(errs, errors.New("models: prices need their date and source"))
	}
	for i, model := range m.Models {
		if slices.ContainsFunc(m.Models[:i], func(other Model) bool { return other.ID == model.ID }) {
			errs = append(errs, fmt.Errorf("models: %s is there twice", model.ID))
		}
		if model.ID == "" || (model.Schema != Native && model.Schema != Tool) || model.Burn < 1 ||
			model.ContextWindow < 1 || model.MaxOutput < 1 || model.Prices.Input <= 0 || model.Prices.Output <= 0 {
			errs = append(errs, fmt.Errorf("models: entry %d (%s) lacks its id, schema mode, burn, limits or prices", i, model.ID))
		}
	}
	return m, errors.Join(errs...)
}

// Find gives the entry of a model id, an inference profile, or the ARN of
// either. An application inference profile's ARN does not tell its model, so it
// is not found.
func (m Models) Find(id string) (Model, bool) {
	id = bare(id)
	var best Model
	for _, model := range m.Models {
		if strings.HasPrefix(id, model.ID) && len(model.ID) > len(best.ID) {
			best = model
		}
	}
	return best, best.ID != ""
}

// bare takes ARN and geography off a model id: what is left begins with the
// provider.
func bare(id string) string {
	id = id[strings.LastIndexByte(id, '/')+1:]
	for _, geography := range []string{"global.", "us-gov.", "us.", "eu.", "apac.", "au.", "jp.", "ca."} {
		if rest, has := strings.CutPrefix(id, geography); has {
			return rest
		}
	}
	return id
}

// Cost is what a usage costs.
type Cost struct {
	// USD is at list price. It is 0 where Priced is false: then the model is not
	// in the table.
	USD    float64
	Priced bool
}

// CostOf prices a usage in a lane; one that the model does not have costs what
// the standard one does, which it is served in. Tokens read from the cache and
// written to it are not among the input tokens; they cost the same in every
// lane.
func (m Models) CostOf(model string, lane task.Lane, u events.Usage) Cost {
	known, found := m.Find(model)
	if !found {
		return Cost{}
	}
	input, output, _ := known.Prices.of(lane)
	perMillion := float64(u.Input)*input + float64(u.Output)*output + float64(u.CacheWrite)*known.Prices.CacheWrite + float64(u.CacheRead)*known.Prices.CacheRead
	return Cost{USD: RoundUSD(perMillion / 1e6), Priced: true}
}

// Settled is how many tokens of quota a finished call took: its input, what it
// wrote to the cache, and its output times the model's burn rate.
// (https://docs.aws.amazon.com/bedrock/latest/userguide/quotas-token-burndown.html)
func (m Model) Settled(u events.Usage) float64 {
	return float64(u.Input+u.CacheWrite) + max(m.Burn, 1)*float64(u.Output)
}

// RoundUSD rounds to whole billionths of a dollar, so that sums stay readable.
func RoundUSD(usd float64) float64 { return math.Round(usd*1e9) / 1e9 }
