// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"maps"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
	"github.com/kratix-compile/kratix-compile/translate/parse"
)

// maxInput is what a ConfigMap can hold: 1 MiB (Kubernetes, ConfigMap).
const maxInput = 1 << 20

// Object is what a workflow runs for: the Promise itself or a request. For a Job that Kratix has
// made it is the Job.
type Object struct {
	At diag.At
	// Group, Version, Kind and Plural name its API; Namespace is empty for a Promise.
	Group, Version, Kind, Plural string
	Namespace, Name              string
	// UID is empty when the object has not been seen in a cluster.
	UID         types.UID
	Labels      map[string]string
	Annotations map[string]string
	// Content is the whole object, as it goes into object.yaml; Spec is its
	// spec as canonical JSON.
	Content map[string]any
	Spec    []byte
}

// text is object.yaml. It is the same in all Runs of a workflow.
func (o Object) text(diags *diag.List) string {
	text, err := manifest.Text(o.Content)
	switch {
	case err != nil:
		diags.Add(diag.Bug, o.At, "%v", err)
	case len(text) > maxInput:
		diags.Add(diag.InputTooLarge, o.At, "the %s has %d bytes as YAML, and a ConfigMap holds %d at most; move large data out of the object", o.Kind, len(text), maxInput)
	}
	return string(text)
}

// input is the ConfigMap for /kratix/input. It is a snapshot: a run reads the object that was
// hashed.
func (r Run) input(text string) (manifest.Object, error) {
	return manifest.New(&corev1.ConfigMap{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: metav1.ObjectMeta{Name: r.inputName(), Namespace: r.Namespace, Labels: r.Labels, OwnerReferences: r.owners()},
		Immutable:  new(true),
		Data:       map[string]string{"object.yaml": text},
	})
}

const inputSuffix = "-input"

func (r Run) inputName() string { return InputName(r.Name) }

// InputName is the name of the ConfigMap that is the input of a run.
func InputName(run string) string { return run + inputSuffix }

func (r Run) owners() []metav1.OwnerReference {
	if r.Owner == nil {
		return nil
	}
	return []metav1.OwnerReference{*r.Owner}
}

// hash is how Kratix tells whether anything changed: the MD5 of a spec
// (docs/kratix-contract.md 6.2).
func hash(spec []byte) string {
	sum := md5.Sum(spec)
	return hex.EncodeToString(sum[:])
}

// ForPromise is the object of a promise workflow: the Promise itself.
func ForPromise(p *parse.PromiseDoc) Object {
	return Object{
		At: p.At, Group: v1alpha1.Group, Version: v1alpha1.Version, Kind: v1alpha1.KindPromise, Plural: "promises",
		Name: p.Object.Name, UID: p.Object.UID, Labels: p.Object.Labels, Annotations: p.Object.Annotations,
		Content: p.Content, Spec: p.Spec,
	}
}

// ForRequest is the object of a resource workflow. It has the stored version of the API, even
// if the request was written in another served version, and the namespace that kubectl would
// use.
func ForRequest(r *parse.RequestDoc, api *parse.API) Object {
	o := Object{
		At: r.At, Group: api.Group, Version: api.Version, Kind: api.Kind, Plural: api.Plural,
		Namespace: r.Meta.Namespace, Name: r.Meta.Name, UID: r.Meta.UID, Labels: r.Meta.Labels, Annotations: r.Meta.Annotations,
		Content: maps.Clone(r.Object), Spec: r.Spec,
	}
	if o.Namespace == "" {
		o.Namespace = "default"
	}
	metadata, _ := o.Content["metadata"].(map[string]any)
	metadata = maps.Clone(metadata)
	metadata["namespace"] = o.Namespace
	o.Content["apiVersion"], o.Content["metadata"] = api.APIVersion(), metadata
	return o
}

// ForSample is the object of a resource workflow for which no request was given.
func ForSample(request map[string]any, api *parse.API) Object {
	u := unstructured.Unstructured{Object: request}
	o := Object{
		At: api.At, Group: api.Group, Version: api.Version, Kind: api.Kind, Plural: api.Plural,
		Namespace: u.GetNamespace(), Name: u.GetName(), Content: request,
	}
	o.Spec, _ = json.Marshal(request["spec"])
	return o
}
