package sqs

import "regexp"

const maxEntries = 10

var entryID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

// checkBatch refuses a batch that is wrong as a whole.
func checkBatch[E any](queueURL string, entries []E, id func(E) string) *Error {
	switch {
	case queueURL == "":
		return errMissing("QueueUrl")
	case len(entries) == 0:
		return errBatch("EmptyBatchRequest", "There should be at least one entry in the request.")
	case len(entries) > maxEntries:
		return errBatch("TooManyEntriesInBatchRequest", "Maximum number of entries per request are %d. You have sent %d.", maxEntries, len(entries))
	}
	seen := map[string]bool{}
	for _, e := range entries {
		name := id(e)
		if !entryID.MatchString(name) {
			return errBatch("InvalidBatchEntryId", "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.")
		}
		if seen[name] {
			return errBatch("BatchEntryIdsNotDistinct", "Id %s repeated.", name)
		}
		seen[name] = true
	}
	return nil
}
