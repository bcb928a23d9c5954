// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/kratix-compile/kratix-compile/e2e/sight"
)

// A reason is why something may be different, and the only place where it may be.
type reason struct {
	engine  string // empty for the plain Pod as well
	why     string
	forgive func(*sight.Sight)
}

var reasons = []reason{
	{"", "Files of a ConfigMap or Secret are links into a folder with the time in its name.", func(s *sight.Sight) {
		for i, file := range s.Files {
			s.Files[i].Path = stamp.ReplaceAllString(file.Path, "..stamp")
			s.Files[i].Link = stamp.ReplaceAllString(file.Link, "..stamp")
		}
	}},
	{"", "The kubelet of 1.34 hands variables over in no order, in every Pod.", func(s *sight.Sight) { slices.Sort(s.Env) }},
	{"", "A Pod's name is its own.", func(s *sight.Sight) {
		for i, entry := range s.Env {
			if name, value, _ := strings.Cut(entry, "="); value == s.Pod {
				s.Env[i] = name + "=(the Pod's name)"
			}
		}
		s.Pod = ""
	}},
	{"", "The input is a ConfigMap with hidden entries on engines (docs/engines.md, The input).", func(s *sight.Sight) {
		s.Files = slices.DeleteFunc(s.Files, func(f sight.File) bool { return strings.HasPrefix(f.Path, "/kratix/input/..") })
		for i, file := range s.Files {
			if file.Path == "/kratix/input" || file.Path == "/kratix/input/object.yaml" {
				s.Files[i].Mode, s.Files[i].Link = "", ""
			}
		}
	}},
	{"", "The token's folder has links with the time in their names and is not to be read.", func(s *sight.Sight) {
		dropFiles(s, "/run/secrets/kubernetes.io/serviceaccount", "/var/run/secrets/kubernetes.io/serviceaccount")
	}},
	{"", "A token is new each time; what it is good for must be the same.", func(s *sight.Sight) {
		for i, file := range s.Files {
			if found := token.FindStringSubmatch(file.Content); found != nil {
				s.Files[i].Content = claims(found[1])
			}
		}
	}},
	{"tekton", "Tekton's Pods have labels of Tekton, and say that Tekton manages them.", func(s *sight.Sight) {
		for i := range s.Files {
			s.Files[i].Content = strings.Replace(tektonLabels.ReplaceAllString(s.Files[i].Content, ""),
				`app.kubernetes.io/managed-by="tekton-pipelines"`, `app.kubernetes.io/managed-by="Kratix"`, 1)
		}
	}},
	{"argo", "Argo's Pods have labels of Argo.", func(s *sight.Sight) {
		for i := range s.Files {
			s.Files[i].Content = argoLabels.ReplaceAllString(s.Files[i].Content, "")
		}
	}},
	{"tekton", "Tekton's own folders are in every step.", func(s *sight.Sight) { drop(s, "/tekton") }},
	{"tekton", "Tekton's workspace is an empty folder in every step that mounts none of its own (KC412).", func(s *sight.Sight) {
		if !slices.ContainsFunc(s.Files, func(f sight.File) bool { return strings.HasPrefix(f.Path, "/workspace/") }) {
			drop(s, "/workspace")
		}
	}},
	{"tekton", "Tekton's entrypoint is process 1 and starts the step.", func(s *sight.Sight) { s.PID = 1 }},
	{"tekton", "The variable that stands for a dollar (docs/engines.md, Text that looks like a template).", func(s *sight.Sight) {
		dropEnv(s, dollar)
	}},
	{"tekton", "Tekton says what it found in the registry, where a container has no command (KC407).", func(s *sight.Sight) {
		dropEnv(s, lookedUp)
	}},
	{"argo", "An empty folder lies where the token would be (docs/engines.md, Tokens and rights).", func(s *sight.Sight) {
		if !s.Token {
			drop(s, "/var/run/secrets/kubernetes.io/serviceaccount")
		}
	}},
	{"argo", "Argo's own folder is in every container.", func(s *sight.Sight) { drop(s, "/var/run/argo") }},
	{"argo", "A template of more than 128 KiB is a ConfigMap in every container (KC414).", func(s *sight.Sight) { drop(s, "/argo/config") }},
	{"argo", "Argo tells every container about itself.", func(s *sight.Sight) { dropEnv(s, argoEnv) }},
	{"argo", "The variable that stands for a brace (docs/engines.md, Text that looks like a template).", func(s *sight.Sight) {
		dropEnv(s, brace)
	}},
}

