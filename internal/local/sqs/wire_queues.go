package sqs

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

func (w wire) createQueue(r request) (any, error) {
	var in struct {
		QueueName  string            `json:"QueueName"`
		Attributes map[string]string `json:"Attributes"`
		Tags       map[string]string `json:"tags"`
	}
	if err := r.into(&in); err != nil {
		return nil, err
	}
	if in.QueueName == "" {
		return nil, missingParameter("QueueName")
	}
	if err := w.CreateQueue(r.ctx, in.QueueName, in.Attributes, in.Tags); err != nil {
		return nil, err
	}
	return map[string]string{"QueueUrl": r.url(w.State, in.QueueName)}, nil
}

// onQueue is the part of a request that names a queue.
type onQueue struct {
	QueueURL string `json:"QueueUrl"`
}

func (w wire) deleteQueue(r request) (any, error) {
	var in onQueue
	if err := r.into(&in); err != nil {
		return nil, err
	}
	return nil, w.DeleteQueue(r.ctx, in.QueueURL)
}

func (w wire) purge(r request) (any, error) {
	var in onQueue
	if err := r.into(&in); err != nil {
		return nil, err
	}
	return nil, w.Purge(r.ctx, in.QueueURL)
}

func (w wire) getQueueURL(r request) (any, error) {
	var in struct {
		QueueName string `json:"QueueName"`
	}
	if err := r.into(&in); err != nil {
		return nil, err
	}
	if in.QueueName == "" {
		return nil, missingParameter("QueueName")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.queues[in.QueueName] == nil {
		return nil, noQueue()
	}
	return map[string]string{"QueueUrl": r.url(w.State, in.QueueName)}, nil
}

// listing is the part of a request that pages.
type listing struct {
	QueueURL        string `json:"QueueUrl"`
	QueueNamePrefix string `json:"QueueNamePrefix"`
	MaxResults      *int   `json:"MaxResults"`
	NextToken       string `json:"NextToken"`
}

// page cuts a page out of sorted names. The token is the last name of the page
// before.
func (l listing) page(names []string) (page []string, next string, err error) {
	if l.MaxResults != nil && (*l.MaxResults < 1 || *l.MaxResults > 1000) {
		return nil, "", invalidParameter("Value for parameter MaxResults is invalid. Reason: MaxResults must be an integer between 1 and 1000.")
	}
	slices.Sort(names)
	if l.NextToken != "" {
		from, found := slices.BinarySearch(names, l.NextToken)
		if found {
			from++
		}
		names = names[from:]
	}
	limit := 1000
	if l.MaxResults != nil {
		limit = *l.MaxResults
	}
	if len(names) <= limit {
		return names, "", nil
	}
	if l.MaxResults == nil {
		return names[:limit], "", nil // without MaxResults SQS does not page
	}
	return names[:limit], names[limit-1], nil
}

func (w wire) listQueues(r request) (any, error) {
	var in listing
	if err := r.into(&in); err != nil {
		return nil, err
	}
	w.mu.Lock()
	var names []string
	for name := range w.queues {
		if strings.HasPrefix(name, in.QueueNamePrefix) {
			names = append(names, name)
		}
	}
	w.mu.Unlock()
	return w.urls(r, in, names, "QueueUrls")
}

func (w wire) listSources(r request) (any, error) {
	var in listing
	if err := r.into(&in); err != nil {
		return nil, err
	}
	w.mu.Lock()
	q, bad := w.find(in.QueueURL)
	if bad != nil {
		w.mu.Unlock()
		return nil, bad
	}
	var names []string
	for _, source := range w.sourcesOf(q) {
		names = append(names, source.Name)
	}
	w.mu.Unlock()
	return w.urls(r, in, names, "queueUrls")
}

func (w wire) urls(r request, in listing, names []string, field string) (any, error) {
	page, next, err := in.page(names)
	if err != nil {
		return nil, err
	}
	urls := make([]string, len(page))
	for i, name := range page {
		urls[i] = r.url(w.State, name)
	}
	out := map[string]any{field: urls}
	if next != "" {
		out["NextToken"] = next
	}
	return out, nil
}

func (w wire) getAttributes(r request) (any, error) {
	var in struct {
		onQueue
		AttributeNames []string `json:"AttributeNames"`
	}
	if err := r.into(&in); err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	q, bad := w.find(in.QueueURL)
	if bad != nil {
		return nil, bad
	}
	q.promote(w.ms())
	all := q.allAttributes()
	wanted := map[string]string{}
	for _, name := range in.AttributeNames {
		if name == "All" {
			wanted = all
			break
		}
		value, found := all[name]
		if !found && !slices.Contains(texts, name) {
			return nil, unknownAttribute(name)
		}
		if found {
			wanted[name] = value
		}
	}
	if len(wanted) == 0 {
		return nil, nil
	}
	return map[string]any{"Attributes": wanted}, nil
}

func (q *queue) allAttributes() map[string]string {
	all := maps.Clone(q.Attributes)
	if all == nil {
		all = map[string]string{}
	}
	for name := range numbers {
		all[name] = strconv.Itoa(q.number(name))
	}
	if all["SqsManagedSseEnabled"] == "" && all["KmsMasterKeyId"] == "" {
		all["SqsManagedSseEnabled"] = "true"
	}
	delete(all, "FifoQueue")
	all["QueueArn"] = q.arn
	all["CreatedTimestamp"] = strconv.FormatInt(q.Created/1000, 10)
	all["LastModifiedTimestamp"] = strconv.FormatInt(q.Modified/1000, 10)
	all["ApproximateNumberOfMessages"] = strconv.Itoa(q.counts[visible])
	all["ApproximateNumberOfMessagesNotVisible"] = strconv.Itoa(q.counts[inFlight])
	all["ApproximateNumberOfMessagesDelayed"] = strconv.Itoa(q.counts[delayed])
	return all
}

func (w wire) setAttributes(r request) (any, error) {
	var in struct {
		onQueue
		Attributes map[string]string `json:"Attributes"`
	}
	if err := r.into(&in); err != nil {
		return nil, err
	}
	return nil, w.SetAttributes(r.ctx, in.QueueURL, in.Attributes)
}

func (w wire) tag(r request) (any, error) {
	var in struct {
		onQueue
		Tags map[string]string `json:"Tags"`
	}
	if err := r.into(&in); err != nil {
		return nil, err
	}
	return nil, w.Tag(r.ctx, in.QueueURL, in.Tags)
}

func (w wire) untag(r request) (any, error) {
	var in struct {
		onQueue
		TagKeys []string `json:"TagKeys"`
	}
	if err := r.into(&in); err != nil {
		return nil, err
	}
	return nil, w.Untag(r.ctx, in.QueueURL, in.TagKeys)
}

func (w wire) listTags(r request) (any, error) {
	var in onQueue
	if err := r.into(&in); err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	q, bad := w.find(in.QueueURL)
	if bad != nil {
		return nil, bad
	}
	if len(q.Tags) == 0 {
		return nil, nil
	}
	return map[string]any{"Tags": maps.Clone(q.Tags)}, nil
}

func (w wire) startMove(r request) (any, error) {
	var in struct {
		SourceArn, DestinationArn    string
		MaxNumberOfMessagesPerSecond int
	}
	if err := r.into(&in); err != nil {
		return nil, err
	}
	if in.SourceArn == "" {
		return nil, missingParameter("SourceArn")
	}
	handle, err := w.StartMove(r.ctx, in.SourceArn, in.DestinationArn, in.MaxNumberOfMessagesPerSecond)
	if err != nil {
		return nil, err
	}
	return map[string]string{"TaskHandle": handle}, nil
}

func (w wire) cancelMove(r request) (any, error) {
	var in struct{ TaskHandle string }
	if err := r.into(&in); err != nil {
		return nil, err
	}
	if in.TaskHandle == "" {
		return nil, missingParameter("TaskHandle")
	}
	moved, err := w.CancelMove(r.ctx, in.TaskHandle)
	if err != nil {
		return nil, err
	}
	return map[string]int{"ApproximateNumberOfMessagesMoved": moved}, nil
}

func (w wire) listMoves(r request) (any, error) {
	var in struct {
		SourceArn  string
		MaxResults *int
	}
	if err := r.into(&in); err != nil {
		return nil, err
	}
	if in.SourceArn == "" {
		return nil, missingParameter("SourceArn")
	}
	limit := 1
	if in.MaxResults != nil {
		limit = *in.MaxResults
	}
	if limit < 1 || limit > 10 {
		return nil, invalidParameter("Value %d for parameter MaxResults is invalid. Reason: Must be between 1 and 10.", limit)
	}
	found, err := w.moves(in.SourceArn, limit)
	if err != nil {
		return nil, err
	}
	results := make([]map[string]any, 0, len(found))
	for _, t := range found {
		one := map[string]any{"Status": t.Status, "SourceArn": t.Source, "StartedTimestamp": t.Started, "MaxNumberOfMessagesPerSecond": t.Rate,
			"ApproximateNumberOfMessagesMoved": t.Moved, "ApproximateNumberOfMessagesToMove": t.ToMove}
		if t.Status == moveRunning {
			one["TaskHandle"] = t.Handle // SQS gives the handle of running tasks only
		}
		if t.Destination != "" {
			one["DestinationArn"] = t.Destination
		}
		if t.Failure != "" {
			one["FailureReason"] = t.Failure
		}
		results = append(results, one)
	}
	return map[string]any{"Results": results}, nil
}
