// Package names makes names that Kubernetes accepts: short enough, unique, and
// the same for the same input every time.
package names

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// MaxLabel is the longest label value, and so the longest name of a run: both
// engines copy the name into a label.
const MaxLabel = 63

// Hash is the first n hex digits (at most 64) of the SHA-256 of the parts.
// The parts are kept apart: Hash(n, "a", "b") differs from Hash(n, "ab").
func Hash(n int, parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])[:n]
}

// WithHash is base-hash, with base cut so that the whole has at most max characters.
func WithHash(base, hash string, max int) string {
	if limit := max - len(hash) - 1; len(base) > limit {
		base = base[:limit]
	}
	return strings.TrimRight(base, "-._") + "-" + hash
}

// Stable is Kratix's own scheme for objects that must be found again by name
// (contract 3.1): at most 62 characters, ending in five digits of an MD5.
func Stable(s string) string {
	base := s
	if len(base) > 57 {
		base = base[:56]
	}
	sum := md5.Sum([]byte(s))
	base = strings.TrimRightFunc(base, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9')
	})
	return base + "-" + hex.EncodeToString(sum[:])[:5]
}

// Set hands out names that are unique in it.
type Set struct {
	// Max is the longest name allowed.
	Max int
	// Reserved names are never handed out; nil reserves none.
	Reserved func(name string) bool
	taken    map[string]bool
}

// Take returns name itself if it is free, allowed and short enough, and
// otherwise the name with a hash of it. Callers that must keep their name
// take it first.
func (s *Set) Take(name string) string {
	if s.taken == nil {
		s.taken = map[string]bool{}
	}
	unique := name
	for salt := name; !s.free(unique); salt += "+" {
		unique = WithHash(name, Hash(5, salt), s.Max)
	}
	s.taken[unique] = true
	return unique
}

func (s *Set) free(name string) bool {
	return len(name) <= s.Max && !s.taken[name] && (s.Reserved == nil || !s.Reserved(name))
}
