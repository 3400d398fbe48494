// Package disk is the durable ground under the states of the local machine: a
// key-value store that commits in groups.
//
//	Enqueue ─┐                                ┌─► ticket: durable
//	Enqueue ─┼─► waiting changes ─► one bbolt ─┼─► ticket: durable
//	Enqueue ─┘    (readable at once)  update   └─► ticket: durable
//
// One goroutine takes everything that is waiting into one transaction, so the
// cost of a flush is shared by whoever came meanwhile, and the order of the
// Enqueue calls is the order on the disk: whatever is durable, all that was
// enqueued before it is durable too. A write that fails is the end: nothing is
// written any more, every later ticket answers that error, and the machine must
// stop, since its states are ahead of its disk.
//
// go.etcd.io/bbolt is the file format: one file, pure Go, and it survives kill -9
// at any moment.
package disk
