package sqs

import (
	"slices"
	"strconv"
	"strings"
)

// entry is a message in a request to send.
type entry struct {
	ID                      string `json:"Id"`
	MessageBody             string
	DelaySeconds            *int
	MessageAttributes       map[string]Attribute
	MessageSystemAttributes map[string]Attribute
	MessageGroupID          string `json:"MessageGroupId"`
	MessageDeduplicationID  string `json:"MessageDeduplicationId"`
}

func (e entry) outgoing(caller string) (Outgoing, *Error) {
	if e.MessageDeduplicationID != "" {
		return Outgoing{}, invalidParameter("The request includes a parameter that is not valid for this queue type: MessageDeduplicationId.")
	}
	o := Outgoing{Body: e.MessageBody, Attributes: e.MessageAttributes, Group: e.MessageGroupID, Delay: e.DelaySeconds, Sender: caller}
	for name, a := range e.MessageSystemAttributes {
		if name != "AWSTraceHeader" || a.StringValue == nil || a.DataType != "String" {
			return o, invalidParameter("Message system attribute %q is not valid; only AWSTraceHeader of type String is.", name)
		}
		o.Trace = *a.StringValue
	}
	return o, nil
}

// traceMD5 is the checksum of the system attributes, which can only be the trace
// header.
func traceMD5(o Outgoing) string {
	if o.Trace == "" {
		return ""
	}
	return attributesMD5(map[string]Attribute{"AWSTraceHeader": {DataType: "String", StringValue: &o.Trace}})
}

// sentMessage is the answer for a message that was sent.
type sentMessage struct {
	ID                           string `json:"Id,omitempty"`
	MessageID                    string `json:"MessageId"`
	MD5OfMessageBody             string
	MD5OfMessageAttributes       string `json:",omitempty"`
	MD5OfMessageSystemAttributes string `json:",omitempty"`
}

func (w wire) send(r request) (any, error) {
	var in struct {
		onQueue
		entry
	}
	if err := r.into(&in); err != nil {
		return nil, err
	}
	o, bad := in.outgoing(r.caller)
	if bad != nil {
		return nil, bad
	}
	sent, errs := w.SendAll(r.ctx, []Addressed{{in.QueueURL, o}})
	if errs[0] != nil {
		return nil, errs[0]
	}
	return sentMessage{"", sent[0].ID, sent[0].BodyMD5, sent[0].AttributesMD5, traceMD5(o)}, nil
}

func (w wire) sendBatch(r request) (any, error) {
	var in struct {
		onQueue
		Entries []entry
	}
	if err := r.into(&in); err != nil {
		return nil, err
	}
	if err := w.exists(in.QueueURL); err != nil {
		return nil, err
	}
	ids := make([]string, len(in.Entries))
	total := 0
	for i, e := range in.Entries {
		ids[i] = e.ID
		total += content{Body: e.MessageBody, Attributes: e.MessageAttributes}.size()
	}
	if err := checkIDs(ids); err != nil {
		return nil, err
	}
	if total > maxBytes {
		return nil, &Error{"BatchRequestTooLong", "AWS.SimpleQueueService.BatchRequestTooLong",
			"Batch requests cannot be longer than " + strconv.Itoa(maxBytes) + " bytes. You have sent " + strconv.Itoa(total) + " bytes."}
	}
	successful, failed := []sentMessage{}, []batchError{}
	var good []Addressed
	var at []int
	for i, e := range in.Entries {
		o, bad := e.outgoing(r.caller)
		if bad != nil {
			failed = append(failed, entryError(e.ID, bad))
			continue
		}
		good, at = append(good, Addressed{in.QueueURL, o}), append(at, i)
	}
	sent, errs := w.SendAll(r.ctx, good)
	for k, i := range at {
		if errs[k] != nil {
			failed = append(failed, entryError(ids[i], errs[k]))
			continue
		}
		successful = append(successful, sentMessage{ids[i], sent[k].ID, sent[k].BodyMD5, sent[k].AttributesMD5, traceMD5(good[k].Outgoing)})
	}
	return batchAnswer(successful, failed), nil
}

func batchAnswer[T any](successful []T, failed []batchError) any {
	return struct {
		Successful []T
		Failed     []batchError
	}{successful, failed}
}

// exists is an error if there is no such queue.
func (w wire) exists(url string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, bad := w.find(url); bad != nil {
		return bad
	}
	return nil
}

func (w wire) receive(r request) (any, error) {
	var in struct {
		onQueue
		MaxNumberOfMessages         *int
		VisibilityTimeout           *int
		WaitTimeSeconds             *int
		AttributeNames              []string
		MessageSystemAttributeNames []string
		MessageAttributeNames       []string
	}
	if err := r.into(&in); err != nil {
		return nil, err
	}
	receive := Receive{Max: 1, Visibility: in.VisibilityTimeout, Wait: in.WaitTimeSeconds, Receiver: r.caller}
	if in.MaxNumberOfMessages != nil {
		receive.Max = *in.MaxNumberOfMessages
	}
	got, err := w.Receive(r.ctx, in.QueueURL, receive)
	if err != nil || len(got) == 0 {
		return nil, err
	}
	names := slices.Concat(in.AttributeNames, in.MessageSystemAttributeNames)
	messages := make([]receivedMessage, len(got))
	for i, m := range got {
		wanted := chosenAttributes(m.Attributes, in.MessageAttributeNames)
		messages[i] = receivedMessage{MessageID: m.ID, ReceiptHandle: m.Handle, Body: m.Body, MD5OfBody: md5Hex(m.Body),
			Attributes: m.systemAttributes(names, w.Account), MessageAttributes: wanted, MD5OfMessageAttributes: attributesMD5(wanted)}
	}
	return map[string]any{"Messages": messages}, nil
}

