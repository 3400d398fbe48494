package bedrock

import (
	"crypto/sha256"
	"strings"
	"sync"
	"time"

	"sluice/internal/local/bedrock/model"
)

// cachedPrefixes is how many prefixes are remembered at most.
const cachedPrefixes = 10_000

// promptCache remembers which prefixes were written, and until when.
type promptCache struct {
	mu    sync.Mutex
	until map[[32]byte]time.Time
}

// prefix is what stands before a cache point.
type prefix struct {
	key    [32]byte
	tokens int
	ttl    time.Duration
}

// measure counts the tokens of a request's parts, and its prefixes that are
// long enough to be cached.
func measure(modelID string, parts []Part) (tokens int, prefixes []prefix) {
	least := leastCacheable(modelID)
	hash := sha256.New()
	_, _ = hash.Write([]byte(modelID)) // never fails
	for _, p := range parts {
		tokens += p.Tokens + model.Tokens(p.Text)
		if least == 0 {
			continue
		}
		_, _ = hash.Write([]byte(p.Text))
		_, _ = hash.Write([]byte{0})
		if p.CachePoint && tokens >= least {
			ttl := p.TTL
			if ttl == 0 {
				ttl = 5 * time.Minute
			}
			prefixes = append(prefixes, prefix{key: [32]byte(hash.Sum(nil)), tokens: tokens, ttl: ttl})
		}
	}
	return tokens, prefixes
}

// use looks the prefixes up: how many tokens were read, and how many written
// by this call. A hit renews the prefix.
func (c *promptCache) use(now time.Time, prefixes []prefix) (read, written int) {
	if len(prefixes) == 0 {
		return 0, 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.until)+len(prefixes) > cachedPrefixes {
		for k, until := range c.until {
			if !until.After(now) {
				delete(c.until, k)
			}
		}
		if len(c.until)+len(prefixes) > cachedPrefixes {
			clear(c.until)
		}
	}
	for _, p := range prefixes {
		if c.until[p.key].After(now) {
			read = p.tokens
		}
		c.until[p.key] = now.Add(p.ttl)
	}
	return read, prefixes[len(prefixes)-1].tokens - read
}

// leastCacheable is the shortest prefix in tokens that the model caches; 0 when
// it caches none.
func leastCacheable(modelID string) int {
	id := strings.ToLower(modelID)
	switch {
	case strings.Contains(id, "claude-haiku-4-5"), strings.Contains(id, "claude-sonnet-5"), strings.Contains(id, "claude-opus-5"), strings.Contains(id, "claude-opus-4-5"):
		return 4096
	case strings.Contains(id, "claude"), strings.Contains(id, "nova"):
		return 1024
	}
	return 0
}
