// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/runner/progress"
)

// required are the Promises that one names in spec.requiredPromises.
func required(promise *unstructured.Unstructured) []progress.Requirement {
	listed, _, _ := unstructured.NestedSlice(promise.Object, "spec", "requiredPromises")
	var found []progress.Requirement
	for _, entry := range listed {
		fields, _ := entry.(map[string]any)
		name, _ := fields["name"].(string)
		version, _ := fields["version"].(string)
		found = append(found, progress.Requirement{Name: name, Version: version})
	}
	return found
}

// requirements looks at the Promises that this one needs. One that is not in the cache is not
// there, or another runner's: nothing tells of its changes, and so it is looked for again.
func (p *Promises) requirements(ctx context.Context, o *object) (fulfilled bool, again time.Duration, err error) {
	found := required(o.Unstructured)
	for i, r := range found {
		found[i].State, err = Requirement(ctx, p.Client, r.Name, r.Version)
		if err == nil && found[i].State == progress.RequirementMissing {
			again = poll
			found[i].State, err = Requirement(ctx, p.Live, r.Name, r.Version)
		}
		if err != nil {
			return false, 0, err
		}
	}
	fulfilled, told := progress.SetRequirements(o.status(), found, p.Now())
	p.tell(o, told...)
	return fulfilled, again, nil
}

// Requirement tells whether a Promise is there that another one needs; an empty version means
// any. A version that the Promise has had is enough, as in Kratix, which keeps a revision of each.
// So an upgrade of a Promise does not stop the Promises that require an earlier version.
func Requirement(ctx context.Context, reader client.Reader, name, version string) (progress.RequirementState, error) {
	other := some(promiseKind)
	err := reader.Get(ctx, client.ObjectKey{Name: name}, other)
	if apierrors.IsNotFound(err) {
		return progress.RequirementMissing, nil
	}
	if err != nil {
		return "", err
	}
	by, err := dependents(ctx, reader, name)
	if err != nil {
		return "", err
	}
	status, _, _ := unstructured.NestedMap(other.Object, "status")
	had := append(progress.Versions(status, by), other.GetLabels()[v1alpha1.LabelPromiseVersion])
	switch {
	case version != "" && !slices.Contains(had, version):
		return progress.RequirementOtherVersion, nil
	case progress.GetCondition(status, progress.ConditionAvailable).Status != "True":
		return progress.RequirementUnavailable, nil
	}
	return progress.RequirementInstalled, nil
}

// dependents are the Promises that require the one of this name, in order of their names.
func dependents(ctx context.Context, reader client.Reader, name string) ([]progress.Dependent, error) {
	all := someList(promiseKind)
	if err := reader.List(ctx, all, client.UnsafeDisableDeepCopy); err != nil {
		return nil, err
	}
	var by []progress.Dependent
	for i := range all.Items {
		other := &all.Items[i]
		for _, r := range required(other) {
			if r.Name != name {
				continue
			}
			status, _, _ := unstructured.NestedFieldNoCopy(other.Object, "status")
			read, _ := status.(map[string]any)
			by = append(by, progress.Dependent{
				Name: other.GetName(), Version: other.GetLabels()[v1alpha1.LabelPromiseVersion],
				Required: r.Version, Found: progress.Found(read, r),
			})
		}
	}
	slices.SortFunc(by, func(a, b progress.Dependent) int { return strings.Compare(a.Name, b.Name) })
	return by, nil
}