type receivedMessage struct {
	MessageID              string `json:"MessageId"`
	ReceiptHandle          string
	Body                   string
	MD5OfBody              string
	Attributes             map[string]string    `json:",omitempty"`
	MessageAttributes      map[string]Attribute `json:",omitempty"`
	MD5OfMessageAttributes string               `json:",omitempty"`
}

// systemAttributes are those that were asked for, by name or with All.
func (m Received) systemAttributes(names []string, account string) map[string]string {
	all := map[string]string{
		"ApproximateReceiveCount": strconv.Itoa(m.Receives), "SentTimestamp": strconv.FormatInt(m.Sent, 10),
		"ApproximateFirstReceiveTimestamp": strconv.FormatInt(m.First, 10), "SenderId": account,
	}
	for name, value := range map[string]string{"AWSTraceHeader": m.Trace, "MessageGroupId": m.Group, "DeadLetterQueueSourceArn": m.Source} {
		if value != "" {
			all[name] = value
		}
	}
	if slices.Contains(names, "All") {
		return all
	}
	wanted := map[string]string{}
	for _, name := range names {
		if value, found := all[name]; found {
			wanted[name] = value
		}
	}
	return wanted
}

// chosenAttributes are the message attributes that were asked for: by name, by a
// prefix that ends in .*, or all.
func chosenAttributes(all map[string]Attribute, names []string) map[string]Attribute {
	chosen := map[string]Attribute{}
	for name, a := range all {
		for _, wanted := range names {
			prefix, isPrefix := strings.CutSuffix(wanted, ".*")
			if wanted == "All" || wanted == ".*" || wanted == name || isPrefix && strings.HasPrefix(name, prefix) {
				chosen[name] = a
			}
		}
	}
	return chosen
}

// heldEntry is a message in a request to settle.
type heldEntry struct {
	ID                string `json:"Id"`
	ReceiptHandle     string
	VisibilityTimeout *int
}

func (w wire) delete(r request) (any, error) {
	var in struct {
		onQueue
		heldEntry
	}
	if err := r.into(&in); err != nil {
		return nil, err
	}
	errs, err := w.Delete(r.ctx, in.QueueURL, []string{in.ReceiptHandle})
	if err != nil {
		return nil, err
	}
	return nil, errs[0]
}

func (w wire) changeVisibility(r request) (any, error) {
	var in struct {
		onQueue
		heldEntry
	}
	if err := r.into(&in); err != nil {
		return nil, err
	}
	if in.VisibilityTimeout == nil {
		return nil, missingParameter("VisibilityTimeout")
	}
	errs, err := w.ChangeVisibility(r.ctx, in.QueueURL, []string{in.ReceiptHandle}, []int{*in.VisibilityTimeout})
	if err != nil {
		return nil, err
	}
	return nil, errs[0]
}

func (w wire) deleteBatch(r request) (any, error) {
	return w.settleBatch(r, func(url string, handles []string, _ []int) ([]error, error) {
		return w.Delete(r.ctx, url, handles)
	})
}

func (w wire) changeVisibilityBatch(r request) (any, error) {
	return w.settleBatch(r, func(url string, handles []string, seconds []int) ([]error, error) {
		return w.ChangeVisibility(r.ctx, url, handles, seconds)
	})
}

func (w wire) settleBatch(r request, settle func(url string, handles []string, seconds []int) ([]error, error)) (any, error) {
	var in struct {
		onQueue
		Entries []heldEntry
	}
	if err := r.into(&in); err != nil {
		return nil, err
	}
	if err := w.exists(in.QueueURL); err != nil {
		return nil, err
	}
	ids, handles, seconds := make([]string, len(in.Entries)), make([]string, len(in.Entries)), make([]int, len(in.Entries))
	for i, e := range in.Entries {
		ids[i], handles[i] = e.ID, e.ReceiptHandle
		if e.VisibilityTimeout != nil {
			seconds[i] = *e.VisibilityTimeout
		}
	}
	if err := checkIDs(ids); err != nil {
		return nil, err
	}
	errs, err := settle(in.QueueURL, handles, seconds)
	if err != nil {
		return nil, err
	}
	type settled struct {
		ID string `json:"Id"`
	}
	successful, failed := []settled{}, []batchError{}
	for i, err := range errs {
		if err != nil {
			failed = append(failed, entryError(ids[i], err))
			continue
		}
		successful = append(successful, settled{ids[i]})
	}
	return batchAnswer(successful, failed), nil
}
