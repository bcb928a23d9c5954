// SPDX-License-Identifier: Apache-2.0

package git

import (
	"regexp"
	"strings"

	"github.com/kratix-compile/kratix-compile/internal/quote"
)

// said is what a git that failed has printed, by whose words they are. File names, branches and
// hooks can have any words in them. So words alone decide nothing: the beginning of a line does,
// without the names in quotes.
type said struct {
	// own are lines of git and ssh. Those of a server that is reached with ssh are among them: it
	// has no other way to speak.
	own []string
	// server are lines that the server and its hooks have sent.
	server []string
	// verdict is what became of the branch that was pushed, such as "[remote rejected] (hook
	// declined)", or empty.
	verdict string
}

const (
	// maxWords is how many bytes of each speaker's words people get to read.
	maxWords = 4 << 10
	// maxOwn is how many of git's lines they get to read, from the end.
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
		parts = append(parts, "the server says: "+quote.Cut(told, maxWords))
	}
	if own := s.own[max(0, len(s.own)-maxOwn):]; len(own) > 0 && s.verdict == "" {
		parts = append(parts, "git says: "+quote.Cut(strings.Join(own, "; "), maxWords))
	}
	return strings.Join(parts, "; ")
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

// find is the cause of the first pattern that any of the lines matches.
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

// transport is a line of git with the words of the HTTP library: why a request got no answer.
var transport = regexp.MustCompile(`^(?:fatal: unable to access '.*': |error: RPC failed; (?:HTTP \d+ )?curl \d+ )(.*)$`)

func (s said) transport() (reasons []string) {
	for _, line := range s.own {
		if parts := transport.FindStringSubmatch(line); parts != nil {
			reasons = append(reasons, parts[1])
		}
	}
	return reasons
}
