// SPDX-License-Identifier: Apache-2.0

package local

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/stores/layout"
	"github.com/kratix-compile/kratix-compile/internal/stores/placing"
	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/parse"
)

// Stores are Destinations, and the paths of State Stores.
type Stores struct {
	Destinations []v1alpha1.Destination
	roots        map[v1alpha1.StateStoreReference]string
	// at is where a Destination is written, by its name.
	at map[string]diag.Pos
}

// Place is where a file of a Pipeline goes.
type Place struct {
	// File is its path below /kratix/output.
	File        string                       `json:"file"`
	Destination string                       `json:"destination"`
	Store       v1alpha1.StateStoreReference `json:"store"`
	// Path is that in the State Store.
	Path string `json:"path"`
}

// ReadStores reads Destinations and State Stores. Of two with the same name the later one counts, as
// with kubectl apply. Objects of other kinds are left alone. The State Store of each Destination must be
// there. The error says what is wrong in the files, and where.
func ReadStores(files []parse.File) (Stores, error) {
	s := Stores{roots: map[v1alpha1.StateStoreReference]string{}, at: map[string]diag.Pos{}}
	var faults []error
	for _, f := range files {
		docs, diags := parse.Documents(f)
		for _, doc := range docs {
			found, err := s.add(doc)
			diags.Append(found)
			faults = append(faults, err)
		}
		for _, d := range diags.Sorted().Errors() {
			faults = append(faults, fmt.Errorf("%s: %s", d.Pos, d.Message))
		}
	}
	if err := errors.Join(faults...); err != nil {
		return s, err
	}
	return s, s.complete()
}

// complete demands the State Store of each Destination: without its path, all places would be wrong.
func (s *Stores) complete() error {
	var faults []error
	for _, d := range s.Destinations {
		if _, there := s.roots[*d.Spec.StateStoreRef]; !there {
			faults = append(faults, fmt.Errorf("%s: Destination %s: the %s %s is not there, and every path begins with its spec.path; give it with --destinations, too",
				s.at[d.Name], d.Name, d.Spec.StateStoreRef.Kind, d.Spec.StateStoreRef.Name))
		}
	}
	return errors.Join(faults...)
}

func (s *Stores) add(doc *parse.Document) (diags diag.List, fault error) {
	if !strings.HasPrefix(doc.APIVersion(), v1alpha1.Group+"/") {
		return nil, nil
	}
	root := func(at string) {
		s.roots[v1alpha1.StateStoreReference{Kind: doc.Kind(), Name: doc.Name()}] = strings.Trim(path.Clean("/"+at), "/")
	}
	switch doc.Kind() {
	case v1alpha1.KindDestination:
		var d v1alpha1.Destination
		diags = doc.DecodeLoose(nil, &d)
		if field, message := layout.Fault(&d); field != "" {
			fault = fmt.Errorf("%s: Destination %s: %s %s", doc.Root().Pos(), d.Name, field, message)
		}
		same := func(other v1alpha1.Destination) bool { return other.Name == d.Name }
		s.Destinations = append(slices.DeleteFunc(s.Destinations, same), d)
		s.at[d.Name] = doc.Root().Pos()
	case v1alpha1.KindGitStateStore:
		var store v1alpha1.GitStateStore
		diags = doc.DecodeLoose(nil, &store)
		root(store.Spec.Path)
	case v1alpha1.KindBucketStateStore:
		var store v1alpha1.BucketStateStore
		diags = doc.DecodeLoose(nil, &store)
		root(store.Spec.Path)
	}
	return diags, fault
}

// Of are the places of a Work's files, as the runner chooses them. wanted says which Destinations
// are missing; it is empty if none is.
func (s Stores) Of(w *v1alpha1.Work) (places []Place, wanted string) {
	decided := placing.Place(placing.State{Work: w, Destinations: s.Destinations, Now: ran})
	for _, p := range decided.Create {
		for i := range s.Destinations {
			if d := &s.Destinations[i]; d.Name == p.Spec.TargetDestinationName {
				places = append(places, s.in(p, d)...)
			}
		}
	}
	return places, decided.Wanted
}

// in are the places of the files of one placement.
func (s Stores) in(p *v1alpha1.WorkPlacement, d *v1alpha1.Destination) []Place {
	files := make([]statestore.File, 0, len(p.Spec.Workloads))
	for _, w := range p.Spec.Workloads {
		files = append(files, statestore.Text(w.Filepath, ""))
	}
	change := layout.Update(p, d, files)
	aggregated := layout.Aggregates(d)
	if aggregated {
		change = layout.Aggregated(d, []layout.Part{{WorkPlacement: p, Files: files}})
	}
	places := make([]Place, 0, len(files))
	for i, w := range p.Spec.Workloads {
		if aggregated {
			i = 0 // all of them are in one file
		}
		places = append(places, Place{
			File: w.Filepath, Destination: d.Name, Store: *d.Spec.StateStoreRef,
			Path: path.Join(s.roots[*d.Spec.StateStoreRef], change.Files[i].Path),
		})
	}
	return places
}
