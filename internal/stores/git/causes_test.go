// SPDX-License-Identifier: Apache-2.0

package git

import (
	"errors"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
	"github.com/kratix-compile/kratix-compile/internal/stores/storetest"
)

// answers is a server that gives one answer to everything, or only to pushes.
type answers struct {
	status int
	header map[string]string
	body   string
	pushes bool
}

func (a answers) intercept(w http.ResponseWriter, r *http.Request) bool {
	if a.pushes && !strings.HasSuffix(r.URL.Path, "/git-receive-pack") {
		return false
	}
	if a.status == 0 {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "text/plain")
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(a.status)
	_, _ = w.Write([]byte(a.body))
	return true
}

const pauseText = "it wants no requests before "

// TestCauses: what a server does, what a person reads, how often the server is asked, and whether
// the State Store is ready then. Two changes wait.
func TestCauses(t *testing.T) {
	wait, gitHubs := map[string]string{"Retry-After": "120"}, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "99999999999"}
	for name, test := range map[string]struct {
		answers answers
		says    []string
		pushes  int // of one batch; if none gets so far, there is one request
		ready   bool
	}{
		"401":                     {answers{status: 401}, []string{"the server refuses the credentials in the Secret"}, 0, false},
		"403":                     {answers{status: 403, body: "not yours\n"}, []string{"give them write access", "the server says: not yours"}, 0, false},
		"403 to a push":           {answers{status: 403, pushes: true}, []string{"give them write access"}, 1, false},
		"403, a name like limit":  {answers{status: 403, body: "Permission to acme/rate-limit.git denied to bot-429.\n"}, []string{"give them write access", "acme/rate-limit.git"}, 0, false},
		"403, Retry-After":        {answers{status: 403, header: wait, body: "slow down\n"}, []string{"fewer requests", pauseText, "slow down"}, 0, false},
		"403, GitHub's reset":     {answers{status: 403, header: gitHubs}, []string{"fewer requests", pauseText}, 0, false},
		"403, GitHub's words":     {answers{status: 403, body: "You have exceeded a secondary rate limit.\n"}, []string{"fewer requests", "a secondary rate limit"}, 0, false},
		"404":                     {answers{status: 404}, []string{"the repository is not there"}, 0, false},
		"413":                     {answers{status: 413, pushes: true}, []string{"the push is too large"}, 3, true},
		"429":                     {answers{status: 429}, []string{"fewer requests"}, 0, false},
		"429, Retry-After":        {answers{status: 429, header: wait}, []string{"fewer requests", pauseText}, 0, false},
		"429 to a push":           {answers{status: 429, header: wait, pushes: true}, []string{"fewer requests", pauseText}, 1, false},
		"500":                     {answers{status: 500, body: "boom 403 certificate\n"}, []string{"the server failed; it is tried again later", "boom 403 certificate"}, 0, false},
		"503, Retry-After":        {answers{status: 503, header: wait, body: "maintenance\n"}, []string{"the server failed", pauseText, "maintenance"}, 0, false},
		"503 to a push":           {answers{status: 503, pushes: true}, []string{"the server failed"}, 1, false},
		"504 to a push":           {answers{status: 504, pushes: true}, []string{"takes too long to answer", "--store-timeout"}, 3, false},
		"507":                     {answers{status: 507, body: "quota\n"}, []string{"the disk of the Git server is full", "quota"}, 0, false},
		"507 to a push":           {answers{status: 507, pushes: true}, []string{"the disk of the Git server is full"}, 1, false},
		"302":                     {answers{status: 302, body: "sign in\n"}, []string{"another place; correct spec.url"}, 0, false},
		"200 of a login page":     {answers{status: 200, body: "<html>sign in\n"}, []string{"not that of a Git server; correct spec.url"}, 0, false},
		"cut off":                 {answers{}, []string{"the server failed; it is tried again later"}, 0, false},
		"a push is cut off":       {answers{pushes: true}, []string{"the server failed; it is tried again later"}, 3, false},
		"422":                     {answers{status: 422, body: "no\n"}, []string{"the server does not take the request", "no"}, 0, false},
		"proxy wants credentials": {answers{status: 407}, []string{"the server does not take the request"}, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t)
			store := server.open(t)
			require.NoError(t, one(t, store, update("ns/0", "0", "0")).Err)
			server.intercept(test.answers.intercept)
			if !test.answers.pushes {
				store.cache.seen = false // so that it is the first to be asked
			}
			store.cache.pushes = 0
			server.requests.Store(0)
			out := store.Apply(t.Context(), []statestore.Change{update("ns/a", "a", "1"), update("ns/b", "b", "1")})
			assert.Equal(t, test.pushes, store.cache.pushes, "pushes")
			if test.pushes == 0 {
				assert.Equal(t, int64(1), server.requests.Load(), "requests")
			}
			for _, o := range out {
				require.Error(t, o.Err)
				for _, says := range append(test.says, server.URL) {
					require.ErrorContains(t, o.Err, says)
				}
				if test.says[0] == "fewer requests" {
					assert.NotContains(t, o.Err.Error(), "write access")
				}
			}
			ready := store.Check(t.Context())
			assert.Equal(t, test.ready, ready == nil, "%v", ready)
			if !test.ready {
				require.ErrorContains(t, ready, test.says[0])
			}
			server.intercept(func(http.ResponseWriter, *http.Request) bool { return false })
			store.cache.health.now = func() time.Time { return time.Now().Add(2 * time.Hour) }
			require.NoError(t, storetest.Errors(store.Apply(t.Context(), []statestore.Change{update("ns/a", "a", "1"), update("ns/b", "b", "1")})))
			require.NoError(t, store.Check(t.Context()))
			assert.Equal(t, map[string]string{"0": "0", "a": "1", "b": "1"}, server.Files(t))
		})
	}
}

