package ses

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"

	"golang.org/x/text/encoding/htmlindex"
)

// deepest is how far multipart messages are followed into each other.
const deepest = 10

// parseRaw reads a MIME message: who, to whom, subject, bodies, attachments.
// The error tells why it is not one.
func parseRaw(raw []byte) (*Mail, error) {
	msg, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("the message has no proper header: %w", err)
	}
	if header, _, _ := bytes.Cut(bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")), []byte("\n\n")); bytes.ContainsAny(header, "\r\x00") {
		return nil, errors.New("the header of the message has bare carriage returns or zero bytes")
	}
	m := &Mail{}
	words := decoder()
	if m.Subject, err = words.DecodeHeader(msg.Header.Get("Subject")); err != nil {
		m.Subject = msg.Header.Get("Subject")
	}
	for name, into := range map[string]*[]Address{"To": &m.To, "Cc": &m.Cc, "Bcc": &m.Bcc, "Reply-To": &m.ReplyTo} {
		if *into, err = headerAddresses(msg.Header, name); err != nil {
			return nil, err
		}
	}
	from, err := headerAddresses(msg.Header, "From")
	if err != nil {
		return nil, err
	}
	if len(from) > 0 {
		m.From = from[0]
	}
	header := partHeader{kind: msg.Header.Get("Content-Type"), encoding: msg.Header.Get("Content-Transfer-Encoding")}
	if err := m.readPart(header, msg.Body, 0); err != nil {
		return nil, err
	}
	return m, nil
}

func decoder() *mime.WordDecoder {
	return &mime.WordDecoder{CharsetReader: func(charset string, in io.Reader) (io.Reader, error) {
		enc, err := htmlindex.Get(charset)
		if err != nil {
			return nil, err
		}
		return enc.NewDecoder().Reader(in), nil
	}}
}

func headerAddresses(h mail.Header, name string) ([]Address, error) {
	var list []Address
	for _, line := range h[name] {
		if strings.TrimSpace(line) == "" {
			continue
		}
		parsed, err := (&mail.AddressParser{WordDecoder: decoder()}).ParseList(line)
		if err != nil {
			return nil, fmt.Errorf("the header %s has no proper addresses: %w", name, err)
		}
		for _, a := range parsed {
			if hasControl(a.Address + a.Name) {
				return nil, fmt.Errorf("the header %s has control characters", name)
			}
			list = append(list, Address{Name: a.Name, Email: a.Address})
		}
	}
	return list, nil
}

type partHeader struct{ kind, encoding, disposition, id string }

// readPart takes a part: a body, an attachment, or parts in it.
func (m *Mail) readPart(h partHeader, body io.Reader, depth int) error {
	kind, params, err := mime.ParseMediaType(h.kind)
	if err != nil || kind == "" {
		kind, params = "text/plain", nil
	}
	if strings.HasPrefix(kind, "multipart/") && params["boundary"] != "" {
		if depth == deepest {
			return fmt.Errorf("the message has parts in parts more than %d deep", deepest)
		}
		return m.readParts(multipart.NewReader(body, params["boundary"]), depth+1)
	}
	content, err := io.ReadAll(transfer(h.encoding, body))
	if err != nil {
		return fmt.Errorf("a part of the message cannot be decoded: %w", err)
	}
	disposition, names, _ := mime.ParseMediaType(h.disposition)
	file := names["filename"]
	if file == "" {
		file = params["name"]
	}
	text := toUTF8(content, params["charset"])
	switch {
	case disposition == "attachment" || file != "":
		m.Attachments = append(m.Attachments, Attachment{FileName: file, ContentType: kind, Inline: disposition == "inline",
			ContentID: strings.Trim(h.id, "<>"), Content: content})
	case kind == "text/plain" && m.Text == "":
		m.Text = text
	case kind == "text/html" && m.HTML == "":
		m.HTML = text
	default:
		m.Attachments = append(m.Attachments, Attachment{ContentType: kind, Content: content})
	}
	return nil
}

func (m *Mail) readParts(parts *multipart.Reader, depth int) error {
	for {
		p, err := parts.NextRawPart()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the parts of the message are not formatted properly: %w", err)
		}
		h := partHeader{p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"),
			p.Header.Get("Content-Disposition"), p.Header.Get("Content-ID")}
		if err := m.readPart(h, p, depth); err != nil {
			return err
		}
	}
}

func transfer(encoding string, body io.Reader) io.Reader {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "quoted-printable":
		return quotedprintable.NewReader(body)
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, body)
	}
	return body
}

func toUTF8(content []byte, charset string) string {
	if charset != "" && !strings.EqualFold(charset, "utf-8") {
		if enc, err := htmlindex.Get(charset); err == nil {
			if decoded, err := enc.NewDecoder().Bytes(content); err == nil {
				content = decoded
			}
		}
	}
	return strings.ReplaceAll(strings.ToValidUTF8(string(content), "\uFFFD"), "\r\n", "\n")
}

// rewriteHeader drops header lines (with what is folded behind them) and puts
// others in front; the lines end as SMTP wants it, in CRLF.
func rewriteHeader(raw []byte, drop []string, add []Header) []byte {
	var out bytes.Buffer
	for _, h := range add {
		out.WriteString(h.Name + ": " + h.Value + "\r\n")
	}
	rest, dropping := raw, false
	for len(rest) > 0 {
		line, after, _ := bytes.Cut(rest, []byte("\n"))
		rest = after
		line = bytes.TrimSuffix(line, []byte("\r"))
		if len(line) == 0 {
			break
		}
		if line[0] != ' ' && line[0] != '\t' {
			name, _, _ := strings.Cut(string(line), ":")
			dropping = false
			for _, d := range drop {
				dropping = dropping || strings.EqualFold(strings.TrimSpace(name), d)
			}
		}
		if !dropping {
			out.Write(line)
			out.WriteString("\r\n")
		}
	}
	out.WriteString("\r\n")
	body := bytes.ReplaceAll(rest, []byte("\r\n"), []byte("\n"))
	out.Write(bytes.ReplaceAll(body, []byte("\n"), []byte("\r\n")))
	return out.Bytes()
}
