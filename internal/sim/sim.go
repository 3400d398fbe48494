package sim

import "math/rand/v2"

// Run simulates. Its errors are those of a Config that makes no sense; they are
// not worth a second try.
func Run(config Config) (Result, error) {
	config, err := config.WithDefaults()
	if err != nil {
		return Result{}, err
	}
	w := newWorld(config)
	w.arrive()
	w.watch()
	end := config.Length.Seconds()
	for !w.tally.done() {
		if !w.next(end) {
			w.now = end
			break
		}
	}
	return w.tally.result(w.now), nil
}

func newWorld(config Config) *world {
	c := &clock{}
	t := newTally(config)
	w := &world{clock: c, config: config, tally: t, chance: rand.New(rand.NewPCG(config.Seed, 2))}
	w.service = newService(c, config, t)
	w.queue.messages = make([]message, config.Records)
	for i := range w.queue.messages {
		w.queue.messages[i].input = uint32(max(float64(config.Input)*(0.7+0.6*w.chance.Float64()), 1))
	}
	w.mapping = newMapping(w)
	return w
}

// heaps is how many a bursty load comes in.
const heaps = 10

// arrive sets when the records come.
func (w *world) arrive() {
	n, spread := w.config.Records, w.config.Spread.Seconds()
	switch w.config.Load {
	case Bursty:
		for h := range heaps {
			w.at(spread*float64(h)/heaps, func() { w.come(n*h/heaps, n*(h+1)/heaps) })
		}
	case Trickle:
		w.trickle(0, spread/float64(n))
	default:
		w.at(0, func() { w.come(0, n) })
	}
}

// trickle lets one come after the other.
func (w *world) trickle(i int, every float64) {
	w.after(w.chance.ExpFloat64()*every, func() {
		w.come(i, i+1)
		if i+1 < w.config.Records {
			w.trickle(i+1, every)
		}
	})
}

// come puts records into the queue.
func (w *world) come(from, to int) {
	for i := from; i < to; i++ {
		w.queue.messages[i].arrived = float32(w.now)
		w.queue.show(int32(i))
	}
	w.tally.came(w.now, to-from)
	w.mapping.dispatch()
}

// watch draws the timeline.
func (w *world) watch() {
	w.tally.point(w.now)
	w.after(w.tally.step, w.watch)
}
