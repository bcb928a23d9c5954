// SPDX-License-Identifier: Apache-2.0

package git

// cause is one kind of failure: what it means to a person, and what the runner does then. This
// file has all of them; docs/state-stores.md has the same table for people.
type cause struct {
	// means says what is wrong and what to do. The words of git and the server follow it.
	means string
	next  next
	// content is whether other changes can be written all the same. Then the State Store stays
	// Ready.
	content bool
}

// next is what a batch does after a failure. Changes that are not written are always sent again
// later.
type next int

const (
	// The zero value ends the batch.
	_ next = iota
	// again makes the commit once more, on top of the commit that is there now.
	again
	// halves pushes one half and then the other. A change that fails alone has failed, and the
	// others are written.
	halves
	// anew makes the cache once more, and tries once more.
	anew
)

// What the server says to a push.
var (
	moved    = cause{means: "it is tried again later", next: again, content: true}
	locked   = cause{means: "the server does not move the branch, although nobody else has; it is tried again later; if it lasts, look for a lock that was left there, such as refs/heads/BRANCH.lock"}
	refused  = cause{means: "the server's rules refuse it; change the file or the rule", next: halves, content: true}
	guarded  = cause{means: "the branch is protected; let the credentials in the Secret push to it, or use another branch"}
	unpacked = cause{means: "the server cannot store it; see that it is not larger than the server takes", next: halves}
	full     = cause{means: "the disk of the Git server is full; it is tried again later"}
	tooLarge = cause{means: "the push is too large for the server, or for a proxy on the way; raise the limit for the body of a request there, or write smaller files", next: halves, content: true}
)

// insecure is how to go on with a server whose certificate Kratix has never looked at.
const insecure = "; Kratix does not verify it: to go on without, set spec.insecure to true"

// What is wrong with the connection, the server or the credentials.
var (
	slow        = cause{means: "the State Store takes too long to answer; it is tried again later; --store-silence and --store-timeout of kratix-runner give it more time", next: halves}
	overdue     = cause{means: "the time of a batch was over before the State Store answered; it is tried again later; --store-timeout of kratix-runner gives it more time"}
	cut         = cause{means: "the server failed; it is tried again later", next: halves}
	unavailable = cause{means: "the server failed; it is tried again later"}
	limited     = cause{means: "the server asks for fewer requests; it is tried again later"}
	unreachable = cause{means: "the server cannot be reached; correct spec.url, or see that the network lets the runner out"}
	proxied     = cause{means: "the proxy on the way refuses the connection; correct HTTPS_PROXY or NO_PROXY of the runner, or let the proxy through to the server"}
	elsewhere   = cause{means: "the server sends the runner to another place; correct spec.url"}
	noGit       = cause{means: "the server's answer is not that of a Git server; correct spec.url"}
	odd         = cause{means: "the server does not take the request"}

	forbidden  = cause{means: "the server forbids it with the credentials in the Secret; give them write access to the repository"}
	denied     = cause{means: "the server refuses the credentials in the Secret; correct them, or renew them if they have expired"}
	noApp      = cause{means: "check appID, installationID and privateKey in the Secret, and that the app is installed"}
	noRepo     = cause{means: "the repository is not there, or the credentials in the Secret may not see it; correct spec.url or the Secret"}
	noBranch   = cause{means: "make the branch, or correct spec.branch"}
	untrusted  = cause{means: "the server's certificate is not trusted; put the authority's certificate into the Secret as ca.crt" + insecure}
	otherName  = cause{means: "the server's certificate is for another name; correct the host in spec.url, or give the server a certificate for it" + insecure}
	expired    = cause{means: "the server's certificate has expired; renew it, or set the runner's clock right" + insecure}
	notYet     = cause{means: "the server's certificate is not valid yet; set the clock of the runner right, or that of whoever signed it" + insecure}
	badCert    = cause{means: "the server's certificate is not accepted; see that it is for the host in spec.url, has not expired, and that its authority is in the Secret as ca.crt" + insecure}
	hostKey    = cause{means: "the server's SSH key is not the one in the Secret's knownHosts; compare it with ssh-keyscan, and correct the Secret if the server's key was changed on purpose"}
	keyFormat  = cause{means: "the Secret's sshPrivateKey cannot be read; it must be a private key in OpenSSH or PEM format, without a passphrase"}
	keyRefused = cause{means: "the server refuses the Secret's sshPrivateKey; add its public key to the repository, with write access"}
)

// What is wrong where the runner runs.
var (
	noSSH     = cause{means: "there is no ssh program where the runner is; use an image that has one, or https"}
	noUser    = cause{means: "ssh needs the runner's user in /etc/passwd; use an image that has one, or https"}
	disk      = cause{means: "the runner cannot write to the disk of its cache; free some space, make the volume larger or writable"}
	unknown   = cause{means: "git failed", next: anew}
	cancelled = cause{means: "it was given up before the State Store answered; it is tried again later", content: true}
)
