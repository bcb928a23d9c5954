// SPDX-License-Identifier: Apache-2.0

package git

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

// fault is a failure that is understood. It never holds a secret.
type fault struct {
	*cause
	where string
	// lead is what a person must know first, before the meaning of the cause.
	lead string
	// words are those of git, of the server, or of whatever else refused.
	words string
	// pause is what the server asks for, or nil.
	pause *statestore.Pause
	// judged is whether the server has said what became of a push. If it has not, it may have
	// taken the push.
	judged bool
	// late is whether the server had got a push by then. A look at the server does not show such a
	// failure.
	late bool
	err  error
}

func (f *fault) Unwrap() []error {
	var all []error
	if f.err != nil {
		all = append(all, f.err)
	}
	if f.pause != nil {
		all = append(all, f.pause)
	}
	return all
}

func (f *fault) Error() string {
	var b strings.Builder
	if f.where != "" {
		b.WriteString(f.where + ": ")
	}
	if f.lead != "" {
		b.WriteString(f.lead + "; ")
	}
	b.WriteString(f.means)
	if f.pause != nil {
		b.WriteString("; it wants no requests before " + f.pause.Until.UTC().Format(time.TimeOnly) + " UTC")
	}
	if f.words != "" {
		b.WriteString(" (" + f.words + ")")
	}
	return b.String()
}

// told is a fault that we find ourselves.
func told(c *cause, format string, a ...any) error {
	return &fault{cause: c, lead: fmt.Sprintf(format, a...)}
}

// understand says what has failed: to a person, and to the batch.
func (c *cache) understand(ctx context.Context, err error) *fault {
	f := c.classify(ctx, err)
	if run, ok := errors.AsType[*failure](err); ok {
		f.late = f.judged || run.answer.push
	}
	f.where = c.where()
	f.words, f.lead = c.hide(f.words), c.hide(f.lead)
	return f
}

func (c *cache) classify(ctx context.Context, err error) *fault {
	var known *fault
	var run *failure
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return &fault{cause: &overdue, words: context.Cause(ctx).Error(), err: ctx.Err()}
	case ctx.Err() != nil:
		return &fault{cause: &cancelled, words: context.Cause(ctx).Error(), err: ctx.Err()}
	case errors.As(err, &known):
		f := *known
		return &f
	case errors.As(err, &run) && errors.Is(err, errSlow):
		return &fault{cause: &slow, words: fmt.Sprintf("git %s was ended after %s", run.verb, c.timeout), err: err}
	case run != nil:
		return c.judge(ctx, run)
	case aboutDisk(err):
		return &fault{cause: &disk, words: err.Error(), err: err}
	}
	return &fault{cause: &unknown, words: err.Error(), err: err}
}

// judge asks everybody that may have refused, in this order: the server that was pushed to, the
// runner's disk, the server's HTTP, the connection, git and ssh themselves.
func (c *cache) judge(ctx context.Context, run *failure) *fault {
	s := hear(run)
	f := &fault{
		cause: cmp.Or(s.judged(), find(s.withoutTransport(), ourDisk), run.answer.cause(strings.Join(s.server, "\n")), s.lost(), find(s.own, ofPrograms), s.turnedAway(), &unknown),
		words: s.words(), judged: s.verdict != "", err: run.err,
	}
	f.pause = run.answer.pause(c.health.now(), c.hide(f.words))
	switch f.cause {
	case &unknown:
		f.lead = "git " + run.verb + ": " + run.err.Error()
	case &badCert:
		var why string
		if f.cause, why = c.inspect(ctx); why != "" {
			f.words = why + "; " + f.words
		}
	}
	return f
}

// judged is what the answer of the server to a push means, or nil if there is none.
func (s said) judged() *cause {
	switch by, reason := s.reason(); by {
	case "[rejected]":
		return &moved
	case "[remote rejected]":
		c := cmp.Or(find([]string{reason}, ofServer), &refused)
		if c == &unpacked { // no hook has spoken yet
			c = cmp.Or(find(s.server, serversDisk), c)
		}
		return c
	case "[remote failure]":
		return &cut
	}
	return nil
}

// lost is what became of a request without an answer, or nil if there was none.
func (s said) lost() *cause {
	reasons := s.transport()
	if len(reasons) == 0 {
		return nil
	}
	return cmp.Or(find(reasons, onTheWay), &cut)
}

