package disk

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

const (
	formatBucket = "\x00sluice"
	formatKey    = "format"
	format       = "1"

	lockPatience = 200 * time.Millisecond
	// Reads never wait for a remap while the file is smaller than this.
	mapped = 256 << 20
)

func openBolt(path string) (*bolt.DB, error) {
	if info, err := os.Stat(path); err == nil && info.Size() > 0 {
		if err := inspect(path); err != nil {
			return nil, explain(err)
		}
	}
	var db *bolt.DB
	err := guarded(func() (err error) {
		db, err = bolt.Open(path, 0o600, &bolt.Options{
			Timeout: lockPatience,
			// The list of free pages is rebuilt at the start instead of being
			// written with every commit.
			NoFreelistSync: true, FreelistType: bolt.FreelistMapType,
			InitialMmapSize: mapped, NoStatistics: true,
		})
		return err
	})
	if err != nil {
		return nil, explain(err)
	}
	err = guarded(func() error {
		if err := db.Update(mark); err != nil {
			return err
		}
		// To find the free pages bbolt has looked at all of them.
		return db.View(func(tx *bolt.Tx) error { letGo(tx); return nil })
	})
	if err == nil {
		// The file's name must survive a power cut as its content does.
		err = syncFolder(filepath.Dir(path))
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func explain(err error) error {
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return ErrInUse
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrChecksum), errors.Is(err, bolterrors.ErrVersionMismatch):
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return err
}

// mark makes a new file ours.
func mark(tx *bolt.Tx) error {
	if tx.Bucket([]byte(formatBucket)) != nil {
		return nil
	}
	bucket, err := tx.CreateBucket([]byte(formatBucket))
	if err != nil {
		return err
	}
	return bucket.Put([]byte(formatKey), seal([]byte(formatKey), []byte(format)))
}

// inspect reads a file from end to end before anything is written to it. It
// opens it for reading only: bbolt's opening for writing walks the pages in a
// goroutine of its own, where a damaged page would end the whole process.
func inspect(path string) error {
	return guarded(func() error {
		db, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true, Timeout: lockPatience, NoStatistics: true})
		if err != nil {
			return err
		}
		defer db.Close()
		return db.View(func(tx *bolt.Tx) error {
			if err := checkFormat(tx); err != nil {
				return err
			}
			if err := checkBranches(path, db, tx); err != nil {
				return err
			}
			return tx.ForEach(func(name []byte, bucket *bolt.Bucket) error {
				if err := checkBucket(bucket); err != nil {
					return fmt.Errorf("%w (in %q)", err, name)
				}
				return nil
			})
		})
	})
}

func checkFormat(tx *bolt.Tx) error {
	bucket := tx.Bucket([]byte(formatBucket))
	if bucket == nil {
		if name, _ := tx.Cursor().First(); name != nil {
			return errors.New("it was written by another program")
		}
		return nil // the process ended between making the file and marking it
	}
	value, err := unseal([]byte(formatKey), bucket.Get([]byte(formatKey)))
	if err != nil {
		return err
	}
	if string(value) != format {
		return fmt.Errorf("its format is %q, this program writes %q", value, format)
	}
	return nil
}

func checkBranches(path string, db *bolt.DB, tx *bolt.Tx) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	return branches{file: file, pageSize: int64(db.Info().PageSize), seen: map[uint64]bool{}}.checkAll(tx)
}

// checkBucket verifies every checksum, and what no checksum covers: the order
// of the keys, which a pointer to a wrong page would break, and the branches,
// which must lead to every key.
func checkBucket(bucket *bolt.Bucket) error {
	var last []byte
	cursor, search := bucket.Cursor(), bucket.Cursor()
	read := 0
	for key, sealed := cursor.First(); key != nil; key, sealed = cursor.Next() {
		if read += len(sealed); read > releaseFrom/4 {
			letGo(bucket.Tx())
			read = 0
		}
		if _, err := unseal(key, sealed); err != nil {
			return err
		}
		if last != nil && bytes.Compare(last, key) >= 0 {
			return ErrDamaged
		}
		if found, _ := search.Seek(key); !bytes.Equal(found, key) {
			return ErrDamaged
		}
		last = key
	}
	return nil
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// guarded runs a piece of bbolt. On a damaged file bbolt panics, and a file cut
// short makes its memory map fault; both become an error here.
func guarded(do func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", ErrDamaged, p)
		}
	}()
	return do()
}