var (
	token        = regexp.MustCompile(`^eyJ[\w-]+\.(eyJ[\w-]+)\.[\w-]+$`)
	tektonLabels = regexp.MustCompile(`(?m)\n?^tekton\.dev/[^=]+="[^"]*"$`)
	argoLabels   = regexp.MustCompile(`(?m)\n?^workflows\.argoproj\.io/[^=]+="[^"]*"$`)
	stamp        = regexp.MustCompile(`\.\.\d{4}_\d\d_[^/]*`)
	argoEnv      = regexp.MustCompile(`^ARGO_`)
	lookedUp     = regexp.MustCompile(`^TEKTON_PLATFORM_COMMANDS=`)
	dollar       = regexp.MustCompile(`^KRATIX_DOLLAR(_\d+)?=\$$`)
	brace        = regexp.MustCompile(`^KRATIX_LBRACE(_\d+)?=\{$`)
)

// differences are between what was seen in plain Pods and on an engine.
func differences(e engine, plain, seen sights) []string {
	var found []string
	if diff := cmp.Diff(slices.Sorted(maps.Keys(plain)), slices.Sorted(maps.Keys(seen))); diff != "" {
		found = append(found, fmt.Sprintf("Pipelines that ran (- plain Pods, + %s):\n%s", e.name, diff))
	}
	for job, containers := range seen {
		if len(containers) != len(plain[job]) {
			found = append(found, fmt.Sprintf("%s: %d containers wrote down what they saw, and %d in the plain Pod", job, len(containers), len(plain[job])))
			continue
		}
		for i, container := range containers {
			if diff := cmp.Diff(forgiven(plain[job][i], ""), forgiven(container, e.name)); diff != "" {
				found = append(found, fmt.Sprintf("%s: container %d (- plain Pod, + %s):\n%s", job, i, e.name, diff))
			}
		}
	}
	return found
}

// forgiven is a sight without what has a reason to be different.
func forgiven(s *sight.Sight, engine string) *sight.Sight {
	s = clone(s)
	for _, r := range reasons {
		if r.engine == "" || r.engine == engine {
			r.forgive(s)
		}
	}
	return s
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

func clone(s *sight.Sight) *sight.Sight {
	other := *s
	other.Env, other.Files = slices.Clone(s.Env), slices.Clone(s.Files)
	other.Mounts, other.Written = maps.Clone(s.Mounts), maps.Clone(s.Written)
	slices.SortFunc(other.Files, func(a, b sight.File) int { return strings.Compare(a.Path, b.Path) })
	return &other
}

func drop(s *sight.Sight, folders ...string) {
	for _, folder := range folders {
		below := func(path string) bool { return path == folder || strings.HasPrefix(path, folder+"/") }
		maps.DeleteFunc(s.Mounts, func(path, _ string) bool { return below(path) })
		maps.DeleteFunc(s.Written, func(path string, _ bool) bool { return below(path) })
	}
	dropFiles(s, folders...)
}

func dropFiles(s *sight.Sight, folders ...string) {
	for _, folder := range folders {
		s.Files = slices.DeleteFunc(s.Files, func(f sight.File) bool { return f.Path == folder || strings.HasPrefix(f.Path, folder+"/") })
	}
}

func dropEnv(s *sight.Sight, entries *regexp.Regexp) {
	s.Env = slices.DeleteFunc(s.Env, entries.MatchString)
}
