// SPDX-License-Identifier: Apache-2.0

package local

import (
	"regexp"
	"slices"
	"strings"

	compiled "github.com/kratix-compile/kratix-compile/backends/local"
)

// variables are those of a container: words of `create`, and variables for the engine's process, from
// which it takes the values that its words do not have. Everybody on this machine can read the words
// of a process; its variables are for its user alone.
func variables(of []compiled.Variable) (words, own []string) {
	for _, v := range of {
		if with := v.Name + "=" + v.Value; handedOn(v.Name) {
			words, own = append(words, "--env", v.Name), append(own, with)
		} else {
			words = append(words, "--env", with)
		}
	}
	return words, own
}

// handedOn tells whether an engine's process can have a variable for a container. An engine may be a
// script, and some shells hand on no name with a dot.
func handedOn(name string) bool {
	upper := strings.ToUpper(name) // Windows does not tell home from HOME, and curl reads http_proxy
	begins := func(prefix string) bool { return strings.HasPrefix(upper, prefix) }
	return shellName.MatchString(name) && !slices.Contains(obeyed, upper) &&
		!slices.ContainsFunc(obeyedPrefixes, begins) && !strings.HasSuffix(upper, "_PROXY")
}

var shellName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// obeyed are variables that an engine's client obeys itself, or a program that it starts: a shell,
// ssh, the Go runtime. They choose the engine, its files, its network and its language.
var obeyed = []string{
	"PATH", "HOME", "USER", "LOGNAME", "SHELL", "ENV", "IFS", "PWD", "TMPDIR", "TMP", "TEMP", "TERM", "LANG", "LANGUAGE", "TZ",
	"GODEBUG", "GOGC", "GOMAXPROCS", "GOMEMLIMIT", "GOTRACEBACK", "NOTIFY_SOCKET", "GNUPGHOME",
	"SYSTEMROOT", "WINDIR", "COMSPEC", "PATHEXT", "USERPROFILE", "HOMEDRIVE", "HOMEPATH", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "PROGRAMFILES",
}

// obeyedPrefixes begin names of such variables.
var obeyedPrefixes = []string{
	"DOCKER_", "CONTAINER_", "CONTAINERS_", "_CONTAINERS_", "PODMAN_", "BUILDAH_", "STORAGE_", "REGISTRY_", "REGISTRIES_",
	"XDG_", "DBUS_", "LISTEN_", "SSH_", "SSL_CERT_", "LD_", "DYLD_", "LC_", "BASH", "NETAVARK_", "MACHINE_",
}
