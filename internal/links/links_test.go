package links

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"
)

const secret = "0123456789abcdef0123456789abcdef"

var at = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)

func made(t testing.TB, secret string) *Links {
	t.Helper()
	l, err := New("https://api.example.com/v1/", secret)
	if err != nil {
		t.Fatal(err)
	}
	return l.At(func() time.Time { return at })
}

func token(t testing.TB, link, prefix string) string {
	t.Helper()
	rest, found := strings.CutPrefix(link, "https://api.example.com/v1/"+prefix+"/")
	if !found || rest == "" || strings.ContainsAny(rest, "/?#=+%") {
		t.Fatalf("link %s", link)
	}
	return rest
}

func TestLinksOpen(t *testing.T) {
	l := made(t, secret)
	report, unsubscribe := token(t, l.Report("acme", "u1"), "reports"), token(t, l.Unsubscribe("abc234"), "unsubscribe")
	tests := map[string]struct {
		token string
		now   time.Time
		want  Claim
		err   error
	}{
		"report":                     {report, at, Claim{KindReport, "acme", "u1"}, nil},
		"report on its last second":  {report, at.Add(ReportLife - time.Second), Claim{KindReport, "acme", "u1"}, nil},
		"report that is over":        {report, at.Add(ReportLife), Claim{}, ErrExpired},
		"unsubscribe":                {unsubscribe, at, Claim{KindUnsubscribe, "", "abc234"}, nil},
		"unsubscribe ten years on":   {unsubscribe, at.AddDate(10, 0, 0), Claim{KindUnsubscribe, "", "abc234"}, nil},
		"nothing":                    {"", at, Claim{}, ErrToken},
		"not base64":                 {"§§§", at, Claim{}, ErrToken},
		"too short":                  {"AQE", at, Claim{}, ErrToken},
		"padded":                     {report + "=", at, Claim{}, ErrToken},
		"longer than any":            {strings.Repeat("A", MaxToken+1), at, Claim{}, ErrToken},
		"forged and over":            {token(t, made(t, strings.Repeat("x", 32)).Report("acme", "u1"), "reports"), at.AddDate(1, 0, 0), Claim{}, ErrToken},
		"signed with another secret": {token(t, made(t, strings.Repeat("x", 32)).Report("acme", "u1"), "reports"), at, Claim{}, ErrToken},
	}
	for name, test := range tests {
		got, err := l.Open(test.token, test.now)
		if got != test.want || !errors.Is(err, test.err) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// Whatever bit is turned, the token is not ours any more.
func TestEveryBitIsSigned(t *testing.T) {
	l := made(t, secret)
	raw, err := base64.RawURLEncoding.DecodeString(token(t, l.Report("acme", "u1"), "reports"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(raw) * 8 {
		raw[i/8] ^= 1 << (i % 8)
		if c, err := l.Open(base64.RawURLEncoding.EncodeToString(raw), at); !errors.Is(err, ErrToken) {
			t.Errorf("bit %d turned: %+v, %v", i, c, err)
		}
		raw[i/8] ^= 1 << (i % 8)
	}
}

// What a tenant ends with cannot become what an upload begins with.
func TestTenantAndSubjectDoNotRunTogether(t *testing.T) {
	l := made(t, secret)
	if l.Report("a", "bu1") == l.Report("ab", "u1") {
		t.Error("two claims have one token")
	}
}

func TestWhatLinksCannotBeMadeOf(t *testing.T) {
	for name, c := range map[string][2]string{
		"no URL": {"", secret}, "no host": {"https://", secret}, "other scheme": {"ftp://example.com", secret},
		"query": {"https://example.com/?a=b", secret}, "user": {"https://u:p@example.com", secret}, "short secret": {"https://example.com", secret[:31]},
	} {
		_, err := New(c[0], c[1])
		if err == nil {
			t.Errorf("%s is taken", name)
		} else if strings.Contains(err.Error(), secret[:31]) {
			t.Errorf("%s: the error tells the secret", name)
		}
	}
}

func FuzzOpen(f *testing.F) {
	l := made(f, secret)
	f.Add(token(f, l.Report("acme", "u1"), "reports"))
	f.Add("AQE")
	good := token(f, l.Unsubscribe("k"), "unsubscribe")
	f.Add(good)
	f.Fuzz(func(t *testing.T, text string) {
		c, err := l.Open(text, at)
		if err == nil && l.seal(c, expiryOf(c)) != text {
			t.Errorf("%q opens as %+v", text, c)
		}
	})
}

func expiryOf(c Claim) time.Time {
	if c.Kind == KindReport {
		return at.Add(ReportLife)
	}
	return time.Time{}
}
