//go:build tune

package pacing

import (
	"os"
	"strconv"
)

func init() {
	for n, p := range map[string]*float64{"rate": &standard.rate, "burst": &standard.burst, "saved": &standard.saved, "faster": &standard.faster,
		"thin": &standard.thin, "window": &standard.window, "slack": &standard.slack, "cut": &standard.cut, "under": &standard.under,
		"deepest": &standard.deepest, "pause": &standard.pause, "growth": &standard.growth, "clean": &standard.clean, "calls": &standard.calls,
		"share": &standard.share, "debt": &standard.debt, "recover": &standard.recover, "probe": &standard.probe, "pauseMost": &standard.pauseMost} {
		if v := os.Getenv("T_" + n); v != "" {
			*p, _ = strconv.ParseFloat(v, 64)
		}
	}
}
