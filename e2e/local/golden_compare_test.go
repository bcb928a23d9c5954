// SPDX-License-Identifier: Apache-2.0

package local

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"

	"github.com/kratix-compile/kratix-compile/e2e/sight"
	"github.com/kratix-compile/kratix-compile/internal/local"
)

// reasons are why a container of an engine may see something else than one of a plain Pod, beside
// those of every Pod. Each must be needed by a case.
var reasons = map[string][]sight.Reason{
	local.Podman: append(slices.Clip(ofEachEngine), []sight.Reason{
		{Why: "Podman says that it is Podman, and which terminal there could be.", Forgive: func(s *sight.Sight) {
			s.DropEnv(ofPodman)
			s.Drop("/run/.containerenv")
		}},
		{Why: "Podman gives a user a name who has none in the image.", Forgive: func(s *sight.Sight) { s.Drop("/etc/passwd", "/etc/group") }},
		{Why: "Podman lets a user who is not root use the capabilities that are added; a Pod only bounds them.", Forgive: func(s *sight.Sight) {
			if s.UID != 0 {
				for _, set := range []string{"CapInh", "CapPrm", "CapEff", "CapAmb"} {
					delete(s.Status, set)
				}
			}
		}},
	}...),
	local.Docker: append(slices.Clip(ofEachEngine), sight.Reason{
		Why: "Docker shows what this machine mounts in a volume later, and the kubelet does not.", Forgive: func(s *sight.Sight) {
			for at, flags := range s.Mounts {
				s.Mounts[at] = strings.TrimSuffix(flags, " master")
			}
		},
	}),
}

// ofEachEngine are reasons that hold for both.
var ofEachEngine = []sight.Reason{
	{Why: "There is no API server, and no token for it.", Forgive: func(s *sight.Sight) {
		s.DropEnv(apiServer)
		s.Drop("/run/secrets/kubernetes.io", "/var/run/secrets/kubernetes.io")
		s.Token = false
	}},
	{Why: "There is no node: this machine's address stands in (KC427).", Forgive: func(s *sight.Sight) {
		for i, entry := range s.Env {
			if name, value, _ := strings.Cut(entry, "="); value == "127.0.0.1" {
				s.Env[i] = name + "=" + sight.NodeAddress
			}
		}
	}},
	{Why: "A Pod's host name is its own, and a container's is its ID.", Forgive: func(s *sight.Sight) { s.DropEnv(hostname) }},
	{Why: "An engine has a seccomp profile unless told otherwise, and the kubelet has none.", Forgive: func(s *sight.Sight) { delete(s.Status, "Seccomp") }},
	{Why: "containerd names a process's own group among its other groups, too.", Forgive: func(s *sight.Sight) {
		if s.Groups = slices.DeleteFunc(slices.Clone(s.Groups), func(g int) bool { return g == s.GID }); len(s.Groups) == 0 {
			s.Groups = nil
		}
	}},
	{Why: "Of an image's USER 1234:5678 the kubelet takes the user alone.", Forgive: func(s *sight.Sight) {
		if s.GID == 5678 {
			s.GID = 0
		}
	}},
	{Why: "The kubelet keeps files behind links, to change all of them at once; here nobody changes them.", Forgive: withoutLinks},
	{Why: "The kubelet keeps a Secret in memory, in a folder that is sticky.", Forgive: func(s *sight.Sight) {
		for i := range s.Files {
			s.Files[i].Mode = strings.Replace(s.Files[i].Mode, "dtrwxrwxrwx", "drwxrwxrwx", 1)
		}
	}},
}

var (
	apiServer = regexp.MustCompile(`^KUBERNETES_(SERVICE|PORT)`)
	hostname  = regexp.MustCompile(`^HOSTNAME=`)
	ofPodman  = regexp.MustCompile(`^(container=podman|TERM=xterm)$`)
)

// withoutLinks has files where the links of the kubelet lead: file -> ..data/file and ..data ->
// ..stamp, so that it is in ..stamp/file.
func withoutLinks(s *sight.Sight) {
	s.Files = slices.DeleteFunc(s.Files, func(f sight.File) bool {
		base := path.Base(f.Path)
		return base == "..data" || base == "..stamp" || strings.HasPrefix(f.Link, "..data/")
	})
	for i := range s.Files {
		s.Files[i].Path = strings.Replace(s.Files[i].Path, "/..stamp/", "/", 1)
	}
	slices.SortFunc(s.Files, func(a, b sight.File) int { return strings.Compare(a.Path, b.Path) })
}

// need is which reasons of an engine the cases have needed, and how many cases that were.
type need struct {
	engine  string
	mu      sync.Mutex
	reasons []bool
	cases   int
}

func newNeed(engine string) *need {
	return &need{engine: engine, reasons: make([]bool, len(reasons[engine]))}
}

// check compares what the containers of a case have seen with its record.
func (c *goldenCase) check(t *testing.T, seen map[string][]*sight.Sight, n *need) {
	t.Helper()
	assert.Equal(t, slices.Sorted(maps.Keys(c.Sights)), slices.Sorted(maps.Keys(seen)), "Pipelines that ran")
	known := reasons[n.engine]
	for job, plain := range c.Sights {
		if !assert.Len(t, seen[job], len(plain), "%s: containers that wrote down what they saw", job) {
			continue
		}
		for i, expected := range plain {
			container := seen[job][i].Forgiven(sight.EveryPod...)
			if diff := cmp.Diff(expected.Forgiven(known...), container.Forgiven(known...)); diff != "" {
				t.Errorf("%s: container %d (- plain Pod, + %s):\n%s", job, i, n.engine, diff)
			}
			n.look(expected, container)
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cases++
}

// look finds reasons without which two sights would differ.
func (n *need) look(plain, container *sight.Sight) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for i := range n.reasons {
		others := slices.Delete(slices.Clone(reasons[n.engine]), i, i+1)
		n.reasons[i] = n.reasons[i] || !cmp.Equal(plain.Forgiven(others...), container.Forgiven(others...))
	}
}

// check demands that each reason was needed.
func (n *need) check(t *testing.T) {
	t.Helper()
	for i, r := range reasons[n.engine] {
		assert.True(t, n.reasons[i], "nothing differs any more because: %s", r.Why)
	}
}
