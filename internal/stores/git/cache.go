// SPDX-License-Identifier: Apache-2.0

package git

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// cache is a bare repository with the trees of the branch's last commit and with few blobs. It can
// be thrown away at any time.
type cache struct {
	settings
	command
	health  health
	secrets []string
	exists  bool
	pushes  int
	// tip is the commit of the branch when it was last seen, or empty if there is no branch.
	tip  string
	seen bool
	// blobs are those that are here.
	blobs map[string]bool
}

const (
	tipRef = "refs/kratix/tip"
	// maxPushes is after how many pushes the cache is made anew, because packs and old commits
	// gather in it. That costs about as much as a push.
	maxPushes = 64
)

// repository has the files that make a directory a bare repository for git. With its
// configuration, blobs stay on the server until they are asked for.
var repository = map[string]string{
	"HEAD": "ref: refs/heads/none\n",
	"config": `[core]
	repositoryFormatVersion = 1
	bare = true
[extensions]
	partialClone = origin
`,
}

// ready makes the cache if there is none, and gives git the current credentials.
func (c *cache) ready(ctx context.Context) error {
	if c.pushes >= maxPushes {
		c.drop()
	}
	if !c.exists {
		if err := c.create(); err != nil {
			return err
		}
	}
	return c.configure(ctx)
}

func (c *cache) create() error {
	if err := os.RemoveAll(c.home); err != nil {
		return err
	}
	for _, dir := range []string{"objects", "refs"} {
		if err := os.MkdirAll(filepath.Join(c.dir, dir), 0o700); err != nil {
			return err
		}
	}
	for name, content := range repository {
		if err := os.WriteFile(filepath.Join(c.dir, name), []byte(content), 0o600); err != nil {
			return err
		}
	}
	c.exists, c.pushes, c.blobs = true, 0, map[string]bool{}
	return nil
}

// drop forgets the cache, whatever state it is in.
func (c *cache) drop() { c.exists, c.seen, c.tip = false, false, "" }

// failed explains a failure. After most of them nothing that is known of the server is trusted any
// more.
func (c *cache) failed(ctx context.Context, err error) *fault {
	f := c.understand(ctx, err)
	if f.content && f.next == halves {
		return f // nothing else is wrong
	}
	c.seen = false
	if f.next == again {
		return f
	}
	c.health.obey(f)
	c.auth.renew()
	if f.next == anew {
		c.drop()
	}
	return f
}

func (c *cache) configure(ctx context.Context) error {
	auth, secrets, err := c.auth.configure(ctx, c.home)
	if err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "[user]\n\tname = %s\n\temail = %s\n", configValue(c.author), configValue(c.email))
	fmt.Fprintf(&b, "[remote \"origin\"]\n\turl = %s\n\tpromisor = true\n\tpartialCloneFilter = blob:none\n", configValue(c.url))
	b.WriteString("[core]\n\thooksPath = /dev/null\n[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n")
	// One pack a batch, and no loose objects.
	b.WriteString("[fastimport]\n\tunpackLimit = 1\n[fetch]\n\tunpackLimit = 1\n")
	// A push is one request if it fits, and a server that stalls is given up.
	fmt.Fprintf(&b, "[http]\n\tpostBuffer = 8388608\n\tlowSpeedLimit = 1\n\tlowSpeedTime = %d\n", max(1, int(c.silence.Seconds())))
	fmt.Fprintf(&b, "\tsslVerify = %t\n", !c.insecure)
	if c.ca != nil {
		file := filepath.Join(c.home, "ca.crt")
		if err := os.WriteFile(file, c.ca, 0o600); err != nil {
			return err
		}
		fmt.Fprintf(&b, "\tsslCAInfo = %s\n", configValue(file))
	}
	b.WriteString("[protocol]\n\tversion = 2\n\tallow = never\n")
	fmt.Fprintf(&b, "[protocol %s]\n\tallow = always\n", configValue(c.protocol))
	b.WriteString(auth)
	c.secrets = secrets
	return os.WriteFile(c.config, []byte(b.String()), 0o600)
}

// fetch learns where the branch is now.
func (c *cache) fetch(ctx context.Context) error {
	_, err := c.run(ctx, nil, "fetch", "--quiet", "--depth=1", "--no-tags", "--no-write-fetch-head", "--filter=blob:none",
		"origin", "+refs/heads/"+c.branch+":"+tipRef)
	if c.missing(err) {
		return c.unborn(ctx)
	}
	if err != nil {
		return err
	}
	tip, err := c.run(ctx, nil, "rev-parse", "--verify", tipRef)
	if err != nil {
		return err
	}
	c.tip, c.seen = strings.TrimSpace(tip), true
	return nil
}

// unborn is for a branch that is not there. In an empty repository the first push makes it. In
// another one its name is more likely misspelt, and nobody would read what is written to it.
func (c *cache) unborn(ctx context.Context) error {
	out, err := c.run(ctx, nil, "ls-remote", "--heads", "origin")
	if err != nil {
		return err
	}
	if out == "" {
		c.tip, c.seen = "", true
		return nil
	}
	var others []string
	for line := range strings.Lines(out) {
		_, name, _ := strings.Cut(strings.TrimSpace(line), "\trefs/heads/")
		if name == c.branch {
			return c.fetch(ctx) // somebody has made it meanwhile
		}
		others = append(others, name)
	}
	if len(others) > maxBranchesTold {
		others = append(others[:maxBranchesTold], "...")
	}
	return told(&noBranch, "the repository has no branch %s, but %s", c.branch, strings.Join(others, ", "))
}

// missing is whether a fetch failed because there is no such branch.
func (c *cache) missing(err error) bool {
	f, ok := errors.AsType[*failure](err)
	return ok && slices.Contains(hear(f).own, "fatal: couldn't find remote ref refs/heads/"+c.branch)
}

const maxBranchesTold = 5

// fetchBlobs fetches those blobs that are not here yet, all at once. Git by itself would ask for
// one after the other.
func (c *cache) fetchBlobs(ctx context.Context, ids []string) error {
	var want []string
	for _, id := range ids {
		if !c.blobs[id] {
			want = append(want, id)
		}
	}
	if len(want) == 0 {
		return nil
	}
	_, err := c.run(ctx, strings.NewReader(strings.Join(want, "\n")+"\n"), "-c", "fetch.negotiationAlgorithm=noop", "fetch", "--quiet",
		"--no-tags", "--no-write-fetch-head", "--recurse-submodules=no", "--filter=blob:none", "--stdin", "origin")
	if err != nil {
		return err
	}
	for _, id := range want {
		c.blobs[id] = true
	}
	return nil
}
