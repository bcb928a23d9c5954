// SPDX-License-Identifier: Apache-2.0

package git

import (
	"regexp"
	"strings"
)

// said is what a git that failed has printed, by who said it. File names, branches and
// the text of hooks can hold any words, so words alone decide nothing: the beginning of a
// line does, after names in quotes have been taken out.
type said struct {
	// own are lines of git and ssh, and of a server that is reached with ssh and has no
	// other way to speak.
	own []string
	// server are lines that the server sent, with its hooks' among them.
	server []string
	// verdict is what came of the ref that was pushed, such as "[remote rejected] (hook
	// declined)", or empty.
	verdict string
}

const (
	// maxWords bounds what of it is told, in bytes, for each who said it.
	maxWords = 4 << 10
	// maxOwn is how many of git's lines are told; the last ones count.
	maxOwn = 6
)

func hear(f *failure) said {
	var s said
	for line := range strings.Lines(f.stderr) {
		text, remote := strings.CutPrefix(line, "remote:")
		switch text = strings.TrimSpace(text); {
		case text == "":
		case remote:
			s.server = append(s.server, text)
		default:
			s.own = append(s.own, text)
		}
	}
	for line := range strings.Lines(f.stdout) {
		if rest, is := strings.CutPrefix(line, "!\t"); is && f.verb == "push" {
			_, s.verdict, _ = strings.Cut(rest, "\t")
			s.verdict = strings.TrimSpace(s.verdict)
		}
	}
	return s
}

// words are for people: the server's first.
func (s said) words() string {
	var parts []string
	if told := strings.TrimSpace(s.verdict + " " + strings.Join(s.server, "; ")); told != "" {
		parts = append(parts, "the server says: "+short(told))
	}
	if own := s.own[max(0, len(s.own)-maxOwn):]; len(own) > 0 && s.verdict == "" {
		parts = append(parts, "git says: "+short(strings.Join(own, "; ")))
	}
	return strings.Join(parts, "; ")
}

func short(words string) string {
	if len(words) > maxWords {
		return strings.ToValidUTF8(words[:maxWords], "") + "..."
	}
	return words
}

// reason is what is in the parentheses of a verdict.
func (s said) reason() (by, reason string) {
	by, reason, _ = strings.Cut(s.verdict, "(")
	return strings.TrimSpace(by), strings.TrimSuffix(reason, ")")
}

// pattern is the form of a whole line, and what it means.
type pattern struct {
	form *regexp.Regexp
	*cause
}

func form(expression string, c *cause) pattern {
	return pattern{regexp.MustCompile("(?i)^(?:" + expression + ")"), c}
}

var quoted = regexp.MustCompile(`'[^']*'`)

// find is what the first pattern means that one of the lines has the form of.
func find(lines []string, patterns []pattern) *cause {
	for _, p := range patterns {
		for _, line := range lines {
			if p.form.MatchString(quoted.ReplaceAllString(line, "''")) {
				return p.cause
			}
		}
	}
	return nil
}

// transport is what of git's lines is the HTTP library's: the reason of an error without
// an answer.
var transport = regexp.MustCompile(`^(?:fatal: unable to access '.*': |error: RPC failed; (?:HTTP \d+ )?curl \d+ )(.*)$`)

func (s said) transport() (reasons []string) {
	for _, line := range s.own {
		if parts := transport.FindStringSubmatch(line); parts != nil {
			reasons = append(reasons, parts[1])
		}
	}
	return reasons
}
