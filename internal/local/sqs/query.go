package sqs

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// QueryHandler speaks SQS's older protocol, which clients from before the end of
// 2023 speak: a form with an Action in, XML out. Each call becomes one of today's
// protocol, and its answer is written in the older shape.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-xml.html
//
// The form is read before; see [http.Request.ParseForm].
func QueryHandler(s *State) http.Handler {
	today := Handler(s)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		action := r.PostForm.Get("Action")
		body, ok := queryBody(action, r.URL.Path, r.PostForm)
		if !ok {
			writeQueryError(w, http.StatusBadRequest, "MalformedQueryString;Sender", "The parameters of the form contradict each other.")
			return
		}
		call := r.Clone(r.Context())
		call.Header.Set("X-Amz-Target", TargetPrefix+action)
		call.Body = io.NopCloser(bytes.NewReader(body))
		answer := &kept{header: http.Header{}, status: http.StatusOK}
		today.ServeHTTP(answer, call)
		answer.writeQuery(w, action)
	})
}

// kept is an answer that is not sent yet.
type kept struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (k *kept) Header() http.Header         { return k.header }
func (k *kept) WriteHeader(status int)      { k.status = status }
func (k *kept) Write(p []byte) (int, error) { return k.body.Write(p) }

// branch is what has a common beginning among a form's names, such as
// Attribute.1.Name: strings and branches by the next part of the name.
type branch map[string]any

// mostNameParts bounds a name: Entry.1.MessageAttribute.1.Value.StringValue has six.
const mostNameParts = 8

// put adds one value; false if its name contradicts another one.
func (b branch) put(name, value string) bool {
	parts := strings.Split(name, ".")
	if len(parts) > mostNameParts {
		return false
	}
	for _, part := range parts[:len(parts)-1] {
		below, is := b[part].(branch)
		if b[part] != nil && !is {
			return false
		}
		if !is {
			below = branch{}
			b[part] = below
		}
		b = below
	}
	last := parts[len(parts)-1]
	if b[last] != nil {
		return false
	}
	b[last] = value
	return true
}

// queryBody is the JSON that a form stands for. A queue may be named by the path
// alone.
func queryBody(action, path string, form url.Values) ([]byte, bool) {
	all := branch{}
	for name, values := range form {
		if !all.put(name, values[0]) {
			return nil, false
		}
	}
	if all["QueueUrl"] == nil && strings.Trim(path, "/") != "" {
		all["QueueUrl"] = path
	}
	members := all.members()
	if tags, is := members["Tags"]; is && action == "CreateQueue" { // which calls them otherwise
		members["tags"] = tags
		delete(members, "Tags")
	}
	body, err := json.Marshal(members)
	return body, err == nil
}

// queryLists are lists of texts, by their names in a form.
var queryLists = map[string]string{
	"AttributeName": "AttributeNames", "MessageAttributeName": "MessageAttributeNames", "MessageSystemAttributeName": "MessageSystemAttributeNames",
	"TagKey": "TagKeys", "AWSAccountId": "AWSAccountIds", "ActionName": "Actions",
}

// queryMaps are maps, whose entries have a Name and a Value, or a Key and a Value.
var queryMaps = map[string]string{
	"Attribute": "Attributes", "MessageAttribute": "MessageAttributes", "MessageSystemAttribute": "MessageSystemAttributes", "Tag": "Tags",
}

// queryNumbers are the members that are numbers today.
var queryNumbers = []string{
	"DelaySeconds", "MaxNumberOfMessages", "MaxNumberOfMessagesPerSecond", "MaxResults", "VisibilityTimeout", "WaitTimeSeconds",
}

// members are what a branch is today.
func (b branch) members() map[string]any {
	out := map[string]any{}
	for name, value := range b {
		below, is := value.(branch)
		switch {
		case !is && slices.Contains(queryNumbers, name):
			out[name] = queryNumber(value.(string))
		case !is:
			out[name] = value
		case queryLists[name] != "":
			out[queryLists[name]] = below.entries()
		case queryMaps[name] != "":
			out[queryMaps[name]] = below.asMap()
		case strings.HasSuffix(name, "BatchRequestEntry"):
			out["Entries"] = below.entries()
		default:
			out[name] = below.members()
		}
	}
	return out
}

// queryNumber is a number, or the text that is none, for today's protocol to refuse.
func queryNumber(text string) any {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n
	}
	return text
}

// entries are what is numbered from 1 on, in that order.
func (b branch) entries() []any {
	number := func(name string) int {
		n, _ := strconv.Atoi(name) // a name that is none comes first
		return n
	}
	names := make([]string, 0, len(b))
	for name := range b {
		names = append(names, name)
	}
	slices.SortFunc(names, func(x, y string) int { return number(x) - number(y) })
	list := make([]any, 0, len(b))
	for _, name := range names {
		if below, is := b[name].(branch); is {
			list = append(list, below.members())
		} else {
			list = append(list, b[name])
		}
	}
	return list
}

func (b branch) asMap() map[string]any {
	out := map[string]any{}
	for _, entry := range b.entries() {
		one, _ := entry.(map[string]any)
		name, is := one["Name"].(string)
		if !is {
			name, _ = one["Key"].(string)
		}
		out[name] = one["Value"]
	}
	return out
}
