package relay

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// letter is a mail that the server took.
type letter struct{ from, to, body, user string }

// mailServer is a small mail server on 127.0.0.1. What it answers to RCPT and to
// the end of DATA is the test's to say.
type mailServer struct {
	address string
	rcpt    func(to string) string // "" is 250
	data    func(body string) string
	tls     *tls.Config // offers STARTTLS
	auth    bool        // offers AUTH PLAIN

	mu      sync.Mutex
	letters []letter
	tried   []string // every RCPT
}

func serve(t *testing.T, s *mailServer) *mailServer {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	s.address = listener.Addr().String()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go s.talk(conn)
		}
	}()
	return s
}

func (s *mailServer) talk(conn net.Conn) {
	defer func() { conn.Close() }()
	in := bufio.NewReader(conn)
	say := func(line string) { fmt.Fprintf(conn, "%s\r\n", line) }
	var l letter
	secure := false
	say("220 test")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimSpace(line)
		verb, rest, _ := strings.Cut(line, " ")
		switch strings.ToUpper(verb) {
		case "EHLO":
			say("250-test")
			if s.tls != nil && !secure {
				say("250-STARTTLS")
			}
			if s.auth {
				say("250-AUTH PLAIN")
			}
			say("250 8BITMIME")
		case "STARTTLS":
			say("220 go")
			conn = tls.Server(conn, s.tls)
			in, secure = bufio.NewReader(conn), true
		case "AUTH":
			raw, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(rest, "PLAIN "))
			if l.user = strings.ReplaceAll(string(raw), "\x00", ":"); strings.HasSuffix(l.user, ":wrong") {
				say("535 5.7.8 no")
				continue
			}
			say("235 ok")
		case "MAIL":
			if s.auth && l.user == "" {
				say("530 5.7.0 Authentication required")
				continue
			}
			l.from = between(rest)
			say("250 ok")
		case "RCPT":
			l.to = between(rest)
			s.mu.Lock()
			s.tried = append(s.tried, l.to)
			s.mu.Unlock()
			say(answerOf(s.rcpt, l.to))
		case "DATA":
			say("354 go")
			var body strings.Builder
			for line := ""; line != ".\r\n"; body.WriteString(line) {
				if line, err = in.ReadString('\n'); err != nil {
					return
				}
			}
			l.body = strings.TrimSuffix(body.String(), ".\r\n")
			answer := answerOf(s.data, l.body)
			if answer == "hang up" {
				return
			}
			if strings.HasPrefix(answer, "250") {
				s.mu.Lock()
				s.letters = append(s.letters, l)
				s.mu.Unlock()
			}
			say(answer)
		case "RSET":
			say("250 ok")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("502 what?")
		}
	}
}

func answerOf(decide func(string) string, about string) string {
	if decide != nil {
		if answer := decide(about); answer != "" {
			return answer
		}
	}
	return "250 ok"
}

func between(s string) string {
	_, s, _ = strings.Cut(s, "<")
	s, _, _ = strings.Cut(s, ">")
	return s
}

func (s *mailServer) got() []letter {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]letter(nil), s.letters...)
}

func (s *mailServer) tries() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.tried)
}

// certificate is one for example.com and 127.0.0.1, with a client's settings
// that trust it.
func certificate(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	web := httptest.NewTLSServer(nil)
	t.Cleanup(web.Close)
	trusted := web.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	return &tls.Config{Certificates: web.TLS.Certificates}, &tls.Config{RootCAs: trusted}
}
