package relay

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"slices"
	"strconv"
	"time"

	"github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

const (
	// dialTime is the most that connecting, STARTTLS and login take together.
	dialTime = 15 * time.Second
	// byeTime is how long the server may take to say goodbye.
	byeTime = 2 * time.Second
	// sendTime is the most that one mail takes.
	sendTime = 5 * time.Minute
	// portTLS is the port on which mail servers speak TLS from the first byte.
	portTLS = 465
)

// server is the mail server.
type server struct {
	host               string
	port               int
	username, password string
	tls                *tls.Config
}

// Check tells what is wrong with a server's address or credentials, or nil.
func Check(o Options) error {
	_, err := newServer(o)
	return err
}

// newServer checks host:port and the credentials.
func newServer(o Options) (server, error) {
	s := server{username: o.Username, password: o.Password, tls: &tls.Config{MinVersion: tls.VersionTLS12}}
	if o.TLS != nil {
		s.tls = o.TLS.Clone()
	}
	host, port, err := net.SplitHostPort(o.Server)
	if err != nil || host == "" {
		return s, fmt.Errorf("the mail server %q is not host:port", o.Server)
	}
	s.host, s.tls.ServerName = host, host
	if s.port, err = strconv.Atoi(port); err != nil || s.port < 1 || s.port > 65535 {
		return s, fmt.Errorf("the mail server %q has no port from 1 to 65535", o.Server)
	}
	if (o.Username == "") != (o.Password == "") {
		return s, errors.New("the mail server's credentials need both a name and a password")
	}
	return s, nil
}

// dial connects, starts TLS if it is offered, and logs in if there are
// credentials. Those never travel in the clear, except to this machine.
func (s server) dial(ctx context.Context) (*connection, error) {
	policy := mail.TLSOpportunistic
	if s.username != "" && !s.loopback() && s.port != portTLS {
		policy = mail.TLSMandatory
	}
	var line net.Conn
	options := []mail.Option{mail.WithPort(s.port), mail.WithTimeout(dialTime), mail.WithTLSPolicy(policy), mail.WithTLSConfig(s.tls),
		mail.WithDialContextFunc(func(ctx context.Context, network, address string) (net.Conn, error) {
			var err error
			line, err = s.connect(ctx, network, address)
			return line, err
		})}
	if s.username != "" {
		options = append(options, mail.WithUsername(s.username), mail.WithPassword(s.password), s.login())
	}
	client, err := mail.NewClient(s.host, options...)
	if err != nil {
		return nil, err
	}
	talk, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		if line != nil {
			line.Close() // the library leaves it open
		}
		return nil, err
	}
	// A context that ends breaks the connection, or a server that says nothing
	// would hold the machine's end.
	return &connection{talk, line, context.AfterFunc(ctx, func() { line.Close() })}, nil
}

func (s server) connect(ctx context.Context, network, address string) (net.Conn, error) {
	if s.port == portTLS {
		return (&tls.Dialer{Config: s.tls}).DialContext(ctx, network, address)
	}
	return (&net.Dialer{}).DialContext(ctx, network, address)
}

// login is how to log in: by whatever the server offers; to this machine also
// with a password in the clear.
func (s server) login() mail.Option {
	if !s.loopback() || s.port == portTLS {
		return mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover)
	}
	return mail.WithOpportunisticSMTPAuth(mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthCramMD5, mail.SMTPAuthPlainNoEnc, mail.SMTPAuthLoginNoEnc)
}

func (s server) loopback() bool {
	ip := net.ParseIP(s.host)
	return s.host == "localhost" || ip != nil && ip.IsLoopback()
}

// connection is a conversation with the server.
type connection struct {
	client *smtp.Client
	line   net.Conn
	forget func() bool
}

// send hands over a message to one recipient. The error is told apart by
// [judge].
func (c *connection) send(from, to string, message []byte) error {
	if err := c.client.UpdateDeadline(sendTime); err != nil {
		return err
	}
	if err := c.client.Mail("<" + from + ">"); err != nil {
		return err
	}
	if err := c.client.Rcpt("<" + to + ">"); err != nil {
		return err
	}
	w, err := c.client.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(message); err != nil {
		return err
	}
	return w.Close()
}

// again makes the connection ready for the next mail after a refusal.
func (c *connection) again() error { return c.client.Reset() }

// close takes leave.
func (c *connection) close() {
	c.forget()
	if c.client.UpdateDeadline(byeTime) != nil || c.client.Quit() != nil {
		c.line.Close()
	}
}

// verdict is what an error means for the mail.
type verdict int

const (
	broken  verdict = iota // nothing about the mail: no connection, no login
	putOff                 // 4xx: later
	forGood                // 5xx: never
)

// loginCodes are refusals of whoever sends, not of the mail: 530 and 538 ask for
// login or encryption, 534 and 535 do not take the credentials.
var loginCodes = []int{530, 534, 535, 538}

// closing is the code by which a server says that it is about to hang up.
const closing = 421

func judge(err error) verdict {
	code := codeOf(err)
	switch {
	case code == closing || slices.Contains(loginCodes, code):
		return broken
	case code >= 500 && code < 600:
		return forGood
	case code >= 400 && code < 500:
		return putOff
	}
	return broken
}

// codeOf is the server's reply code, or 0 if it did not reply.
func codeOf(err error) int {
	var reply *textproto.Error
	if errors.As(err, &reply) {
		return reply.Code
	}
	return 0
}

// reason is what of an error may be logged: a server's own words often repeat
// the address.
func reason(err error) string {
	if code := codeOf(err); code != 0 {
		return "the server answered " + strconv.Itoa(code)
	}
	return err.Error()
}
