// SPDX-License-Identifier: Apache-2.0

package stores

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/e2e/debian"
	"github.com/kratix-compile/kratix-compile/internal/stores/git"
	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
	"github.com/kratix-compile/kratix-compile/internal/stores/storetest"
)

// sshServer is OpenSSH's, for whom the tests run as.
type sshServer struct {
	address, user    string
	key, known, host []byte
}

func startSSH(t *testing.T) *sshServer {
	requireSSH(t)
	dir := t.TempDir()
	keygen := func(name string) (private, public []byte) {
		file := filepath.Join(dir, name)
		out, err := exec.CommandContext(t.Context(), "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file).CombinedOutput()
		require.NoError(t, err, string(out))
		private, err = os.ReadFile(file)
		require.NoError(t, err)
		public, err = os.ReadFile(file + ".pub")
		require.NoError(t, err)
		return private, public
	}
	me, err := user.Current()
	require.NoError(t, err)
	s := &sshServer{user: me.Username, address: freeAddress(t)}
	_, s.host = keygen("host")
	var public []byte
	s.key, public = keygen("client")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "authorized"), public, 0o600))
	host, port, err := net.SplitHostPort(s.address)
	require.NoError(t, err)
	s.known = fmt.Appendf(nil, "[%s]:%s %s", host, port, s.host)
	config := fmt.Sprintf(`ListenAddress %s
HostKey %s/host
AuthorizedKeysFile %s/authorized
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
MaxStartups 100
`, s.address, dir, dir)
	file := filepath.Join(dir, "sshd_config")
	require.NoError(t, os.WriteFile(file, []byte(config), 0o600))
	program, err := exec.LookPath("/usr/sbin/sshd")
	require.NoError(t, err)
	sshd := exec.Command(program, "-D", "-e", "-f", file)
	said, err := sshd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, sshd.Start())
	t.Cleanup(func() {
		_ = sshd.Process.Kill()
		_ = sshd.Wait()
	})
	lines := bufio.NewScanner(said)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "Server listening") {
			go func() {
				for lines.Scan() { // an unread pipe would stop it
				}
			}()
			return s
		}
	}
	require.Fail(t, "sshd does not listen")
	return nil
}

// requireSSH installs OpenSSH's server where there is none, as the cluster does with its parts.
func requireSSH(t *testing.T) {
	require.NoError(t, debian.Ensure("/usr/sbin/sshd", "openssh-server"))
	require.NoError(t, os.MkdirAll("/run/sshd", 0o755)) // the package makes it when it starts its own
}

func freeAddress(t testing.TB) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// sshYard is a repository that is reached by SSH.
type sshYard struct {
	storetest.Repository
	server *sshServer
}

func (s *sshServer) repository(t testing.TB) *sshYard {
	return &sshYard{newRepository(t, t.TempDir()), s}
}

func (y *sshYard) secret() map[string][]byte {
	return map[string][]byte{"sshPrivateKey": y.server.key, "knownHosts": y.server.known}
}

func (y *sshYard) open(t testing.TB) statestore.Store { return y.openWith(t, y.secret()) }

func (y *sshYard) openWith(t testing.TB, secret map[string][]byte) statestore.Store {
	spec := v1alpha1.GitStateStoreSpec{
		URL: "ssh://" + y.server.user + "@" + y.server.address + y.Dir, AuthMethod: v1alpha1.GitSSH, Path: prefix,
	}
	return openGit(t, spec, secret, git.Options{})
}

func TestSSH(t *testing.T) {
	y := startSSH(t).repository(t)
	stranger := startSSH(t)
	where, _, found := strings.Cut(string(y.server.known), " ")
	require.True(t, found)
	for name, test := range map[string]struct {
		key   string
		value []byte
		says  string
	}{
		"another server's key": {"knownHosts", []byte(where + " " + string(stranger.host)), "the server's SSH key is not the one in the Secret's knownHosts"},
		"an unknown server":    {"knownHosts", stranger.known, "the server's SSH key is not the one in the Secret's knownHosts"},
		"a stranger's key":     {"sshPrivateKey", stranger.key, "the server refuses the Secret's sshPrivateKey; add its public key to the repository"},
		"no key":               {"sshPrivateKey", []byte("nonsense"), "the Secret's sshPrivateKey cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			secret := y.secret()
			secret[test.key] = test.value
			store := y.openWith(t, secret)
			for _, err := range []error{store.Check(t.Context()), one(t, store, update("ns/a", "a", "1"))} {
				require.ErrorContains(t, err, test.says)
				require.ErrorContains(t, err, y.Dir)
			}
			assert.Empty(t, y.Files(t))
		})
	}
	t.Run("knownHosts is missing", func(t *testing.T) {
		secret := y.secret()
		delete(secret, "knownHosts")
		_, err := git.New(v1alpha1.GitStateStoreSpec{URL: "git@example.com:a/b.git", AuthMethod: v1alpha1.GitSSH}, secret, git.Options{Dir: t.TempDir()})
		require.ErrorContains(t, err, "the Secret needs sshPrivateKey and knownHosts")
	})
	require.NoError(t, one(t, y.open(t), update("ns/a", "a", "1")))
	assert.Equal(t, map[string]string{"a": "1"}, y.Files(t))
}
