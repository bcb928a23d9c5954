// SPDX-License-Identifier: Apache-2.0

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

// WithHash is base-hash, with base cut so that the whole has at most limit characters.
func WithHash(base, hash string, limit int) string {
	if room := limit - len(hash) - 1; len(base) > room {
		base = base[:room]
	}
	return strings.TrimRight(base, "-._") + "-" + hash
}

// Stable is Kratix's own scheme for objects that must be found again by name
// (docs/kratix-contract.md 3.1): at most 62 characters, ending in five digits
// of an MD5.
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

// userPrefix goes before a reserved name of the user. A hash at the end would not help if the
// beginning is reserved.
const userPrefix = "user-"

// Assign gives every wanted name a name of at most limit characters that no other one has. A
// name stays as it is if it is free, short enough and not reserved. Those names are assigned
// first, so that a generated name cannot take their place.
func Assign(wanted []string, limit int, reserved func(name string) bool) []string {
	s := set{limit: limit, taken: map[string]bool{}}
	out := make([]string, len(wanted))
	for i, name := range wanted {
		if len(name) <= limit && !reserved(name) && !s.taken[name] {
			out[i] = s.take(name)
		}
	}
	for i, name := range wanted {
		switch {
		case out[i] != "":
		case reserved(name):
			out[i] = s.take(userPrefix + name)
		default:
			out[i] = s.take(name)
		}
	}
	return out
}

// set hands out names that are unique in it.
type set struct {
	limit int
	taken map[string]bool
}

// take returns name itself if possible, and otherwise the name with a hash of it.
func (s *set) take(name string) string {
	unique := name
	for salt := name; len(unique) > s.limit || s.taken[unique]; salt += "+" {
		unique = WithHash(name, Hash(5, salt), s.limit)
	}
	s.taken[unique] = true
	return unique
}
