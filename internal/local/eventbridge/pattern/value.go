package pattern

import (
	"encoding/json"
	"math/big"
	"net/netip"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// matcher tells whether it takes one plain value of an event: a string, a
// json.Number, a bool or nil.
type matcher func(v any) bool

func anything(any) bool { return true }

func exactly(want any) matcher {
	return func(v any) bool { return v == want }
}

// exactText compares text; an address also equals itself in another spelling.
func exactText(want string) matcher {
	address, isAddress := parseAddress(want)
	if !isAddress {
		return exactly(want)
	}
	return func(v any) bool {
		s, ok := v.(string)
		if !ok {
			return false
		}
		other, ok := parseAddress(s)
		return ok && other == address
	}
}

// exactNumber compares as numbers, and as spelled where a number has more
// digits than a float64 can tell apart.
func exactNumber(want json.Number) matcher {
	f, ok := comparable64(string(want))
	return func(v any) bool {
		n, isNumber := v.(json.Number)
		if !isNumber {
			return false
		}
		if n == want {
			return true
		}
		g, comparable := comparable64(string(n))
		return ok && comparable && f == g
	}
}

func ofText(accept func(string) bool) matcher {
	return func(v any) bool {
		s, ok := v.(string)
		return ok && accept(s)
	}
}

func hasPrefix(p string) matcher {
	return ofText(func(s string) bool { return strings.HasPrefix(s, p) })
}

func hasSuffix(p string) matcher {
	return ofText(func(s string) bool { return strings.HasSuffix(s, p) })
}

func equalFold(p string) matcher {
	return ofText(func(s string) bool { return strings.EqualFold(s, p) })
}

func hasPrefixFold(p string) matcher {
	return ofText(func(s string) bool {
		for _, want := range p {
			got, size := utf8.DecodeRuneInString(s)
			if size == 0 || !sameFold(got, want) {
				return false
			}
			s = s[size:]
		}
		return true
	})
}

func hasSuffixFold(p string) matcher {
	return ofText(func(s string) bool {
		for rest := p; rest != ""; {
			want, size := utf8.DecodeLastRuneInString(rest)
			rest = rest[:len(rest)-size]
			got, size := utf8.DecodeLastRuneInString(s)
			if size == 0 || !sameFold(got, want) {
				return false
			}
			s = s[:len(s)-size]
		}
		return true
	})
}

func sameFold(a, b rune) bool {
	return a == b || unicode.ToLower(a) == unicode.ToLower(b) || unicode.ToUpper(a) == unicode.ToUpper(b)
}

func compare(op string, bound float64) matcher {
	return func(v any) bool {
		n, ok := v.(json.Number)
		if !ok {
			return false
		}
		f, ok := comparable64(string(n))
		if !ok {
			return false
		}
		switch op {
		case "=":
			return f == bound
		case "<":
			return f < bound
		case "<=":
			return f <= bound
		case ">":
			return f > bound
		}
		return f >= bound
	}
}

// comparable64 reads a number that a float64 holds without losing a digit;
// AWS compares no others.
func comparable64(s string) (float64, bool) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0, false
	}
	const alwaysHeld, longest = 15, 400 // digits that a float64 always holds; where we stop counting
	if len(s) <= alwaysHeld && f != 0 {
		return f, true
	}
	if f == 0 {
		mantissa, _, _ := strings.Cut(strings.ToLower(s), "e")
		return 0, strings.Trim(mantissa, "-0.") == ""
	}
	if len(s) > longest {
		return 0, false
	}
	exact, ok := new(big.Rat).SetString(s)
	if !ok {
		return 0, false
	}
	shortest, ok := new(big.Rat).SetString(strconv.FormatFloat(f, 'g', -1, 64))
	return f, ok && exact.Cmp(shortest) == 0
}

// parseAddress reads an IPv4 or IPv6 address without zone.
func parseAddress(s string) (netip.Addr, bool) {
	if !strings.ContainsAny(s, ".:") {
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" {
		return netip.Addr{}, false
	}
	return a.Unmap(), true
}

// cidr builds the matcher of an address block, or tells what is wrong with it.
func cidr(s string) (m matcher, reason string) {
	ip, mask, ok := strings.Cut(s, "/")
	if !ok || strings.Contains(mask, "/") {
		return nil, "Malformed CIDR, one '/' required"
	}
	bits, err := strconv.Atoi(mask)
	if err != nil {
		return nil, "Malformed CIDR, mask bits must be an integer"
	}
	if bits < 0 {
		return nil, "Malformed CIDR, mask bits must not be negative"
	}
	address, ok := parseAddress(ip)
	switch {
	case !ok:
		return nil, "Nonstandard IP address: " + ip
	case address.Is4() && bits > 31:
		return nil, "IPv4 mask bits must be < 32"
	case address.Is6() && bits > 127:
		return nil, "IPv6 mask bits must be < 128"
	}
	block := netip.PrefixFrom(address, bits)
	return ofText(func(text string) bool {
		a, ok := parseAddress(text)
		return ok && block.Contains(a)
	}), ""
}
