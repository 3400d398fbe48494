package emulator

import (
	"encoding/xml"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// composites are CloudWatch's composite alarms. They never change their state:
// nobody evaluates their rules. CloudWatch speaks the query protocol: forms in,
// XML out.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
type composites struct {
	mu   sync.Mutex
	kept map[string]composite // by name
}

// composite is an alarm as DescribeAlarms tells it.
type composite struct {
	AlarmName                          string
	AlarmArn                           string
	AlarmDescription                   string `xml:",omitempty"`
	AlarmRule                          string
	ActionsEnabled                     bool
	AlarmActions                       []string `xml:"AlarmActions>member"`
	OKActions                          []string `xml:"OKActions>member"`
	InsufficientDataActions            []string `xml:"InsufficientDataActions>member"`
	StateValue                         string
	AlarmConfigurationUpdatedTimestamp time.Time

	tags map[string]string
}

func newComposites() *composites { return &composites{kept: map[string]composite{}} }

// fill answers what is about composite alarms alone. AWS tells of them only where
// their type is asked for, and deletes them only by themselves.
func (c *composites) fill(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
	if r.Method != http.MethodPost || r.URL.Path != "/" || r.Header.Get("X-Amz-Target") != "" {
		return false
	}
	form, err := url.ParseQuery(string(body(r)))
	if err != nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch action := form.Get("Action"); action {
	case "PutCompositeAlarm":
		c.put(w, form)
	case "DescribeAlarms":
		return c.describe(w, form)
	case "DeleteAlarms":
		return c.delete(w, form)
	case "ListTagsForResource", "TagResource", "UntagResource":
		return c.tag(w, action, form)
	default:
		return false
	}
	return true
}

func (c *composites) put(w http.ResponseWriter, form url.Values) {
	name, rule := form.Get("AlarmName"), form.Get("AlarmRule")
	if name == "" || rule == "" {
		refuseQuery(w, http.StatusBadRequest, "ValidationError", errors.New("an alarm has a name and a rule"))
		return
	}
	made := composite{AlarmName: name, AlarmArn: "arn:aws:cloudwatch:" + Region + ":" + Account + ":alarm:" + name, AlarmDescription: form.Get("AlarmDescription"), AlarmRule: rule,
		ActionsEnabled: form.Get("ActionsEnabled") != "false", AlarmActions: members(form, "AlarmActions"), OKActions: members(form, "OKActions"),
		InsufficientDataActions: members(form, "InsufficientDataActions"), StateValue: "OK", AlarmConfigurationUpdatedTimestamp: time.Now().UTC().Truncate(time.Second), tags: tagsOf(form)}
	if before, is := c.kept[name]; is { // a call that changes an alarm leaves its tags
		made.tags = before.tags
	}
	c.kept[name] = made
	answerQuery(w, "PutCompositeAlarm", nil)
}

func (c *composites) describe(w http.ResponseWriter, form url.Values) bool {
	if !slices.Equal(members(form, "AlarmTypes"), []string{"CompositeAlarm"}) {
		return false
	}
	names, prefix := members(form, "AlarmNames"), form.Get("AlarmNamePrefix")
	var found struct {
		XMLName xml.Name    `xml:"DescribeAlarmsResult"`
		All     []composite `xml:"CompositeAlarms>member"`
	}
	for _, name := range slices.Sorted(maps.Keys(c.kept)) {
		if (len(names) == 0 || slices.Contains(names, name)) && strings.HasPrefix(name, prefix) {
			found.All = append(found.All, c.kept[name])
		}
	}
	answerQuery(w, "DescribeAlarms", found)
	return true
}

func (c *composites) delete(w http.ResponseWriter, form url.Values) bool {
	names := members(form, "AlarmNames")
	if len(names) != 1 {
		return false
	}
	if _, is := c.kept[names[0]]; !is {
		return false
	}
	delete(c.kept, names[0])
	answerQuery(w, "DeleteAlarms", nil)
	return true
}

func (c *composites) tag(w http.ResponseWriter, action string, form url.Values) bool {
	_, name, _ := strings.Cut(form.Get("ResourceARN"), ":alarm:")
	known, is := c.kept[name]
	if !is {
		return false
	}
	switch action {
	case "TagResource":
		maps.Copy(known.tags, tagsOf(form))
	case "UntagResource":
		for _, key := range members(form, "TagKeys") {
			delete(known.tags, key)
		}
	default:
		answerQuery(w, action, known.listTags())
		return true
	}
	answerQuery(w, action, nil)
	return true
}

func (c composite) listTags() any {
	var told struct {
		XMLName xml.Name                      `xml:"ListTagsForResourceResult"`
		Tags    []struct{ Key, Value string } `xml:"Tags>member"`
	}
	for _, key := range slices.Sorted(maps.Keys(c.tags)) {
		told.Tags = append(told.Tags, struct{ Key, Value string }{key, c.tags[key]})
	}
	return told
}

// members are a list's: name.member.1, name.member.2 and so on.
func members(form url.Values, name string) []string {
	var all []string
	for n := 1; form.Has(fmt.Sprintf("%s.member.%d", name, n)); n++ {
		all = append(all, form.Get(fmt.Sprintf("%s.member.%d", name, n)))
	}
	return all
}

func tagsOf(form url.Values) map[string]string {
	all := map[string]string{}
	for n := 1; form.Has(fmt.Sprintf("Tags.member.%d.Key", n)); n++ {
		all[form.Get(fmt.Sprintf("Tags.member.%d.Key", n))] = form.Get(fmt.Sprintf("Tags.member.%d.Value", n))
	}
	return all
}

// answerQuery answers in the query protocol's envelope; nil is an answer without
// a result.
func answerQuery(w http.ResponseWriter, action string, result any) {
	w.Header().Set("Content-Type", "text/xml")
	// A caller that has gone is no error of ours.
	_ = xml.NewEncoder(w).Encode(struct {
		XMLName xml.Name
		Result  any
	}{xml.Name{Local: action + "Response"}, result})
}

func refuseQuery(w http.ResponseWriter, status int, code string, why error) {
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	_ = xml.NewEncoder(w).Encode(struct {
		XMLName xml.Name `xml:"ErrorResponse"`
		Code    string   `xml:"Error>Code"`
		Message string   `xml:"Error>Message"`
	}{Code: code, Message: why.Error()})
}
