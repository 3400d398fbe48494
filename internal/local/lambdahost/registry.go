package lambdahost

import (
	"crypto/rand"
	"fmt"
	"sync"
	"time"
)

// registry finds a process by the id in its path.
type registry struct {
	mu        sync.RWMutex
	processes map[string]*process
}

func newRegistry() *registry { return &registry{processes: map[string]*process{}} }

func (r *registry) add(p *process) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.processes[p.id] = p
}

func (r *registry) remove(p *process) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.processes, p.id)
}

func (r *registry) find(id string) (*process, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	p, found := r.processes[id]
	return p, found
}

// killAll ends every process, waits for them, and returns how many had a call.
func (r *registry) killAll() int {
	r.mu.RLock()
	all := make([]*process, 0, len(r.processes))
	for _, p := range r.processes {
		all = append(all, p)
	}
	r.mu.RUnlock()
	working := 0
	for _, p := range all {
		if p.hasCall() {
			working++
		}
		p.kill(killedStop)
	}
	for _, p := range all {
		<-p.gone
	}
	return working
}

// newID is 128 random bits in letters and digits that suit a path.
func newID() string { return rand.Text() }

// newTrace is an X-Ray trace header of a request that nobody samples.
func newTrace() string {
	var b [20]byte
	_, _ = rand.Read(b[:])
	return fmt.Sprintf("Root=1-%08x-%x;Parent=%x;Sampled=0", time.Now().Unix(), b[:12], b[12:])
}
