package pacing

// tuning holds what was found by simulation: three shapes of window, quotas of
// 20 thousand to 4 million tokens a minute, 2 to 10 sandboxes, burn rates 1 to 15,
// packed and single calls, and the disturbances that package sim knows.
type tuning struct {
	rate   float64 // of the share that is used
	burst  float64 // seconds of the share that may be taken at once
	saved  float64 // seconds of the share that are made up for later
	lapse  float64 // seconds without a call after which that is forgotten
	lull   float64 // of the share of a minute that is used at least, else it is forgotten too
	faster float64 // by how much more of the share, then
	thin   float64 // and only while the window holds less of a minute at the present rate
	window float64 // of the share of a minute that the window holds
	slack  float64 // calls that it may hold beside
	tight  float64 // the same, once a throttle has shown that there is less
	gate   float64 // of the share of a minute that may be reserved beside a first call
	room   float64 // of the whole quota that one call may reserve
	shrink float64 // of that, by every throttle in a row

	cut       float64 // of the gain, by a throttle
	deepest   float64 // where the ceiling may be at least, of the gain
	under     float64 // where the ceiling is, of the gain at a throttle
	cutEvery  float64 // seconds
	recover   float64 // of the gain, a second, up to the ceiling
	probe     float64 // the same, above
	clean     float64 // seconds without a throttle before that
	calls     float64 // calls without one before that
	anyway    float64 // seconds without one, however few calls
	callsOver float64 // calls without one before more is taken than was told
	triesMost float64 // how often that number doubles at most, by every try that failed
	back      float64 // the gain after a try that found no sandbox idle
	share     float64 // of calls that may be throttled in the long run
	debt      float64 // throttles that are remembered at most for that
	least     float64 // gain
	most      float64 // gain

	search float64 // of a share that was learned, a second
	quiet  float64 // seconds without a throttle before that
	idle   float64 // seconds since a call had to wait, after which it ends

	pause, pauseMost float64 // seconds
	growth           float64 // of the pause, by every throttle in a row
	feel             float64 // seconds between the first calls after a pause
}

func standard() tuning {
	return tuning{
		rate: 0.987, burst: 4.5, saved: 12, lapse: 15, lull: 0.6, faster: 0.45, thin: 1, window: 0.996, slack: 0.6, tight: 0.18, gate: 0.6, room: 0.09, shrink: 0.8,
		cut: 0.97, deepest: 0.85, under: 0.989, cutEvery: 5, recover: 0.003, probe: 0.0014,
		clean: 60, calls: 55, anyway: 600, callsOver: 10000, triesMost: 3, back: 0.9, share: 0.01, debt: 1, least: 0.02, most: 1.7,
		search: 0.015, quiet: 120, idle: 2,
		pause: 1.7, growth: 2, pauseMost: 24, feel: 0.5,
	}
}
