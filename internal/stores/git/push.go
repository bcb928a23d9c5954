// SPDX-License-Identifier: Apache-2.0

package git

import "context"

// push moves the branch from the tip to a commit, and only from the tip.
func (c *cache) push(ctx context.Context, commit string, more ...string) error {
	branch := "refs/heads/" + c.branch
	args := append([]string{"push", "--porcelain", "--no-verify", "--no-recurse-submodules", "--force-with-lease=" + branch + ":" + c.tip}, more...)
	_, err := c.run(ctx, nil, append(args, "origin", commit+":"+branch)...)
	return err
}

// tryPush asks the server whether it would take a push, without pushing.
func (c *cache) tryPush(ctx context.Context, commit string) error {
	err := c.push(ctx, commit, "--dry-run")
	if err != nil && c.classify(ctx, err).cause == &moved {
		return nil // somebody else may push at any time
	}
	return err
}
