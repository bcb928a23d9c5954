// SPDX-License-Identifier: Apache-2.0

package git

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// errTold is an error that says what is wrong and what to do; nothing needs to be added.
type errTold struct{ text string }

func (e errTold) Error() string { return e.text }

func told(format string, a ...any) error { return errTold{fmt.Sprintf(format, a...)} }

// known is what git and servers say, in lower case, and what it means to a person. The
// first that is found counts.
var known = []struct{ said, means string }{
	{"no space left on device", "the disk of the Git server is full; it is tried again later"},
	{"host key verification failed", "the server's SSH key is not the one in the Secret's knownHosts; compare it with ssh-keyscan, and correct the Secret if the server's key was changed on purpose"},
	{"error in libcrypto", "the Secret's sshPrivateKey cannot be read; it must be a private key in OpenSSH or PEM format, without a passphrase"},
	{"permission denied (publickey", "the server refuses the Secret's sshPrivateKey; add its public key to the repository, with write access"},
	{"cannot run ssh", "there is no ssh program where the runner is; use an image that has one, or https"},
	{"no user exists for uid", "ssh needs the runner's user in /etc/passwd; use an image that has one, or https"},
	{"certificate", "the server's certificate is not trusted; put the authority's certificate into the Secret as ca.crt"},
	{"authentication failed", credentials},
	{"could not read username", credentials},
	{"could not read password", credentials},
	{"invalid credentials", credentials},
	{"returned error: 401", credentials},
	{"returned error: 403", "the server forbids it with the credentials in the Secret; give them write access to the repository"},
	{"protected branch", "the branch is protected; let the credentials in the Secret push to it, or use another branch"},
	{"shallow file has changed", ""}, // ours to repair
	{"repository not found", missingRepository},
	{"does not appear to be a git repository", missingRepository},
	{"returned error: 404", missingRepository},
	{"' not found", missingRepository},
	{"returned error: 5", unavailable},
	{"returned error: 429", "the server asks for fewer requests; it is tried again later"},
	{"could not resolve host", unreachable},
	{"failed to connect", unreachable},
	{"couldn't connect", unreachable},
	{"connection refused", unreachable},
	{"connection timed out", unreachable},
	{"operation timed out", unreachable},
	{"operation too slow", unreachable},
	{"no route to host", unreachable},
	{"network is unreachable", unreachable},
	{"could not read from remote repository", unreachable},
	{"the remote end hung up", unavailable},
	{"empty reply from server", unavailable},
	{"rpc failed", unavailable},
	{"connection reset", unavailable},
	{"unexpected disconnect", unavailable},
	{"early eof", unavailable},
}

// knownHere is what git says of the disk that the cache is on.
var knownHere = []string{"no space left on device", "disk quota exceeded", "read-only file system", "permission denied", "file too large"}

const (
	disk              = "the runner cannot write to the disk of its cache; free some space, make the volume larger or writable"
	credentials       = "the server refuses the credentials in the Secret; correct them, or renew them if they have expired"
	missingRepository = "the repository is not there, or the credentials in the Secret may not see it; correct spec.url or the Secret"
	unreachable       = "the server cannot be reached; correct spec.url, or see that the network lets the runner out"
	unavailable       = "the server failed; it is tried again later"
)

// explain turns what git says into what a person can act upon. remote is whether the
// reason is the server, the credentials or a full disk: making the cache anew does not help.
//
//nolint:revive // which of the two it is about comes second
func (c *cache) explain(ctx context.Context, err error) (explained error, remote bool) {
	var f *failure
	switch {
	case err == nil:
		return nil, true
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w before the State Store answered; it is tried again later", c.where(), context.Cause(ctx)), true
	case errors.Is(err, errSlow):
		return fmt.Errorf("%s: %w; it is tried again later", c.where(), errSlow), true
	case errors.As(err, new(errTold)):
		return fmt.Errorf("%s: %w", c.where(), err), true
	case !errors.As(err, &f):
		if aboutDisk(err.Error()) {
			return fmt.Errorf("%s: %s (%w)", c.where(), disk, err), true
		}
		return fmt.Errorf("%s: %w", c.where(), err), false
	}
	said := c.hide(lastLines(f.stderr))
	if aboutDisk(f.stderr) {
		return fmt.Errorf("%s: %s (git says: %s)", c.where(), disk, said), true
	}
	if means := meaning(strings.ToLower(f.stderr)); means != "" {
		return fmt.Errorf("%s: %s (git says: %s)", c.where(), means, said), true
	}
	return fmt.Errorf("%s: git %s failed: %w: %s", c.where(), f.verb, f.err, said), false
}

func meaning(said string) string {
	for _, k := range known {
		if strings.Contains(said, k.said) {
			return k.means
		}
	}
	return ""
}

// aboutDisk is whether a line that is not the server's complains of our disk.
func aboutDisk(said string) bool {
	for line := range strings.Lines(strings.ToLower(said)) {
		if strings.HasPrefix(line, "remote:") || strings.Contains(line, "publickey") {
			continue
		}
		for _, k := range knownHere {
			if strings.Contains(line, k) {
				return true
			}
		}
	}
	return false
}

func (c *cache) where() string { return "branch " + c.branch + " of " + c.url }

// hide takes secrets out, in case that a server repeats them.
func (c *cache) hide(text string) string {
	for _, secret := range c.secrets {
		text = strings.ReplaceAll(text, secret, "***")
	}
	return text
}

const maxLinesTold = 6

// lastLines is the end of what git says, in one line.
func lastLines(stderr string) string {
	var lines []string
	for line := range strings.Lines(stderr) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	if over := len(lines) - maxLinesTold; over > 0 {
		lines = lines[over:]
	}
	return strings.Join(lines, "; ")
}

// missing is whether a fetch failed because there is no such branch.
func missing(err error) bool {
	var f *failure
	return errors.As(err, &f) && strings.Contains(f.stderr, "couldn't find remote ref refs/heads/")
}
