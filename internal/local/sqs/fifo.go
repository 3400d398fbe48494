package sqs

// fifo keeps every message of a FIFO queue in the line of its group, whatever
// its condition: a line delivers from its head until the first message that is
// not visible, and what stands behind that one waits.
type fifo struct {
	queue *queue
	lines map[string]*line
	turns ring[*line]
}

type line struct {
	group    string
	messages ring[*message]
	listed   bool // stands in turns
}

func newFIFO(q *queue) *fifo { return &fifo{queue: q, lines: map[string]*line{}} }

func (f *fifo) add(m *message) {
	l := f.lines[m.group]
	if l == nil {
		l = &line{group: m.group}
		f.lines[m.group] = l
	}
	if !m.lined {
		m.lined = true
		l.messages.push(m)
	}
	f.list(l)
}

func (f *fifo) gone(m *message, _ condition) {
	if l := f.lines[m.group]; l != nil {
		f.list(l)
	}
}

// list gives a line its turn if its head may be delivered.
func (f *fifo) list(l *line) {
	f.trim(l)
	if l.messages.len() == 0 {
		delete(f.lines, l.group)
		return
	}
	if !l.listed && l.messages.items[l.messages.head].condition == visible {
		l.listed = true
		f.turns.push(l)
	}
}

func (f *fifo) trim(l *line) {
	for l.messages.len() > 0 && l.messages.items[l.messages.head].queue != f.queue {
		l.messages.pop()
	}
}

// ready counts lines. A head may have left since its line got the turn; then a
// poller is woken for nothing, once.
func (f *fifo) ready() int { return f.turns.len() }

func (f *fifo) take(n int) []*message {
	var taken []*message
	for len(taken) < n && f.turns.len() > 0 {
		l := f.turns.pop()
		l.listed = false
		f.trim(l)
		rest := false
		for _, m := range l.messages.items[l.messages.head:] {
			if m.queue != f.queue {
				continue
			}
			if m.condition != visible {
				break
			}
			if len(taken) == n {
				rest = true
				break
			}
			taken = append(taken, m)
		}
		if rest {
			// The messages before are about to be in flight: the line comes to
			// its turn again when they are settled.
			break
		}
	}
	return taken
}
