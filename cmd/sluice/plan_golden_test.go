package main

import (
	"strings"
	"testing"
	"time"

	"sluice/internal/bedrock"
	"sluice/internal/sim"
	"sluice/internal/task"
)

// shownPlan is a plan whose figures are made up, so that what is shown of it does
// not depend on how well calls are paced today.
func shownPlan(t *testing.T) *planReport {
	t.Helper()
	asked, err := task.Parse("sort", []byte(`{"name": "sort", "instruction": "Say yes or no.", "maxTokens": 400, "maxRecordsPerCall": 10,
		"output": {"type": "object", "additionalProperties": false, "required": ["yes"], "properties": {"yes": {"type": "boolean"}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	question, problems := asked.Ask(nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	models, err := bedrock.ParseModels([]byte(`{"date": "2026-01-02", "source": "a list", "models": [{"id": "acme.large", "name": "Acme Large", "schema": "native",
		"temperature": true, "burn": 5, "contextWindow": 200000, "maxOutput": 64000,
		"prices": {"input": 1, "output": 5, "flexInput": 0.5, "flexOutput": 2.5, "batchInput": 0.5, "batchOutput": 2.5, "cacheWrite": 0, "cacheRead": 0}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	p := &planned{
		flags:    planFlags{tpm: 1_000_000, window: "sliding", load: "saturated", firstToken: time.Second, speed: 80, seed: 4},
		question: question, models: models, model: models.Models[0], lane: task.Standard, deadline: 90 * time.Minute,
		records: 100_000, rejected: 3, instruction: 1200, input: 192, output: 52, packed: 10, tuned: 240, untuned: 424, sandboxes: 5, inFlight: 10,
		notes: []string{"Something that is worth a note, and long enough to need a second line of it."},
	}
	ours := course{Way: packedWay, RecordsPerCall: 10, PerCall: 10, Sandboxes: 5, CallsInFlight: 10, MaxTokens: 2400, Seconds: 3780, Finished: true, Answered: 100_000,
		Calls: 10_000, Attempts: 10_002, Throttles: 2, ThrottleShare: 0.0002, AttemptsPerCall: 1.0002, Goodput: 0.984, InputTokens: 32_000_000, OutputTokens: 6_000_000,
		QuotaTokens: 62_000_000, PerRecord: 620, LambdaSeconds: 36_000, SimulatedRecords: 50_000, SimulatedSeconds: 1890}
	alone := course{Way: singleWay, RecordsPerCall: 1, PerCall: 1, Sandboxes: 5, CallsInFlight: 12, MaxTokens: 240, Seconds: 9960, Finished: true, Answered: 100_000,
		Calls: 100_000, Attempts: 100_000, AttemptsPerCall: 1, Goodput: 0.995, InputTokens: 139_200_000, OutputTokens: 5_200_000,
		QuotaTokens: 165_200_000, PerRecord: 1652, LambdaSeconds: 720_000, SimulatedRecords: 100_000, SimulatedSeconds: 9960}
	untuned := ours
	untuned.Way, untuned.Seconds, untuned.SimulatedRecords = untunedWay, 4200, 100_000
	naive := course{Way: naiveWay, RecordsPerCall: 1, PerCall: 1, Sandboxes: 60, CallsInFlight: 1, MaxTokens: 4096, Seconds: 7560, Finished: true, Answered: 40_000,
		DeadLettered: 60_000, Calls: 40_000, Attempts: 800_000, Throttles: 760_000, ThrottleShare: 0.95, AttemptsPerCall: 20, Goodput: 0.9, InputTokens: 55_680_000,
		OutputTokens: 2_080_000, QuotaTokens: 66_080_000, PerRecord: 1652, LambdaSeconds: 90_000, SimulatedRecords: 100_000, SimulatedSeconds: 7560}
	for i := range 21 {
		ours.points = append(ours.points, sim.Point{At: time.Duration(i) * 189 * time.Second, Answered: i * 5000, Waiting: 100_000 - i*5000})
		naive.points = append(naive.points, sim.Point{At: time.Duration(i) * 378 * time.Second, Answered: i * 2000, DeadLettered: i * 3000, Waiting: 100_000 - i*5000})
	}
	courses := map[way]course{packedWay: ours, singleWay: alone, untunedWay: untuned, naiveWay: naive}
	for w, c := range courses {
		c.USD = p.cost(p.lane, c)
		courses[w] = c
	}
	return p.report(courses)
}

const shown = `100,000 records, task sort, Acme Large
1,000,000 tokens a minute (sliding minute), all records at once

                            SLUICE   ONE PER CALL   SDK RETRY
records answered           100,000        100,000      40,000
given up (dead-lettered)         0              0      60,000
time                         1h 3m         2h 46m       2h 6m
throttles                        2              0     760,000
attempts throttled          0.02 %            0 %      95.0 %
calls answered              10,000        100,000      40,000
records per call              10.0            1.0         1.0
quota tokens per record        620          1,652       1,652
use of the quota            98.4 %         99.5 %      90.0 %
cost, standard              $62.00        $165.20      $66.08
cost of 1,000 answers      $0.6200          $1.65       $1.65
Lambda hours                  10.0            200        25.0
sandboxes x calls           5 x 10         5 x 12      60 x 1
max_tokens of a call         2,400            240       4,096

SLUICE: up to 10 records per call. ONE PER CALL: the same, not packed. SDK
RETRY: one record per call, 60 sandboxes of one call each (three times what the
quota feeds, as where nobody limits them), max_tokens 4,096, the AWS SDK's
standard retries; a record is given up after five receives.

deadline       1h 30m: met, with 27m to spare
by hand        1,200 instruction / 10 + 200 input + 5 x 60 output = 620 quota
               tokens a record; x 100,000 / 1,000,000 a minute = 1h 2m at the
               least
packing saves  103M quota tokens (62.5 %), $103.20 (62.5 %) and 1h 43m
max_tokens     tuned to 2,400 a call; the task's limit would reserve 4,240.
               Reclaimed: 1,840 tokens of every call, 18.4M in all; 7m sooner

LANE                      IN / OUT PER 1M   PACKED   ONE PER CALL    SAVED
priority               the model has none        -              -        -
standard (this plan)        $1.00 / $5.00   $62.00        $165.20   62.5 %
flex                        $0.50 / $2.50   $31.00         $82.60   62.5 %
batch                       $0.50 / $2.50   $31.00         $82.60   62.5 %

BACKLOG AFTER    SLUICE   SDK RETRY   ITS DEAD LETTERS
0s              100,000     100,000                  0
15m 45s          75,000      90,000              6,000
31m 30s          50,000      75,000             15,000
47m 15s          25,000      65,000             21,000
1h 3m                 0      50,000             30,000
1h 19m                0      40,000             36,000
1h 35m                0      25,000             45,000
1h 50m                0      15,000             51,000
2h 6m                 0           0             60,000

ASSUMED
  - Tokens: 1,200 of instruction and parameters in a call; 192 of input and 52
    of output a record; 8 more of each for its frame when packed.
  - The model takes 1s for the first token and then writes 80 tokens a second. A
    token of output takes 5 of the quota.
  - Prices of 2026-01-02: Bedrock list price, estimate, without Lambda, SQS,
    taxes and the prompt cache. All lanes share one quota; a batch job is
    outside of it and takes up to a day.
  - No answer is reused, nobody else uses the quota, seed 4.
  - 3 records more in the file cannot be asked about; they are rejected and cost
    nothing.
  - Something that is worth a note, and long enough to need a second line of it.
  - SLUICE: 50,000 records (31m 30s) were simulated, and extended at their pace.

The backlog is drawn in backlog.svg
`

func TestAPlanReadsLikeThis(t *testing.T) {
	var out strings.Builder
	r := shownPlan(t)
	r.Drawing = "backlog.svg"
	r.print(&out)
	if out.String() != shown {
		t.Errorf("it reads\n%s\nand not\n%s", out.String(), shown)
	}
	inColumns(t, out.String())
}
