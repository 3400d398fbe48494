//go:build tune

package pacing

import (
	"fmt"
	"os"
	"sluice/internal/local/bedrock/quota"
	"testing"
)

func TestTrace(t *testing.T) {
	os.Setenv("TRACE", "1")
	s := scen{q: 1e6, told: 1e6, n: 5, c: 10, burn: 5, in: 3300, out: 700, max: 1500, minutes: 30, seed: 100}
	s.shape = quota.Shape(os.Getenv("SHAPE"))
	s.burst = 1
	switch os.Getenv("KIND") {
	case "halve":
		s.halve = true
	case "told":
		s.told = 1.5e6
	case "unknown":
		s.told = 0
	case "nb":
		s.neighbour = .3
	}
	fmt.Printf("%+v\n", run(s, standard))
}
