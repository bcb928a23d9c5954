// SPDX-License-Identifier: Apache-2.0

package work

import (
	"crypto/md5"
	"encoding/hex"
	"maps"
	"slices"
	"strings"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/metadata"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// groups sorts files by directories: each that has selectors of its own, and the rest.
type groups struct {
	selectors []metadata.Selector
	files     map[string][]v1alpha1.Workload // by directory; one with no files is there, too
}

func newGroups(selectors []metadata.Selector) groups {
	return groups{selectors, map[string][]v1alpha1.Workload{}}
}

func (g groups) add(file File, p *packer) error {
	top, _, below := strings.Cut(file.Path, "/")
	directory := metadata.Root
	selected := slices.ContainsFunc(g.selectors, func(s metadata.Selector) bool { return s.Directory == top })
	if selected && (below || file.Dir) {
		directory = top
	}
	if file.Dir {
		g.files[directory] = slices.Clip(g.files[directory])
		return nil
	}
	workload, err := p.pack(file)
	g.files[directory] = append(g.files[directory], workload)
	return err
}

// scheduled are the groups in Kratix's order: those with a directory, as listed, and then
// the rest, unless it is empty. Only the rest also gets the selectors of the Promise.
func (g groups) scheduled(of workflow.Type, promise []v1alpha1.PromiseScheduling) ([]v1alpha1.WorkloadGroup, error) {
	var out []v1alpha1.WorkloadGroup
	var rest []v1alpha1.WorkloadGroupScheduling
	for _, s := range g.selectors {
		own := v1alpha1.WorkloadGroupScheduling{MatchLabels: maps.Clone(s.MatchLabels), Source: string(of) + "-workflow"}
		if s.Directory == metadata.Root {
			rest = append(rest, own)
			continue
		}
		files, there := g.files[s.Directory]
		if !there {
			return nil, unfit("%s: there is no directory /kratix/output/%s; make it, even if empty, or remove the entry", metadata.SelectorsFile, s.Directory)
		}
		out = append(out, group(s.Directory, files, []v1alpha1.WorkloadGroupScheduling{own}))
	}
	if files := g.files[metadata.Root]; len(files) > 0 {
		if len(promise) > 0 {
			rest = append(rest, v1alpha1.WorkloadGroupScheduling{MatchLabels: squash(promise), Source: v1alpha1.SourcePromise})
		}
		out = append(out, group(v1alpha1.DefaultDirectory, files, rest))
	}
	return out, nil
}

func group(directory string, files []v1alpha1.Workload, selectors []v1alpha1.WorkloadGroupScheduling) v1alpha1.WorkloadGroup {
	slices.SortFunc(files, func(a, b v1alpha1.Workload) int {
		return slices.Compare(strings.Split(a.Filepath, "/"), strings.Split(b.Filepath, "/"))
	})
	sum := md5.Sum([]byte(directory))
	return v1alpha1.WorkloadGroup{Directory: directory, ID: hex.EncodeToString(sum[:]), DestinationSelectors: selectors, Workloads: files}
}

// squash is all selectors in one. If several have a key, the first one counts.
func squash(selectors []v1alpha1.PromiseScheduling) map[string]string {
	labels := map[string]string{}
	for _, s := range selectors {
		for key, value := range s.MatchLabels {
			if _, set := labels[key]; !set {
				labels[key] = value
			}
		}
	}
	return labels
}
