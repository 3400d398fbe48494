package disk

import (
	"syscall"

	bolt "go.etcd.io/bbolt"
)

// letGo takes the file's pages out of the process's resident memory. They stay in
// the system's cache, from where the next access maps them again, sixteen at a
// time; a transaction holds the map in its place meanwhile.
func letGo(tx *bolt.Tx) {
	// It is advice: if it is not taken, only memory is lost.
	_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, tx.DB().Info().Data, uintptr(tx.Size()), syscall.MADV_DONTNEED)
}
