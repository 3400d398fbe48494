package s3

import "net/http"

// contest is a conditional write that is on its way. A delete of its key that
// comes first decides it: S3 answers 409 and lets the client look again. See
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
type contest struct{ lost bool }

// contested watches the key until done is called, if the write has conditions.
func (s *State) contested(bucket, key string, c Conditions) (watched Conditions, done func()) {
	if c == (Conditions{}) {
		return c, func() {}
	}
	c.during = &contest{}
	id := string(objectKey(bucket, key))
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.contests[id] == nil {
		s.contests[id] = map[*contest]bool{}
	}
	s.contests[id][c.during] = true
	return c, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.contests[id], c.during)
		if len(s.contests[id]) == 0 {
			delete(s.contests, id)
		}
	}
}

// decide tells the conditional writes of a key that it was deleted. The caller
// holds the lock.
func (s *State) decide(bucket, key string) {
	for c := range s.contests[string(objectKey(bucket, key))] {
		c.lost = true
	}
}

func conflict() *Error {
	return refuse(http.StatusConflict, "ConditionalRequestConflict", "A conflicting operation occurred during the upload of this object. Please try again.")
}
