package notify

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	htmltemplate "html/template"
	"path"
	"strconv"
	"strings"
	texttemplate "text/template"
	"unicode"

	"sluice/events"
	"sluice/internal/fault"
	"sluice/internal/requests"
)

//go:embed templates
var templates embed.FS

// texts are the parsed templates.
type texts struct {
	plain *texttemplate.Template
	html  *htmltemplate.Template
}

func parseTexts() (texts, error) {
	plain, err := texttemplate.ParseFS(templates, "templates/*.txt")
	if err != nil {
		return texts{}, fmt.Errorf("templates: %w", err)
	}
	html, err := htmltemplate.ParseFS(templates, "templates/*.html")
	if err != nil {
		return texts{}, fmt.Errorf("templates: %w", err)
	}
	return texts{plain, html}, nil
}

// letter is a mail without its address.
type letter struct{ subject, text, html string }

// view is what the templates show.
type view struct {
	Title     string
	Task      string
	RequestID string
	Record    int
	Submitted string
	// Where the result, or the results file, lies.
	Where string

	Answers []answerView // result
	Model   string
	CostUSD string

	What    string // problem
	Reasons []events.Problem

	Counts  events.UploadCompleted // report
	Rows    []row
	Codes   []requests.Reason
	Page    string
	Link    string // opens the report; "" without an API
	Missing string
}

// row is a line of the report's table.
type row struct {
	Name  string
	Value int
}

// write writes the mail about an event.
func (h *Handler) write(ctx context.Context, about *subject) (*letter, error) {
	v := view{Task: about.Request.Task, RequestID: about.RequestID, Submitted: about.Request.Submitted.UTC().Format("2 January 2006, 15:04 MST")}
	if about.Request.Upload != nil {
		v.Record = about.Request.Upload.Record
	}
	switch d := about.data.(type) {
	case events.Stored:
		answer, err := h.answer(ctx, about, d)
		if err != nil {
			return nil, err
		}
		v.Answers, v.Where, v.Model, v.CostUSD = answerViews(answer), h.location(d.Key), d.AnsweredBy, dollars(d.CostUSD)
		if v.Model == "" {
			v.Model = d.Model
		}
		v.Title = titleOf(v)
		return h.render("result", v)
	case events.AiFailed:
		v.What = "The model could not answer it."
		v.Reasons = []events.Problem{{Code: string(d.Class), Message: d.Message}}
	case events.RequestRejected:
		v.What, v.Reasons = "It was rejected: it can never be answered as it is.", d.Reasons
		if d.Line > 0 {
			v.Where = path.Base(d.File) + ", line " + strconv.Itoa(d.Line)
		}
	case events.RequestParked:
		v.What = "It was set aside, and somebody will look at it. Nothing is lost; you need not send it again."
		v.Reasons = []events.Problem{{Code: d.Class, Message: d.Cause}}
	case events.UploadCompleted:
		if h.links != nil {
			v.Link = h.links.Report(about.Tenant, about.upload())
		}
		return h.report(v, d)
	}
	v.Title = "No answer: " + v.Task + " " + v.RequestID
	return h.render("problem", v)
}

func (h *Handler) report(v view, d events.UploadCompleted) (*letter, error) {
	v.Counts, v.CostUSD, v.Codes = d, dollars(d.CostUSD), requests.SortReasons(d.Reasons)
	v.Rows = []row{{"Records", d.Records}, {"Completed", d.Completed}, {"Rejected", d.Rejected}, {"Failed", d.Failed},
		{"Parked", d.Parked}, {"Missing", d.Missing}, {"Answers reused", d.Reused}}
	v.Where, v.Page, v.Missing = h.location(d.Results), h.location(d.Report), positions(d.MissingRecords, d.Missing)
	v.Title = fmt.Sprintf("%s: %d of %d records answered", path.Base(d.File.Key), d.Completed, d.Records)
	return h.render("report", v)
}

func (h *Handler) location(key string) string { return "s3://" + h.store.Bucket() + "/" + key }

func (h *Handler) render(name string, v view) (*letter, error) {
	v.Title = header(v.Title)
	var plain, html bytes.Buffer
	if err := h.texts.plain.ExecuteTemplate(&plain, name+".txt", v); err != nil {
		return nil, fault.Errorf(fault.Park, "write the mail: %w", err)
	}
	if err := h.texts.html.ExecuteTemplate(&html, name+".html", v); err != nil {
		return nil, fault.Errorf(fault.Park, "write the mail: %w", err)
	}
	return &letter{v.Title, clean(plain.String()), clean(html.String())}, nil
}

// maxTitle is the longest subject, in characters.
const maxTitle = 120

// header makes a text fit for a header: one line, without control characters.
func header(text string) string {
	text = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "\uFFFD"), func(c rune) bool {
		return unicode.IsControl(c) || unicode.IsSpace(c) || c == '\u2028' || c == '\u2029'
	}), " ")
	return cut(text, maxTitle)
}

// clean takes out of a body what no mail may hold.
func clean(text string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), "\uFFFD")
}

func cut(text string, runes int) string {
	n := 0
	for i := range text {
		if n++; n > runes {
			return text[:i] + "…"
		}
	}
	return text
}

// titleOf is the task and the first words of the answer.
func titleOf(v view) string {
	for _, a := range v.Answers {
		if len(a.Values) > 0 && a.Values[0] != "" {
			return v.Task + ": " + a.Values[0]
		}
	}
	return v.Task + ": " + v.RequestID
}

func positions(listed []int, total int) string {
	parts := make([]string, len(listed))
	for i, record := range listed {
		parts[i] = strconv.Itoa(record)
	}
	text := strings.Join(parts, ", ")
	if total > len(listed) {
		text += fmt.Sprintf(" and %d more", total-len(listed))
	}
	return text
}

// dollars shows an amount with as many digits as it needs.
func dollars(amount float64) string {
	if amount != 0 && amount < 0.01 {
		return "$" + strconv.FormatFloat(amount, 'f', 6, 64)
	}
	return "$" + strconv.FormatFloat(amount, 'f', 2, 64)
}

// answerView is a field of an answer.
type answerView struct {
	Name   string
	Values []string
}

const (
	maxFields = 200
	maxValues = 200
	maxValue  = 20_000 // characters; all of it lies in the result
)

// answerViews lists the fields of an answer in their order. An answer that is no
// object is one field without a name.
func answerViews(answer json.RawMessage) []answerView {
	decoder := json.NewDecoder(bytes.NewReader(answer))
	if first, err := decoder.Token(); err != nil || first != json.Delim('{') {
		return []answerView{{Values: values(answer)}}
	}
	var views []answerView
	for decoder.More() && len(views) < maxFields {
		name, err := decoder.Token()
		if err != nil {
			break
		}
		var value json.RawMessage
		if decoder.Decode(&value) != nil {
			break
		}
		views = append(views, answerView{cut(fmt.Sprint(name), maxTitle), values(value)})
	}
	return views
}

// values are the texts of a value: an array's items, or the value itself.
func values(raw json.RawMessage) []string {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		list = []json.RawMessage{raw}
	}
	var texts []string
	for _, one := range list[:min(len(list), maxValues)] {
		var text string
		if json.Unmarshal(one, &text) != nil {
			text = string(one)
		}
		texts = append(texts, cut(text, maxValue))
	}
	return texts
}
