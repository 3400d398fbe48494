package main

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"

	"github.com/spf13/pflag"

	"sluice/internal/local/machine"
	"sluice/internal/local/signature"
)

// listening says where the machine listens, and who may call.
type listening struct {
	address     string
	credentials string
	profile     string
	// origins are those of the web pages that may call the HTTP API.
	origins []string
}

func (l *listening) flags(flags *pflag.FlagSet) {
	flags.StringVar(&l.address, "listen", "", "listen on this address[:port] instead of 127.0.0.1; off loopback every request must be signed (AWS Signature Version 4)")
	flags.StringVar(&l.credentials, "credentials", "", "let in who signs with the credentials of this file, in the format of AWS's shared credentials file (default: the machine's own, in its data folder)")
	flags.StringVar(&l.profile, "profile", "default", "the profile of --credentials")
	flags.StringArrayVar(&l.origins, "allow-origin", nil, "let web pages of this origin call the HTTP API, as http://localhost:3000 (CORS); may be given again")
}

// given tells whether anything is asked for.
func (l *listening) given() bool { return l.address != "" || l.credentials != "" || len(l.origins) > 0 }

// at is where to listen; without a port if none is named. It is a usage error if
// that is not an address, or if two ports are named.
func (l *listening) at(port int) (ip netip.Addr, named string, err error) {
	if port != 0 {
		named = strconv.Itoa(port)
	}
	if l.address == "" {
		return netip.AddrFrom4([4]byte{127, 0, 0, 1}), named, nil
	}
	host := l.address
	if h, p, err := net.SplitHostPort(l.address); err == nil {
		if _, err := strconv.ParseUint(p, 10, 16); err != nil {
			return ip, "", usagef("--listen has the port %q, not a number up to 65535", p)
		}
		if named != "" {
			return ip, "", usagef("the port is named twice, by --listen and by --port")
		}
		host, named = h, p
	}
	if host == "localhost" {
		host = "127.0.0.1"
	}
	if ip, err = netip.ParseAddr(host); err != nil {
		return ip, "", usagef("--listen is %q, not an IP address or address:port ([address]:port for IPv6)", l.address)
	}
	return ip, named, nil
}

// check tells what is wrong with the flags.
func (l *listening) check(port int) error {
	if l.profile != "default" && l.credentials == "" {
		return usagef("--profile goes with --credentials")
	}
	for _, origin := range l.origins {
		if at, err := url.Parse(origin); err != nil || at.Scheme+"://"+at.Host != origin || at.Scheme != "http" && at.Scheme != "https" || at.Host == "" {
			return usagef("--allow-origin is %q, not an origin as http://localhost:3000", origin)
		}
	}
	_, _, err := l.at(port)
	return err
}

// apply sets the machine's options.
func (l *listening) apply(ctx context.Context, o *machine.Options, port int) error {
	ip, named, err := l.at(port)
	if err != nil {
		return err
	}
	o.Signed = !ip.IsLoopback() || l.credentials != ""
	switch {
	case named != "":
	case l.address == "":
		named = strconv.Itoa(freeOr(ctx, DefaultPort))
	default:
		named = strconv.Itoa(DefaultPort) // or no other: others must find it
	}
	o.Address, o.Origins = net.JoinHostPort(ip.String(), named), l.origins
	if l.credentials == "" {
		return nil
	}
	caller, err := machine.ReadCredential(ctx, l.credentials, l.profile)
	if err != nil {
		return usageError{err}
	}
	o.Callers = []signature.Credential{caller}
	return nil
}

// suits tells whether a machine that runs already is what the flags ask for.
func (l *listening) suits(running machine.Running) error {
	if !l.given() {
		return nil
	}
	return fmt.Errorf("the machine of this data folder runs already (process %d), at %s; end it first to let it listen otherwise", running.PID, running.URL)
}

// tell says how others get in, and the machine's own keys the first time.
func (s *settings) tell(own *machine.Machine, folder string) {
	at := own.Running()
	if !at.Signed {
		return
	}
	s.say("  signed    every request must be signed (AWS Signature Version 4); HTTP hides nothing, so put TLS in front of it where others read the network")
	if s.listening.credentials != "" {
		s.say("  callers   profile %s of %s", s.listening.profile, s.listening.credentials)
	}
	kept := "kept in " + machine.KeysFile(folder)
	if s.memory {
		kept = "gone with this machine"
	}
	if !own.KeysMade() {
		s.say("  keys      %s", kept)
		return
	}
	s.say("  keys      AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=%s (shown this once; %s)", at.Keys.AccessKey, at.Keys.SecretKey, kept)
}

// freeOr is the port if it is free, or 0 for any.
func freeOr(ctx context.Context, port int) int {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return 0
	}
	if l.Close() != nil {
		return 0
	}
	return port
}
