package ledger

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"

	"sluice/events"
)

// opening is how every line begins.
const opening = `{"ledger":"`

// Each of these adds a member to an object that is not empty.

func key(b []byte, name string) []byte {
	b = append(b, ',', '"')
	b = append(b, name...)
	return append(b, '"', ':')
}

func text(b []byte, name, value string) []byte {
	b = key(b, name)
	if plain(value) {
		b = append(b, '"')
		b = append(b, value...)
		return append(b, '"')
	}
	quoted, _ := json.Marshal(value) // a string can always be encoded
	return append(b, quoted...)
}

// plain tells whether a string is itself in JSON.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c > 0x7e || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

func number(b []byte, name string, n int) []byte {
	return strconv.AppendInt(key(b, name), int64(n), 10)
}

func flag(b []byte, name string, is bool) []byte { return strconv.AppendBool(key(b, name), is) }

// money adds dollars, to the billionth.
func money(b []byte, name string, usd float64) []byte {
	usd = math.Round(usd*1e9) / 1e9
	if math.IsNaN(usd) || math.IsInf(usd, 0) {
		usd = 0
	}
	return strconv.AppendFloat(key(b, name), usd, 'f', -1, 64)
}

func appendCall(b []byte, c Call) []byte {
	b = text(b, "id", c.ID)
	b = who(b, c.Model, c.Task, c.Tenant, c.Lane)
	b = number(b, "records", c.Records)
	b = money(b, "estimateUSD", c.EstimateUSD)
	b = number(b, "estimateTokens", c.EstimateTokens)
	return number(b, "maxTokens", c.MaxTokens)
}

func who(b []byte, model, task, tenant, lane string) []byte {
	b = text(b, "model", orNone(model))
	b = text(b, "task", orNone(task))
	b = text(b, "tenant", tenant)
	return text(b, "lane", lane)
}

// orNone: CloudWatch drops a metric with an empty dimension.
func orNone(value string) string {
	if value == "" {
		return "none"
	}
	return value
}

func usage(b []byte, u events.Usage) []byte {
	b = number(b, "InputTokens", u.Input)
	b = number(b, "OutputTokens", u.Output)
	b = number(b, "CacheReadTokens", u.CacheRead)
	return number(b, "CacheWriteTokens", u.CacheWrite)
}

// metrics adds what makes the line a document in the embedded metric format.
func metrics(b []byte, now time.Time, directive string) []byte {
	b = append(b, `,"_aws":{"Timestamp":`...)
	b = strconv.AppendInt(b, now.UnixMilli(), 10)
	return append(b, directive...)
}

// The metrics of each kind of line, encoded once.
var (
	tokenMetrics     = []string{"InputTokens", "OutputTokens", "CacheReadTokens", "CacheWriteTokens"}
	callMetrics      = directive(append([]string{"ModelCalls", "Throttles", "CostUSD", "ReclaimedTokens", "RecordsPerCall"}, tokenMetrics...)...)
	throttleMetrics  = directive("ModelCalls", "Throttles")
	reuseMetrics     = directive("ReusedAnswers")
	duplicateMetrics = directive("DuplicateUSD")
	orphanMetrics    = directive("OrphanUSD")
)

// directive is the rest of the _aws member. CloudWatch has no unit for money.
func directive(names ...string) string {
	var b strings.Builder
	b.WriteString(`,"CloudWatchMetrics":[{"Namespace":"Sluice","Dimensions":[["environment"],["environment","model","task"]],"Metrics":[`)
	for i, name := range names {
		if i > 0 {
			b.WriteByte(',')
		}
		unit := "Count"
		if strings.HasSuffix(name, "USD") {
			unit = "None"
		}
		b.WriteString(`{"Name":"` + name + `","Unit":"` + unit + `"}`)
	}
	b.WriteString(`]}]}`)
	return b.String()
}
