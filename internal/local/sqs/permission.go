package sqs

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"

	"sluice/internal/local/disk"
)

// AddPermissionInput lets accounts do something with a queue.
type AddPermissionInput struct {
	QueueURL      string   `json:"QueueUrl"`
	Label         string   // names the permission: 1 to 80 letters, digits, - and _
	AWSAccountIDs []string `json:"AWSAccountIds"` // of 12 digits each
	Actions       []string // operations, or *; up to 7
}

// RemovePermissionInput takes a permission back.
type RemovePermissionInput struct {
	QueueURL string `json:"QueueUrl"`
	Label    string
}

// permitted are the operations that a queue's owner may let others do:
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_AddPermission.html
var permitted = []string{"*", "ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "GetQueueUrl", "ListDeadLetterSourceQueues", "PurgeQueue", "ReceiveMessage", "SendMessage"}

const mostPermittedActions = 7

var (
	permissionLabel = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)
	accountNumber   = regexp.MustCompile(`^[0-9]{12}$`)
)

// policy is the attribute Policy. Statements stay as they were written.
type policy struct {
	Version   string
	ID        string            `json:"Id,omitempty"`
	Statement []json.RawMessage // or a single one, in a policy that somebody set
}

// parsePolicy reads a queue's policy; an empty one if it has none.
func parsePolicy(q *queue) (policy, *Error) {
	p := policy{Version: "2012-10-17", ID: q.arn + "/SQSDefaultPolicy"}
	text := q.attributes["Policy"]
	if text == "" {
		return p, nil
	}
	var given struct {
		Version   string
		ID        string `json:"Id"`
		Statement json.RawMessage
	}
	if json.Unmarshal([]byte(text), &given) != nil {
		return p, errValue("The queue's policy is not one that permissions can be added to or removed from.")
	}
	p.Version, p.ID = given.Version, given.ID
	if json.Unmarshal(given.Statement, &p.Statement) != nil {
		p.Statement = []json.RawMessage{given.Statement}
	}
	return p, nil
}

// at is where the statement of a label is, or -1.
func (p policy) at(label string) int {
	return slices.IndexFunc(p.Statement, func(raw json.RawMessage) bool {
		var s struct{ Sid string }
		return json.Unmarshal(raw, &s) == nil && s.Sid == label
	})
}

// AddPermission writes a statement into the queue's policy. Nobody is asked for
// permissions here; the policy is kept and told. Errors:
// InvalidParameterValueException, OverLimit.
func (s *State) AddPermission(ctx context.Context, _ Caller, in AddPermissionInput) (Empty, error) {
	statement, refused := in.statement()
	if refused != nil {
		return Empty{}, refused
	}
	return s.changePolicy(ctx, in.QueueURL, func(q *queue, p *policy) *Error {
		if p.at(in.Label) >= 0 {
			return errValue("Value %s for parameter Label is invalid. Reason: Already exists.", in.Label)
		}
		statement["Resource"] = q.arn
		raw, err := json.Marshal(statement)
		if err != nil {
			return errInternal(err)
		}
		p.Statement = append(p.Statement, raw)
		return nil
	})
}

// RemovePermission takes a statement out of the queue's policy. Errors:
// InvalidParameterValueException.
func (s *State) RemovePermission(ctx context.Context, _ Caller, in RemovePermissionInput) (Empty, error) {
	if in.Label == "" {
		return Empty{}, errMissing("Label")
	}
	return s.changePolicy(ctx, in.QueueURL, func(_ *queue, p *policy) *Error {
		at := p.at(in.Label)
		if at < 0 {
			return errValue("Value %s for parameter Label is invalid. Reason: can't find label on existing policy.", in.Label)
		}
		p.Statement = slices.Delete(p.Statement, at, at+1)
		return nil
	})
}

// statement is the permission as a policy says it, but for the queue.
func (in AddPermissionInput) statement() (map[string]any, *Error) {
	switch {
	case in.Label == "":
		return nil, errMissing("Label")
	case !permissionLabel.MatchString(in.Label):
		return nil, errValue("Value %s for parameter Label is invalid. Reason: Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length.", in.Label)
	case len(in.Actions) == 0:
		return nil, errMissing("Actions")
	case len(in.AWSAccountIDs) == 0:
		return nil, errMissing("AWSAccountIds")
	case len(in.Actions) > mostPermittedActions:
		return nil, refuse("OverLimit", "%d Actions were found, maximum allowed is %d.", len(in.Actions), mostPermittedActions).with(http.StatusForbidden)
	}
	var principals, actions []string
	for _, account := range in.AWSAccountIDs {
		if !accountNumber.MatchString(account) {
			return nil, errValue("Value %s for parameter PrincipalId is invalid. Reason: Unable to verify.", account)
		}
		principals = append(principals, "arn:aws:iam::"+account+":root")
	}
	for _, action := range in.Actions {
		if !slices.Contains(permitted, action) {
			return nil, errValue("Value SQS:%s for parameter ActionName is invalid. Reason: Only the queue owner is allowed to invoke this action.", action)
		}
		actions = append(actions, "SQS:"+action)
	}
	return map[string]any{"Sid": in.Label, "Effect": "Allow", "Principal": map[string]any{"AWS": single(principals)}, "Action": single(actions)}, nil
}

// single is the one of a list of one, as policies are written.
func single(list []string) any {
	if len(list) == 1 {
		return list[0]
	}
	return list
}

// changePolicy changes a queue's policy; without statements there is none.
func (s *State) changePolicy(ctx context.Context, url string, change func(*queue, *policy) *Error) (Empty, error) {
	s.mu.Lock()
	ticket, refused := s.changedPolicy(url, change)
	s.mu.Unlock()
	if refused != nil {
		return Empty{}, refused
	}
	return Empty{}, wait(ctx, ticket)
}

func (s *State) changedPolicy(url string, change func(*queue, *policy) *Error) (none disk.Ticket, refused *Error) {
	q, refused := s.byURL(url)
	if refused != nil {
		return none, refused
	}
	p, refused := parsePolicy(q)
	if refused != nil {
		return none, refused
	}
	if refused := change(q, &p); refused != nil {
		return none, refused
	}
	text := ""
	if len(p.Statement) > 0 {
		raw, err := json.Marshal(p)
		if err != nil {
			return none, errInternal(err)
		}
		text = string(raw)
	}
	q.set(map[string]string{"Policy": text})
	q.modified = s.now().Unix()
	return s.commit(append(s.advance(q, s.now().UnixNano()), q.record())), nil
}
