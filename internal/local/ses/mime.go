package ses

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/textproto"
	"strings"
	"time"
	"unicode/utf8"
)

// Header lines are folded before this column where that can be done.
const foldAt = 76

// message renders a mail to MIME: text and HTML as alternatives, attachments
// beside them; only ASCII, lines of at most 998 characters.
func (m *Mail) message() ([]byte, error) {
	var out bytes.Buffer
	line := func(name, value string) { out.WriteString(name + ": " + value + "\r\n") }
	list := func(name string, addresses []Address) {
		if len(addresses) > 0 {
			line(name, strings.Join(headers(addresses), ",\r\n "))
		}
	}
	line("From", m.From.header())
	list("To", m.To)
	list("Cc", m.Cc)
	list("Reply-To", m.ReplyTo)
	line("Subject", unstructured("Subject", m.Subject))
	line("Date", m.Time.UTC().Format(time.RFC1123Z))
	line("Message-ID", "<"+m.ID+"@email.amazonses.com>")
	line("MIME-Version", "1.0")
	for _, h := range m.Headers {
		line(h.Name, h.Value)
	}
	if err := m.body(&out); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func (m *Mail) body(out *bytes.Buffer) error {
	if len(m.Attachments) == 0 {
		header, write := m.content()
		return part(out, header, write)
	}
	boundary := newBoundary()
	header := textproto.MIMEHeader{"Content-Type": {`multipart/mixed; boundary="` + boundary + `"`}}
	return part(out, header, func(w io.Writer) error {
		mixed := multipart.NewWriter(w)
		if err := mixed.SetBoundary(boundary); err != nil {
			return err
		}
		header, write := m.content()
		if err := addPart(mixed, header, write); err != nil {
			return err
		}
		for _, a := range m.Attachments {
			if err := addPart(mixed, a.header(), a.write); err != nil {
				return err
			}
		}
		return mixed.Close()
	})
}

// content is the text, the HTML, or both as alternatives.
func (m *Mail) content() (textproto.MIMEHeader, func(io.Writer) error) {
	if m.Text == "" || m.HTML == "" {
		kind, body := "text/plain", m.Text
		if m.HTML != "" {
			kind, body = "text/html", m.HTML
		}
		return textHeader(kind), func(w io.Writer) error { return quoted(w, body) }
	}
	boundary := newBoundary()
	header := textproto.MIMEHeader{"Content-Type": {`multipart/alternative; boundary="` + boundary + `"`}}
	return header, func(w io.Writer) error {
		both := multipart.NewWriter(w)
		if err := both.SetBoundary(boundary); err != nil {
			return err
		}
		for _, body := range []struct{ kind, text string }{{"text/plain", m.Text}, {"text/html", m.HTML}} {
			if err := addPart(both, textHeader(body.kind), func(w io.Writer) error { return quoted(w, body.text) }); err != nil {
				return err
			}
		}
		return both.Close()
	}
}

func textHeader(kind string) textproto.MIMEHeader {
	return textproto.MIMEHeader{"Content-Type": {kind + "; charset=UTF-8"}, "Content-Transfer-Encoding": {"quoted-printable"}}
}

func (a Attachment) header() textproto.MIMEHeader {
	kind := a.ContentType
	if kind == "" {
		kind = "application/octet-stream"
	}
	disposition := "attachment"
	if a.Inline {
		disposition = "inline"
	}
	h := textproto.MIMEHeader{
		"Content-Type": {kind}, "Content-Transfer-Encoding": {"base64"},
		"Content-Disposition": {mime.FormatMediaType(disposition, map[string]string{"filename": a.FileName})},
	}
	if a.ContentID != "" {
		h.Set("Content-ID", "<"+strings.Trim(a.ContentID, "<>")+">")
	}
	if a.Description != "" {
		h.Set("Content-Description", unstructured("Content-Description", a.Description))
	}
	return h
}

// write writes base64 in lines of 76.
func (a Attachment) write(w io.Writer) error {
	text := base64.StdEncoding.EncodeToString(a.Content)
	for len(text) > 0 {
		n := min(foldAt, len(text))
		if _, err := io.WriteString(w, text[:n]+"\r\n"); err != nil {
			return err
		}
		text = text[n:]
	}
	return nil
}

// quoted writes quoted-printable; every kind of line end becomes CRLF.
func quoted(w io.Writer, body string) error {
	q := quotedprintable.NewWriter(w)
	if _, err := io.WriteString(q, strings.NewReplacer("\r\n", "\r\n", "\n", "\r\n", "\r", "\r\n").Replace(body)); err != nil {
		return err
	}
	return q.Close()
}

// part writes header lines, an empty line and the content.
func part(out *bytes.Buffer, header textproto.MIMEHeader, write func(io.Writer) error) error {
	for _, name := range sortedKeys(header) {
		out.WriteString(name + ": " + header.Get(name) + "\r\n")
	}
	out.WriteString("\r\n")
	return write(out)
}

func addPart(w *multipart.Writer, header textproto.MIMEHeader, write func(io.Writer) error) error {
	inner, err := w.CreatePart(header)
	if err != nil {
		return err
	}
	return write(inner)
}

func newBoundary() string {
	var b [12]byte
	rand.Read(b[:]) // never fails
	return "=_" + hex.EncodeToString(b[:])
}

// unstructured writes a text for a header line: as it is, folded between
// words, if that reads back the same; otherwise as encoded words.
func unstructured(name, value string) string {
	if !plain(value) {
		return encodedWords(value, len(name)+2)
	}
	var out strings.Builder
	column := len(name) + 2
	for i, word := range strings.Split(value, " ") {
		switch {
		case i == 0:
		case column+1+len(word) > foldAt:
			out.WriteString("\r\n ")
			column = 1
		default:
			out.WriteByte(' ')
			column++
		}
		out.WriteString(word)
		column += len(word)
	}
	return out.String()
}

// plain tells whether a header line may hold the text as it is.
func plain(s string) bool {
	const longestWord = 900
	if s == "" || !ascii(s) || s != strings.Join(strings.Fields(s), " ") {
		return s == ""
	}
	for word := range strings.SplitSeq(s, " ") {
		if len(word) > longestWord {
			return false
		}
	}
	return true
}

// encodedWords writes a text as words of RFC 2047, UTF-8 and base64, whole
// characters in each.
func encodedWords(s string, column int) string {
	const prefix, suffix, most = "=?UTF-8?B?", "?=", 45 // bytes in a word of 75 characters
	var words []string
	for room := most - column/2; s != ""; room = most {
		n := 0
		for n < len(s) {
			_, size := utf8.DecodeRuneInString(s[n:])
			if n+size > max(room, utf8.UTFMax) {
				break
			}
			n += size
		}
		words = append(words, prefix+base64.StdEncoding.EncodeToString([]byte(s[:n]))+suffix)
		s = s[n:]
	}
	return strings.Join(words, "\r\n ")
}

// phrase writes a person's name: an atom, a quoted string, or encoded words.
func phrase(name string) string {
	if !plain(name) || len(name) > foldAt || strings.Contains(name, "=?") {
		return encodedWords(name, 0)
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"`
}
