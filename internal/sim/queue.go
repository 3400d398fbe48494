package sim

import "container/heap"

// message is a record in the queue.
type message struct {
	arrived  float32 // when, in seconds
	input    uint32  // tokens
	receives uint16
}

// queue is SQS: what is visible is received in order, what is hidden comes back.
type queue struct {
	messages []message
	visible  []int32 // from head on
	head     int
	hidden   returns
}

// show makes a message visible.
func (q *queue) show(id int32) { q.visible = append(q.visible, id) }

// waits is how many could be received now.
func (q *queue) waits() int { return len(q.visible) - q.head }

// surface shows what has been hidden for long enough.
func (q *queue) surface(now float64) {
	for len(q.hidden) > 0 && q.hidden[0].at <= now {
		q.show(heap.Pop(&q.hidden).(comeback).id)
	}
}

// next is when the next hidden message comes back; false if none will.
func (q *queue) next() (float64, bool) {
	if len(q.hidden) == 0 {
		return 0, false
	}
	return q.hidden[0].at, true
}

// receive takes up to n messages. Those that have been received too often are
// dead letters.
func (q *queue) receive(n, mostReceives int) (batch []int32, dead int) {
	for len(batch) < n && q.waits() > 0 {
		id := q.visible[q.head]
		q.head++
		if int(q.messages[id].receives) >= mostReceives {
			dead++
			continue
		}
		q.messages[id].receives++
		batch = append(batch, id)
	}
	if q.head > 4096 && q.head > len(q.visible)/2 {
		q.visible = append(q.visible[:0], q.visible[q.head:]...)
		q.head = 0
	}
	return batch, dead
}

// hide keeps a message out of sight until a time.
func (q *queue) hide(id int32, until float64) { heap.Push(&q.hidden, comeback{until, id}) }

type comeback struct {
	at float64
	id int32
}

type returns []comeback

func (r returns) Len() int { return len(r) }

func (r returns) Less(i, j int) bool {
	return r[i].at < r[j].at || r[i].at == r[j].at && r[i].id < r[j].id
}

func (r returns) Swap(i, j int) { r[i], r[j] = r[j], r[i] }

func (r *returns) Push(x any) { *r = append(*r, x.(comeback)) }

func (r *returns) Pop() any {
	last := len(*r) - 1
	x := (*r)[last]
	*r = (*r)[:last]
	return x
}
