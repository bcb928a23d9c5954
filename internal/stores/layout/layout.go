// SPDX-License-Identifier: Apache-2.0

// Package layout says at which paths of a State Store the files of a WorkPlacement are, as in Kratix
// (docs/state-stores.md). It is pure.
package layout

import (
	"path"
	"strings"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/stores/placing"
	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

const (
	defaultFilename = "aggregated.yaml"
	// stateDir holds the state files of mode none.
	stateDir = ".kratix"
)

// Update is the change that writes the files of a WorkPlacement to a Destination whose mode is not
// aggregatedYAML. The files have the paths of the workloads; a state file keeps their order.
func Update(wp *v1alpha1.WorkPlacement, d *v1alpha1.Destination, files []statestore.File) statestore.Change {
	c := statestore.Change{ID: id(wp), Title: "Update from: " + wp.Name}
	dir := root(d)
	if mode(d) == v1alpha1.FilepathNone {
		c.StateFile = stateFile(wp, d)
	} else {
		dir = directory(wp, d)
		c.Dir = dir
	}
	for _, f := range files {
		f.Path = join(dir, f.Path)
		c.Files = append(c.Files, f)
	}
	return c
}

// Removal is the change that removes what Update has written.
func Removal(wp *v1alpha1.WorkPlacement, d *v1alpha1.Destination) statestore.Change {
	c := Update(wp, d, nil)
	c.Title = "Delete from: " + wp.Name
	if c.StateFile != "" && wp.Status.VersionID != "" { // it has been written
		for _, w := range wp.Spec.Workloads {
			c.Known = append(c.Known, join(root(d), w.Filepath))
		}
	}
	return c
}

// Directory is the directory of a WorkPlacement below the path of its Destination, in mode
// nestedByMetadata. Two requests have the same one if they have the same name and their Pipelines
// run in the same namespace.
func Directory(wp *v1alpha1.WorkPlacement) string { return directory(wp, &v1alpha1.Destination{}) }

// Nested is whether each WorkPlacement of the Destination has a Directory.
func Nested(d *v1alpha1.Destination) bool { return mode(d) == v1alpha1.FilepathNested }

// Aggregates is whether all WorkPlacements of the Destination share one file. Then Aggregated is
// the change for all of them; otherwise each has its own, by Update.
func Aggregates(d *v1alpha1.Destination) bool { return mode(d) == v1alpha1.FilepathAggregated }

// directory is that of a WorkPlacement in mode nestedByMetadata. What a Promise wrote has no
// request in it, and a static dependency has no Pipeline either.
func directory(wp *v1alpha1.WorkPlacement, d *v1alpha1.Destination) string {
	at := []string{"dependencies", wp.Spec.PromiseName}
	if wp.Spec.ResourceName != "" {
		at = []string{"resources", wp.Namespace, wp.Spec.PromiseName, wp.Spec.ResourceName}
	}
	if pipeline := wp.Labels[v1alpha1.LabelPipeline]; pipeline != "" {
		at = append(at, pipeline)
	}
	// Without an ID it would also be the directory of other groups. The store refuses the empty
	// element.
	at = append(at, placing.ShortID(wp.Spec.ID))
	return join(root(d), strings.Join(at, "/"))
}

// stateFile is where mode none lists the files of a WorkPlacement.
func stateFile(wp *v1alpha1.WorkPlacement, d *v1alpha1.Destination) string {
	return path.Join(root(d), stateDir, wp.Namespace+"-"+wp.Name+".yaml")
}

func id(wp *v1alpha1.WorkPlacement) string { return wp.Namespace + "/" + wp.Name }

func mode(d *v1alpha1.Destination) string {
	if d.Spec.Filepath.Mode == "" {
		return v1alpha1.FilepathNested
	}
	return d.Spec.Filepath.Mode
}

// join keeps what is wrong with a path, so that the store can refuse it. path.Join would make b
// of a/../b.
func join(dir, file string) string {
	if dir == "" {
		return file
	}
	return dir + "/" + file
}
