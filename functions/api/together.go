package api

import (
	"sync"

	"sluice/internal/fault"
)

// together does things at the same time, and waits for all of them. It returns the
// error of the first in the list that has one. A panic is an error too.
func together(things ...func() error) error {
	errs := make([]error, len(things))
	var doing sync.WaitGroup
	for i, thing := range things {
		doing.Go(func() { errs[i] = fault.Guard(thing) })
	}
	doing.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