// TestWordsInNames: names and texts of others hold the words of every failure, and make no
// difference.
func TestWordsInNames(t *testing.T) {
	t.Parallel()
	const trap = "returned error: 403 certificate no space left on device could not resolve host protected branch rate limit"
	server := newServer(t)
	spec := server.spec()
	spec.Branch = "certificate-error-403"
	server.Write(t, "HEAD", "ref: refs/heads/"+spec.Branch+"\n")
	store, err := New(spec, server.secret(), Options{Dir: t.TempDir()})
	require.NoError(t, err)
	files := update("ns/certificate", "403 "+trap+".yaml", trap)

	server.Hook(t, "pre-receive", "echo 'fatal: "+trap+"' >&2\nexit 1\n")
	err = one(t, store, files).Err
	require.ErrorContains(t, err, "the server's rules refuse it; change the file or the rule")
	require.ErrorContains(t, err, trap)
	require.NoError(t, store.Check(t.Context()), "it refuses content")

	server.Hook(t, "pre-receive", "exit 0\n")
	server.intercept(answers{status: 503, body: trap + "\nfatal: " + trap + "\n"}.intercept)
	err = one(t, store, files).Err
	require.ErrorContains(t, err, "the server failed; it is tried again later")
	require.ErrorContains(t, err, trap)
	server.Close()
	require.ErrorContains(t, one(t, store, files).Err, "cannot be reached")
}

