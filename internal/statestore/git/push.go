// SPDX-License-Identifier: Apache-2.0

package git

import (
	"context"
	"errors"
	"strings"
)

var (
	// errRace is a push that came too late: somebody else has pushed.
	errRace = errors.New("somebody else has pushed")
	// errRefused is a push that the server's rules refuse, and may refuse for one file of it.
	errRefused = errors.New("the server refuses the push")
)

// refusal is what the server said.
type refusal struct{ reason, remarks string }

func (r refusal) Error() string { return r.reason + r.remarks }
func (refusal) Unwrap() error   { return errRefused }

// push moves the branch from the tip to a commit, and only from the tip.
func (c *cache) push(ctx context.Context, commit string) error {
	branch := "refs/heads/" + c.branch
	c.pushes++
	_, err := c.run(ctx, nil, "push", "--porcelain", "--no-verify", "--no-recurse-submodules",
		"--force-with-lease="+branch+":"+c.tip, "origin", commit+":"+branch)
	f, ok := errors.AsType[*failure](err)
	if !ok {
		return err
	}
	if reason, rejected := rejection(f.stdout); rejected {
		switch {
		case isRace(reason):
			return errRace
		case strings.Contains(reason, "["): // it says who rejected it
			return refusal{reason, remarks(f.stderr)}
		}
	}
	return err
}

// tryPush asks the server whether it would take a push, without pushing.
func (c *cache) tryPush(ctx context.Context, commit string) error {
	branch := "refs/heads/" + c.branch
	_, err := c.run(ctx, nil, "push", "--porcelain", "--dry-run", "--no-verify", "--no-recurse-submodules",
		"--force-with-lease="+branch+":"+c.tip, "origin", commit+":"+branch)
	if f, ok := errors.AsType[*failure](err); ok {
		if reason, rejected := rejection(f.stdout); rejected && isRace(reason) {
			return nil // somebody else may push at any time
		}
	}
	return err
}

// rejection is why the ref was not updated, as in "[remote rejected] (hook declined)".
func rejection(porcelain string) (reason string, rejected bool) {
	for line := range strings.Lines(porcelain) {
		if rest, is := strings.CutPrefix(line, "!\t"); is {
			_, reason, _ = strings.Cut(rest, "\t")
			return strings.TrimSpace(reason), true
		}
	}
	return "", false
}

// isRace is whether the branch was not where we thought, in the words of git's client, of
// its server, and of servers that update refs in their own way.
func isRace(reason string) bool {
	for _, said := range []string{
		"stale info", "fetch first", "non-fast-forward", "cannot lock ref", "failed to update ref", "incorrect old value",
		"reference already exists", "failed to lock",
	} {
		if strings.Contains(reason, said) {
			return true
		}
	}
	return false
}

// remarks are what the server's hooks print.
func remarks(stderr string) string {
	var said strings.Builder
	for line := range strings.Lines(stderr) {
		if text, is := strings.CutPrefix(line, "remote:"); is && strings.TrimSpace(text) != "" {
			said.WriteString(": " + strings.TrimSpace(text))
		}
	}
	return said.String()
}
