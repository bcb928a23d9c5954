// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/stores/layout"
)

// Destinations judges Destinations (docs/kratix-contract.md 1.4). Two that come at the same
// moment may both pass; the runner writes for the first one only.
type Destinations struct {
	// Reader must read past caches. It needs the right to list Destinations and State Stores.
	Reader client.Reader
}

// Handle implements admission.Handler. Only what changes where files go is judged.
func (j *Destinations) Handle(ctx context.Context, req admission.Request) admission.Response {
	if req.Operation != admissionv1.Create && req.Operation != admissionv1.Update {
		return admission.Allowed("")
	}
	d, before := &v1alpha1.Destination{}, &v1alpha1.Destination{}
	if err := json.Unmarshal(req.Object.Raw, d); err != nil {
		return admission.Errored(http.StatusBadRequest, err)
	}
	if req.Operation == admissionv1.Update {
		if err := json.Unmarshal(req.OldObject.Raw, before); err != nil {
			return admission.Errored(http.StatusBadRequest, err)
		}
		if !d.DeletionTimestamp.IsZero() || !moved(&before.Spec, &d.Spec) {
			return admission.Allowed("")
		}
	}
	v := &verdict{kind: v1alpha1.KindDestination, name: d.Name}
	if err := j.judge(ctx, v, d); err != nil {
		return admission.Errored(http.StatusInternalServerError, err)
	}
	return v.response()
}

// moved is whether files go elsewhere.
func moved(before, after *v1alpha1.DestinationSpec) bool {
	return before.Path != after.Path || before.Filepath.Filename != after.Filepath.Filename ||
		!equality.Semantic.DeepEqual(before.StateStoreRef, after.StateStoreRef)
}

func (j *Destinations) judge(ctx context.Context, v *verdict, d *v1alpha1.Destination) error {
	if field, message := layout.Fault(d); field != "" {
		v.fault(field, "%s", message)
		return nil
	}
	all := &v1alpha1.DestinationList{}
	if err := j.Reader.List(ctx, all); err != nil {
		return err
	}
	ref := d.Spec.StateStoreRef
	for _, rival := range layout.Rivals(d, all.Items) {
		v.fault("spec.path", "%s overlaps spec.path %s of Destination %s, which has the same %s %s; use another path", d.Spec.Path, rival.Spec.Path, rival.Name, ref.Kind, ref.Name)
	}
	folded := d.DeepCopy()
	folded.Spec.Path = strings.ToLower(d.Spec.Path)
	for i := range all.Items {
		all.Items[i].Spec.Path = strings.ToLower(all.Items[i].Spec.Path)
	}
	if twins := layout.Rivals(folded, all.Items); len(twins) > 0 && !v.faulty() {
		v.warn("spec.path: %s and that of Destination %s are one directory for who ignores case", d.Spec.Path, twins[0].Name)
	}
	return j.missing(ctx, v, *ref)
}

// missing warns of a State Store that is not there: it may come later.
func (j *Destinations) missing(ctx context.Context, v *verdict, ref v1alpha1.StateStoreReference) error {
	var stores client.ObjectList = &v1alpha1.BucketStateStoreList{}
	if ref.Kind == v1alpha1.KindGitStateStore {
		stores = &v1alpha1.GitStateStoreList{}
	}
	if err := j.Reader.List(ctx, stores); err != nil {
		return err
	}
	found := false
	err := meta.EachListItem(stores, func(o runtime.Object) error {
		found = found || o.(client.Object).GetName() == ref.Name
		return nil
	})
	if !found {
		v.warn("spec.stateStoreRef: %s %s is not there; nothing is written until it is", ref.Kind, ref.Name)
	}
	return err
}
