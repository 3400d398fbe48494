package sqs

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// queryNamespace is that of the older protocol's documents.
const queryNamespace = "http://queue.amazonaws.com/doc/2012-11-05/"

// writeQuery answers in the older shape what today's protocol has answered.
func (k *kept) writeQuery(w http.ResponseWriter, action string) {
	id := k.header.Get("X-Amzn-Requestid")
	w.Header().Set("X-Amzn-Requestid", id)
	if k.status >= http.StatusBadRequest {
		var told struct{ Message string }
		_ = json.Unmarshal(k.body.Bytes(), &told) // ours
		writeQueryError(w, k.status, k.header.Get("X-Amzn-Query-Error"), told.Message)
		return
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `%s<%sResponse xmlns=%q>`, xml.Header, action, queryNamespace)
	decoder := json.NewDecoder(&k.body)
	decoder.UseNumber() // times are too large for a float's digits
	var members map[string]any
	if err := decoder.Decode(&members); err == nil {
		element(&b, action+"Result", func() { writeMembers(&b, action, members) })
	}
	element(&b, "ResponseMetadata", func() { element(&b, "RequestId", func() { escape(&b, id) }) })
	fmt.Fprintf(&b, "</%sResponse>", action)
	w.Header().Set("Content-Type", "text/xml")
	_, _ = w.Write(b.Bytes()) // a client that went away needs no answer
}

// writeQueryError answers a refusal; code is "Code;Sender" or "Code;Receiver".
func writeQueryError(w http.ResponseWriter, status int, code, message string) {
	code, side, _ := strings.Cut(code, ";")
	var b bytes.Buffer
	fmt.Fprintf(&b, `%s<ErrorResponse xmlns=%q>`, xml.Header, queryNamespace)
	element(&b, "Error", func() {
		element(&b, "Type", func() { escape(&b, side) })
		element(&b, "Code", func() { escape(&b, code) })
		element(&b, "Message", func() { escape(&b, message) })
	})
	element(&b, "RequestId", func() { escape(&b, w.Header().Get("X-Amzn-Requestid")) })
	b.WriteString("</ErrorResponse>")
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

func element(b *bytes.Buffer, name string, content func()) {
	b.WriteString("<" + name + ">")
	content()
	b.WriteString("</" + name + ">")
}

func escape(w io.Writer, text string) { _ = xml.EscapeText(w, []byte(text)) }

// answerNames are what one entry of a list or a map is called in the older
// protocol, which has no element around all of them.
var answerNames = map[string]string{
	"QueueUrls": "QueueUrl", "queueUrls": "QueueUrl", "Messages": "Message", "Failed": "BatchResultErrorEntry", "Results": "ListMessageMoveTasksResultEntry",
	"Attributes": "Attribute", "MessageAttributes": "MessageAttribute", "Tags": "Tag",
}

func writeMembers(b *bytes.Buffer, action string, members map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(members)) {
		one := answerNames[name]
		if name == "Successful" {
			one = action + "ResultEntry"
		}
		switch value := members[name].(type) {
		case []any:
			for _, entry := range value {
				element(b, one, func() { writeValue(b, action, entry) })
			}
		case map[string]any:
			if one == "" {
				element(b, name, func() { writeMembers(b, action, value) })
				continue
			}
			writeMap(b, action, one, value)
		default:
			element(b, name, func() { writeValue(b, action, value) })
		}
	}
}

func writeMap(b *bytes.Buffer, action, one string, entries map[string]any) {
	key := "Name"
	if one == "Tag" {
		key = "Key"
	}
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		element(b, one, func() {
			element(b, key, func() { escape(b, name) })
			element(b, "Value", func() { writeValue(b, action, entries[name]) })
		})
	}
}

func writeValue(b *bytes.Buffer, action string, value any) {
	if members, is := value.(map[string]any); is {
		writeMembers(b, action, members)
		return
	}
	escape(b, fmt.Sprint(value))
}
