package sqs

// timeline is a binary heap of messages by a moment, from which any message can
// be removed: each message remembers where it stands. One message may stand in
// two timelines, which therefore differ in the slot they use.
type timeline struct {
	messages []*message
	at       func(*message) int64
	slot     func(*message) *int // 1-based place; 0 if absent
}

// first is the earliest message, nil if there is none.
func (t *timeline) first() *message {
	if len(t.messages) == 0 {
		return nil
	}
	return t.messages[0]
}

func (t *timeline) add(m *message) {
	t.messages = append(t.messages, m)
	*t.slot(m) = len(t.messages)
	t.up(len(t.messages) - 1)
}

// remove takes a message out, if it is there.
func (t *timeline) remove(m *message) {
	i := *t.slot(m) - 1
	if i < 0 {
		return
	}
	last := len(t.messages) - 1
	t.swap(i, last)
	t.messages[last] = nil
	t.messages = t.messages[:last]
	*t.slot(m) = 0
	if i < last {
		t.down(i)
		t.up(i)
	}
}

// less orders by moment, then by arrival, so that equals keep their order.
func (t *timeline) less(i, j int) bool {
	a, b := t.messages[i], t.messages[j]
	if ta, tb := t.at(a), t.at(b); ta != tb {
		return ta < tb
	}
	return a.order < b.order
}

func (t *timeline) swap(i, j int) {
	t.messages[i], t.messages[j] = t.messages[j], t.messages[i]
	*t.slot(t.messages[i]), *t.slot(t.messages[j]) = i+1, j+1
}

func (t *timeline) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if !t.less(i, parent) {
			return
		}
		t.swap(i, parent)
		i = parent
	}
}

func (t *timeline) down(i int) {
	for {
		child := 2*i + 1
		if child >= len(t.messages) {
			return
		}
		if right := child + 1; right < len(t.messages) && t.less(right, child) {
			child = right
		}
		if !t.less(child, i) {
			return
		}
		t.swap(i, child)
		i = child
	}
}
