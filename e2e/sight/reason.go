// SPDX-License-Identifier: Apache-2.0

package sight

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// A Reason is why sights may differ, and the only place where they may.
type Reason struct {
	Why     string
	Forgive func(*Sight)
}

// What stands for names and addresses that are other ones each time.
const (
	PodName     = "(the Pod's name)"
	NodeAddress = "(the node's address)"
)

// EveryPod has the reasons for which two plain Pods differ, too.
var EveryPod = []Reason{
	{"Files of a ConfigMap or Secret are links into a folder with the time in its name.", func(s *Sight) {
		for i, file := range s.Files {
			s.Files[i].Path = stamp.ReplaceAllString(file.Path, "..stamp")
			s.Files[i].Link = stamp.ReplaceAllString(file.Link, "..stamp")
		}
	}},
	{"The kubelet of 1.34 hands variables over in no order, in every Pod.", func(s *Sight) { slices.Sort(s.Env) }},
	{"A Pod's name is its own.", func(s *Sight) {
		for i, entry := range s.Env {
			if name, value, _ := strings.Cut(entry, "="); value == s.Pod {
				s.Env[i] = name + "=" + PodName
			}
		}
		s.Pod = ""
	}},
	{"The input is a ConfigMap with hidden entries on engines (docs/engines.md, The input).", func(s *Sight) {
		s.Files = slices.DeleteFunc(s.Files, func(f File) bool { return strings.HasPrefix(f.Path, "/kratix/input/..") })
		for i, file := range s.Files {
			if file.Path == "/kratix/input" || file.Path == "/kratix/input/object.yaml" {
				s.Files[i].Mode, s.Files[i].Link = "", ""
			}
		}
	}},
	{"The token's folder has links with the time in their names and is not to be read.", func(s *Sight) {
		s.DropFiles("/run/secrets/kubernetes.io/serviceaccount", "/var/run/secrets/kubernetes.io/serviceaccount")
	}},
	{"A token is new each time; what it is good for must be the same.", func(s *Sight) {
		for i, file := range s.Files {
			if found := token.FindStringSubmatch(file.Content); found != nil {
				s.Files[i].Content = claims(found[1])
			}
		}
	}},
}

var (
	token = regexp.MustCompile(`^eyJ[\w-]+\.(eyJ[\w-]+)\.[\w-]+$`)
	stamp = regexp.MustCompile(`\.\.\d{4}_\d\d_[^/]*`)
)

// Forgiven is a copy without what has a reason to be different.
func (s *Sight) Forgiven(reasons ...Reason) *Sight {
	s = s.clone()
	for _, r := range reasons {
		r.Forgive(s)
	}
	return s
}

func (s *Sight) clone() *Sight {
	other := *s
	other.Env, other.Files = slices.Clone(s.Env), slices.Clone(s.Files)
	other.Mounts, other.Written, other.Status = maps.Clone(s.Mounts), maps.Clone(s.Written), maps.Clone(s.Status)
	slices.SortFunc(other.Files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return &other
}

// Drop forgets folders and everything below them.
func (s *Sight) Drop(folders ...string) {
	for _, folder := range folders {
		maps.DeleteFunc(s.Mounts, func(path, _ string) bool { return below(path, folder) })
		maps.DeleteFunc(s.Written, func(path string, _ bool) bool { return below(path, folder) })
	}
	s.DropFiles(folders...)
}

// DropFiles forgets files below folders, and not that there are mounts.
func (s *Sight) DropFiles(folders ...string) {
	for _, folder := range folders {
		s.Files = slices.DeleteFunc(s.Files, func(f File) bool { return below(f.Path, folder) })
	}
}

func below(path, folder string) bool { return path == folder || strings.HasPrefix(path, folder+"/") }

// DropEnv forgets variables.
func (s *Sight) DropEnv(entries *regexp.Regexp) {
	s.Env = slices.DeleteFunc(s.Env, entries.MatchString)
}

// claims are those parts of a token that say what it is good for.
func claims(payload string) string {
	data, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		return err.Error()
	}
	var c struct {
		Aud      []string
		Sub      string
		Exp, Iat int64
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return err.Error()
	}
	return fmt.Sprintf("a token of %s for %v, %d seconds", c.Sub, c.Aud, c.Exp-c.Iat)
}
