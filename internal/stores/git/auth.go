// SPDX-License-Identifier: Apache-2.0

package git

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// tokenUser is the user that GitHub takes a token from.
const tokenUser = "x-access-token"

// auth is how git proves who it is. configure returns lines for git's configuration, writes the
// files that they name to dir, and returns the secrets that must never be shown.
type auth interface {
	configure(ctx context.Context, dir string) (config string, secrets []string, err error)
	// renew is called after a failure that may be due to the credentials.
	renew()
}

// header is an Authorization header. With it git needs no request that is first answered with 401.
type header struct{ server, value, password string }

func basic(server, user, password string) header {
	return header{server, "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password)), password}
}

func (h header) configure(context.Context, string) (string, []string, error) {
	_, encoded, _ := strings.Cut(h.value, " ")
	return "[http " + configValue(h.server) + "]\n\textraHeader = " + configValue("Authorization: "+h.value) + "\n", []string{h.password, encoded}, nil
}

func (header) renew() {}

// ssh is a private key, and the hosts that are trusted.
type ssh struct{ key, knownHosts []byte }

func (s ssh) configure(_ context.Context, dir string) (string, []string, error) {
	key, hosts := filepath.Join(dir, "ssh-key"), filepath.Join(dir, "known-hosts")
	if err := os.WriteFile(key, s.key, 0o600); err != nil {
		return "", nil, err
	}
	if err := os.WriteFile(hosts, s.knownHosts, 0o600); err != nil {
		return "", nil, err
	}
	command := fmt.Sprintf("ssh -F /dev/null -i %s -o UserKnownHostsFile=%s -o GlobalKnownHostsFile=/dev/null", shell(key), shell(hosts))
	options := []string{
		command, "StrictHostKeyChecking=yes", "UpdateHostKeys=no", "BatchMode=yes", "IdentitiesOnly=yes", "IdentityAgent=none",
		"PreferredAuthentications=publickey", "ConnectTimeout=15", "ServerAliveInterval=10", "ServerAliveCountMax=3",
	}

	return "[core]\n\tsshCommand = " + configValue(strings.Join(options, " -o ")) + "\n", nil, nil
}

func (ssh) renew() {}

// configValue is a value in git's configuration.
func configValue(value string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(value) + `"`
}

// shell is a word for a shell.
func shell(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }
