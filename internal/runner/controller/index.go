// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/runner/engine"
)

// byWork finds the WorkPlacements of a Work by its label, which Kratix's have, too.
const byWork = "kratix-work"

func ofWork(o client.Object) []string { return []string{o.GetLabels()[v1alpha1.LabelWork]} }

// addIndexes keeps reconciliations as short as they are among ten thousand requests.
func addIndexes(i client.FieldIndexer) error {
	ctx := context.Background() // the indexes are added to a cache that has not started
	return errors.Join(
		engine.IndexPods(ctx, i),
		i.IndexField(ctx, &v1alpha1.Work{}, engine.ByObject, engine.OfObject),
		i.IndexField(ctx, &v1alpha1.WorkPlacement{}, byWork, ofWork),
		i.IndexField(ctx, someHead(), engine.ByObject, engine.OfObject),
	)
}

func someHead() *metav1.PartialObjectMetadata {
	head := &metav1.PartialObjectMetadata{}
	head.SetGroupVersionKind(headKind)
	return head
}
