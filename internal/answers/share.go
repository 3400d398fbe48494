package answers

import (
	"sluice/events"
	"sluice/internal/bedrock"
	"sluice/internal/task"
)

// split divides what a call took among its records, all of it: input by the
// weights of their texts, output by those of their answers, and the cost by
// what each one's tokens cost.
func split(models bedrock.Models, model string, lane task.Lane, spend bedrock.Spend, texts, answers []int) []bedrock.Spend {
	parts := make([]bedrock.Spend, len(texts))
	costs := make([]int, len(texts))
	input, read, write := divide(spend.Usage.Input, texts), divide(spend.Usage.CacheRead, texts), divide(spend.Usage.CacheWrite, texts)
	output := divide(spend.Usage.Output, answers)
	for i := range parts {
		parts[i] = bedrock.Spend{AnsweredBy: spend.AnsweredBy,
			Usage: events.Usage{Input: input[i], Output: output[i], CacheRead: read[i], CacheWrite: write[i]}}
		costs[i] = nano(models.CostOf(model, lane, parts[i].Usage).USD)
	}
	for i, part := range divide(nano(spend.Cost.USD), costs) {
		parts[i].Cost = bedrock.Cost{USD: bedrock.RoundUSD(float64(part) / 1e9), Priced: spend.Cost.Priced}
	}
	return parts
}

// nano is an amount in billionths of a dollar.
func nano(usd float64) int { return int(usd*1e9 + 0.5) }

// divide gives each its part of a whole by its weight, and nothing is left. All
// weights 0 are all equal.
func divide(whole int, weights []int) []int {
	total := 0
	for _, w := range weights {
		total += w
	}
	parts := make([]int, len(weights))
	sum, given := 0, 0
	for i, w := range weights {
		sum += w
		until := whole * (i + 1) / len(weights)
		if total > 0 {
			until = int(float64(whole) * (float64(sum) / float64(total)))
		}
		parts[i], given = until-given, until
	}
	return parts
}
