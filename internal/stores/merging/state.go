// SPDX-License-Identifier: Apache-2.0

package merging

import (
	"context"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

// stateContent is the content of a state file, as in Kratix.
type stateContent struct {
	Files []string `json:"files"`
}

// readStates reads the state files of all changes that have one.
func (p *merger) readStates(ctx context.Context) error {
	var paths []string
	for i, c := range p.changes {
		if c.StateFile != "" && p.steps[i].Err == nil {
			paths = append(paths, c.StateFile)
		}
	}
	if len(paths) == 0 {
		return nil
	}
	contents, err := p.view.Read(ctx, paths)
	if err != nil {
		return err
	}
	for i, c := range p.changes {
		s := &p.steps[i]
		if c.StateFile == "" || s.Err != nil {
			continue
		}
		content, there := contents[c.StateFile]
		s.State = &State{Path: c.StateFile, missing: !there}
		if s.State.Old, s.Err = parseState(c.StateFile, content); s.Err != nil {
			continue
		}
		for _, f := range c.Files {
			s.State.New = append(s.State.New, f.Path)
		}
	}
	return nil
}

// parseState refuses files outside the directory of the state file, because what a state file
// lists is removed some day.
func parseState(at string, content []byte) ([]string, error) {
	var state stateContent
	if err := yaml.Unmarshal(content, &state); err != nil {
		return nil, fmt.Errorf("the state file %s is damaged: %w; restore it, or delete it together with the files it should list", at, err)
	}
	for _, file := range state.Files {
		err := checkPath(file)
		if dir := root(at); err == nil && dir != "" && !strings.HasPrefix(file, dir+"/") {
			err = fmt.Errorf("%q is not below %s", file, dir)
		}
		if err != nil {
			return nil, fmt.Errorf("the state file %s lists what cannot be its own: %w; restore it", at, err)
		}
	}
	return state.Files, nil
}

// StateFile is the state file that lists those files.
func StateFile(at string, files []string) statestore.File {
	return statestore.File{Path: at, Open: func() (io.Reader, error) {
		content, err := yaml.Marshal(stateContent{files})
		return strings.NewReader(string(content)), err
	}}
}

// others adds to known which file is listed in which state file. It reads the state files that are
// beside those of some changes, and are no change's own.
func (p *merger) others(ctx context.Context, beside func(change int) bool, known map[string]string) error {
	var dirs []string
	read := map[string]bool{}
	for i, c := range p.changes {
		if beside(i) {
			dirs = append(dirs, path.Dir(c.StateFile))
		}
		if p.steps[i].State != nil {
			read[c.StateFile] = true
		}
	}
	slices.Sort(dirs)
	below, err := p.view.Files(ctx, slices.Compact(dirs))
	if err != nil {
		return err
	}
	contents, err := p.view.Read(ctx, slices.DeleteFunc(slices.Concat(below...), func(at string) bool { return read[at] }))
	if err != nil {
		return err
	}
	for at, content := range contents {
		files, err := parseState(at, content)
		if err != nil {
			continue // the writer that it belongs to is told
		}
		for _, file := range files {
			known[file] = at
		}
	}
	return nil
}
