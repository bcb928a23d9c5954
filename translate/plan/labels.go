// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// Keys of Kratix that only the compiler writes (docs/kratix-contract.md 3.3).
const (
	labelHash      = "kratix.io/hash"
	LabelManagedBy = "app.kubernetes.io/managed-by"
)

// labels are those of docs/kratix-contract.md 3.3. A Pipeline may add its own,
// but never change ours: Kratix finds runs by them.
func (b *builder) labels(pipeline string, user map[string]string, at diag.At) map[string]string {
	own := merged(b.owner.RunLabels(), map[string]string{
		v1alpha1.LabelWorkflowAction: string(b.kind.Action),
		v1alpha1.LabelPipeline:       pipeline,
		labelHash:                    b.hash,
		LabelManagedBy:               "Kratix",
	})
	for _, k := range slices.Sorted(maps.Keys(user)) {
		if v, ours := own[k]; ours && v != user[k] {
			b.diags.Add(diag.LabelKept, at.Field(k), "the label %s stays %q: runs are found by it; choose another key", k, v)
		}
	}
	return merged(user, own)
}

// annotations go on the run object: those that the tools of Kratix watch for, and the trace.
func (b *builder) annotations() map[string]string {
	o := b.object
	return merged(workflow.Trace(o.Annotations), map[string]string{
		v1alpha1.AnnotationObjectNamespace:        o.Namespace,
		v1alpha1.AnnotationObject + "name":        o.Name,
		v1alpha1.AnnotationObject + "kind":        o.Kind,
		v1alpha1.AnnotationObject + "api-version": schema.GroupVersion{Group: o.Group, Version: o.Version}.String(),
	})
}

// Key is a label or an annotation that a user wrote.
type Key struct {
	Name string
	At   diag.At
}

// KeysOf are the labels and annotations in a domain or below it, as in
// tekton.dev/x and chains.tekton.dev/x.
func (r Run) KeysOf(domain string) []Key {
	var out []Key
	for _, field := range []struct {
		at   diag.At
		keys map[string]string
	}{{r.Places.Labels, r.Labels}, {r.Places.Annotations, r.PodAnnotations}} {
		for _, k := range slices.Sorted(maps.Keys(field.keys)) {
			of, _, prefixed := strings.Cut(k, "/")
			if prefixed && (of == domain || strings.HasSuffix(of, "."+domain)) {
				out = append(out, Key{Name: k, At: field.at.Field(k)})
			}
		}
	}
	return out
}

// merged is all maps in one; later ones win.
func merged(ms ...map[string]string) map[string]string {
	out := map[string]string{}
	for _, m := range ms {
		maps.Copy(out, m)
	}
	return out
}

func gvk(apiVersion, kind string) schema.GroupVersionKind {
	return schema.FromAPIVersionAndKind(apiVersion, kind)
}

// Hash is the hash of what the Run was planned from. If it changes, the workflow starts over
// (docs/kratix-contract.md 6.2).
func (r Run) Hash() string { return r.Labels[labelHash] }