// ofServer are reasons why a server does not move a branch. Any other reason is a rule of the
// server.
var ofServer = []pattern{
	form(`(error: )?(cannot lock ref|failed to update ref|failed to lock|lock error|lock_failure|incorrect old value|reference already exists|fetch first|non-fast-forward|stale info)`, &moved),
	form(`protected branch`, &guarded),
	form(`unpacker error`, &unpacked),
	form(`internal server error|service unavailable`, &unavailable),
}

// serversDisk is what the server's git says of its disk.
var serversDisk = []pattern{
	form(`((fatal|error): )?.*: (no space left on device|disk quota exceeded|read-only file system)$`, &full),
}

// ourDisk are git's words about the disk that the cache is on.
var ourDisk = []pattern{
	form(`(fatal|error): .*: (no space left on device|disk quota exceeded|read-only file system|permission denied|file too large)$`, &disk),
}

// onTheWay are reasons of the HTTP library.
var onTheWay = []pattern{
	form(`(could not|couldn't) resolve|failed to connect|couldn't connect|resolving timed out|connection (timed out|timeout|refused)|no route to host|network is unreachable`, &unreachable),
	form(`operation too slow|operation timed out|ssl connection timeout|timeout was reached`, &slow),
	form(`received http code|connect tunnel failed`, &proxied),
	form(`(ssl: |ssl peer |peer's |server )?(certificate|verification)|ssl certificate|ssl: no alternative|ssl: unable to obtain|.*certificate (verify|subject|problem)`, &badCert),
}

// ofPrograms are lines of git and ssh, and of servers behind ssh.
var ofPrograms = []pattern{
	form(`host key verification failed`, &hostKey),
	form(`load key .*: (error in libcrypto|invalid format|incorrect passphrase)`, &keyFormat),
	form(`.*: permission denied \((publickey|.*,publickey)`, &keyRefused),
	form(`error: cannot run ssh`, &noSSH),
	form(`no user exists for uid`, &noUser),
	form(`fatal: authentication failed for ''|fatal: could not read (username|password) for ''`, &denied),
	form(`fatal: repository '' not found|fatal: '' does not appear to be a git repository`, &noRepo),
	form(`fatal: .*not valid: is this a git repository\?`, &noGit),
	form(`fatal: unable to update url base from redirection`, &elsewhere),
	form(`ssh: (connect to host|could not resolve hostname)`, &unreachable),
	form(`timeout, server .* not responding`, &slow),
	form(`((fatal|error): )?((send|fetch)-pack: )?(the remote end hung up|early eof|unexpected disconnect|connection (reset|closed))|kex_exchange_identification|client_loop: send disconnect`, &cut),
}

// noSession is git's line for a server behind ssh that ended before git could ask it anything. So no
// hook has spoken yet.
var noSession = []pattern{form(`fatal: could not read from remote repository`, &unreachable)}

// ofHosts are lines of servers behind ssh that end so. Some begin them with "remote:", as git does.
var ofHosts = []pattern{
	form(`error: (repository not found|the project you were looking for could not be found)|(conq: )?repository does not exist|tf401019: `, &noRepo),
	form(`error: (the key you are authenticating with has been marked as read only|permission to \S+ denied to |this deploy key does not have write access|you are not allowed to )`, &forbidden),
	form(`((gitea|forgejo): )?unauthorized$|(conq: )?repository access denied`, &forbidden),
}

// turnedAway is why a server behind ssh has ended before git could ask it anything, or nil if it has
// not.
func (s said) turnedAway() *cause {
	ended := find(s.own, noSession)
	if ended == nil {
		return nil
	}
	return cmp.Or(find(s.own, ofHosts), find(s.server, ofHosts), ended)
}

func (s said) withoutTransport() (lines []string) {
	for _, line := range s.own {
		if !transport.MatchString(line) {
			lines = append(lines, line)
		}
	}
	return lines
}

// aboutDisk is whether the system complains of our disk.
func aboutDisk(err error) bool {
	for _, e := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.EACCES, syscall.EFBIG} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

func (c *cache) where() string { return "branch " + c.branch + " of " + c.url }

// hide removes secrets from a text, because a server may repeat them.
func (c *cache) hide(text string) string {
	for _, secret := range c.secrets {
		text = strings.ReplaceAll(text, secret, "***")
	}
	return text
}