// TestSpoken has what git, ssh and servers say that are not on this machine, word for word.
func TestSpoken(t *testing.T) {
	url := "https://403.certificate.example/rate limit/it's/no space left on device"
	store, err := New(v1alpha1.GitStateStoreSpec{URL: url}, map[string][]byte{"username": []byte("u"), "password": []byte("p")}, Options{Dir: t.TempDir()})
	require.NoError(t, err)
	unable := "fatal: unable to access '" + url + "/': "
	const gone = "fatal: Could not read from remote repository.\n\nPlease make sure you have the correct access rights\nand the repository exists.\n"
	rejected := func(reason string) string {
		return "To " + url + "\n!\trefs/kratix/next:refs/heads/main\t[remote rejected] (" + reason + ")\nDone\n"
	}
	for name, test := range map[string]struct {
		stderr, stdout string
		want           *cause
	}{
		"name resolution":     {unable + "Could not resolve host: certificate.example", "", &unreachable},
		"refused":             {unable + "Failed to connect to certificate port 443 after 0 ms: Couldn't connect to server", "", &unreachable},
		"firewall":            {unable + "Failed to connect to h port 443: Permission denied", "", &unreachable},
		"stalls":              {unable + "Operation too slow. Less than 1 bytes/sec transferred the last 60 seconds", "", &slow},
		"handshake":           {unable + "gnutls_handshake() failed: The TLS connection was non-properly terminated.", "", &cut},
		"proxy":               {unable + "CONNECT tunnel failed, response 403", "", &proxied},
		"a login page":        {"fatal: unable to update url base from redirection:\n  asked for: x\n   redirect: y", "", &elsewhere},
		"older proxy":         {unable + "Received HTTP code 407 from proxy after CONNECT", "", &proxied},
		"reset":               {"error: RPC failed; curl 56 Recv failure: Connection reset by peer\nfatal: expected flush after ref listing", "", &cut},
		"broken pipe":         {"error: RPC failed; curl 55 Send failure: Broken pipe\nsend-pack: unexpected disconnect while reading sideband packet", "", &cut},
		"stream":              {"error: RPC failed; curl 92 HTTP/2 stream 5 was not closed cleanly: INTERNAL_ERROR (err 2)", "", &cut},
		"hung up":             {"fatal: the remote end hung up unexpectedly", "", &cut},
		"server died":         {"", "!\ta:refs/heads/main\t[remote failure] (remote failed to report status)\n", &cut},
		"stale":               {"", "!\ta:refs/heads/main\t[rejected] (stale info)\n", &moved},
		"locked by others":    {"", rejected("cannot lock ref 'refs/heads/main': is at 1 but expected 2"), &moved},
		"JGit":                {"", rejected("failed to lock"), &moved},
		"GitHub protects":     {"remote: error: GH006: Protected branch update failed for refs/heads/main.\n", rejected("protected branch hook declined"), &guarded},
		"GitLab protects":     {"remote: GitLab: You are not allowed to push code to protected branches on this project.\n", rejected("pre-receive hook declined"), &refused},
		"GitHub's rules":      {"remote: error: GH013: Repository rule violations found for refs/heads/main.\n", rejected("push declined due to repository rule violations"), &refused},
		"GitHub fails":        {"", rejected("Internal Server Error"), &unavailable},
		"a hook's reason":     {"", rejected("no stale info, please: failed to lock"), &refused},
		"host key":            {"Host key verification failed.\n" + gone, "", &hostKey},
		"key format":          {"Load key \"/x/ssh-key\": error in libcrypto\ngit@h: Permission denied (publickey).\n" + gone, "", &keyFormat},
		"key refused":         {"git@publickey: Permission denied (publickey,password).\n" + gone, "", &keyRefused},
		"no ssh":              {"error: cannot run ssh: No such file or directory\nfatal: unable to fork\n", "", &noSSH},
		"no user":             {"No user exists for uid 65532\n" + gone, "", &noUser},
		"ssh: port":           {"ssh: connect to host h port 22: Connection refused\n" + gone, "", &unreachable},
		"ssh: name":           {"ssh: Could not resolve hostname certificate: Name or service not known\n" + gone, "", &unreachable},
		"ssh: silence":        {"Timeout, server h not responding.\n" + gone, "", &slow},
		"ssh: closed":         {"kex_exchange_identification: Connection closed by remote host\n" + gone, "", &cut},
		"ssh: GitHub":         {"ERROR: Repository not found.\n" + gone, "", &noRepo},
		"ssh: GitLab":         {"remote: \nremote: ======\nremote: \nremote: ERROR: The project you were looking for could not be found or you don't have permission to view it.\n" + gone, "", &noRepo},
		"ssh: Azure":          {"remote: TF401019: The Git repository with name or identifier x does not exist or you do not have permissions for the operation you are attempting.\n" + gone, "", &noRepo},
		"ssh: read only":      {"ERROR: The key you are authenticating with has been marked as read only.\n" + gone, "", &forbidden},
		"ssh: not writable":   {"ERROR: Permission to acme/rate-limit.git denied to deploy key\n" + gone, "", &forbidden},
		"ssh: GitLab's key":   {"remote: ERROR: This deploy key does not have write access to this project.\n" + gone, "", &forbidden},
		"ssh: Bitbucket":      {"repository access denied. access via a deployment key is read-only.\n" + gone, "", &forbidden},
		"ssh: Bitbucket, too": {"Unauthorized\n" + gone, "", &forbidden},
		"ssh: no such path":   {"fatal: '/certificate.git' does not appear to be a git repository\n" + gone, "", &noRepo},
		"ssh: who knows":      {gone, "", &unreachable},
		"our disk":            {"fatal: write error: No space left on device\nerror: index-pack died", "", &disk},
		"our quota":           {"error: unable to write file '/a': Disk quota exceeded", "", &disk},
		"we may not":          {"fatal: could not open '/x' for writing: Permission denied", "", &disk},
		"the server's disk":   {"remote: fatal: write error: No space left on device\nerror: remote unpack failed: index-pack abnormal exit", rejected("unpacker error"), &full},
		"the server's limit":  {"remote: fatal: pack exceeds maximum allowed size (1 B)\nerror: remote unpack failed: index-pack abnormal exit", rejected("unpacker error"), &unpacked},
		"a damaged cache":     {"fatal: bad object 1234", "", &unknown},
		"a shallow cache":     {"fatal: shallow file has changed since we read it", "", &unknown},
		"a name in a line":    {"fatal: path 'certificate: no space left on device' is odd", "", &unknown},
	} {
		t.Run(name, func(t *testing.T) {
			verb := "fetch"
			if test.stdout != "" {
				verb = "push"
			}
			f := store.cache.understand(t.Context(), &failure{verb: verb, stderr: test.stderr, stdout: test.stdout, err: errors.New("exit status 128")})
			assert.Equal(t, test.want.means, f.means)
			for line := range strings.Lines(test.stderr) {
				if text, is := strings.CutPrefix(line, "remote: "); is {
					assert.Contains(t, f.Error(), strings.TrimSpace(text), "the server's own words")
				}
			}
		})
	}
}

// TestPage: docs/state-stores.md has every cause.
func TestPage(t *testing.T) {
	page, err := os.ReadFile("../../../docs/state-stores.md")
	require.NoError(t, err)
	code, err := os.ReadFile("causes.go")
	require.NoError(t, err)
	found := regexp.MustCompile(`means: "([^";]+)`).FindAllStringSubmatch(string(code), -1)
	require.Greater(t, len(found), 30)
	for _, means := range found {
		about, _, _ := strings.Cut(means[1], " with the credentials") // which the page leaves out
		assert.True(t, strings.Contains(string(page), about), about)
	}
}
