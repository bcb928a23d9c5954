// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupVersion is the group and version as clients want them.
var GroupVersion = schema.GroupVersion{Group: Group, Version: Version}

// AddToScheme registers the kinds that a cluster stores. Pipeline is none.
func AddToScheme(s *runtime.Scheme) error {
	s.AddKnownTypes(GroupVersion,
		&Promise{}, &PromiseList{},
		&Destination{}, &DestinationList{},
		&GitStateStore{}, &GitStateStoreList{},
		&BucketStateStore{}, &BucketStateStoreList{},
		&Work{}, &WorkList{},
		&WorkPlacement{}, &WorkPlacementList{},
	)
	metav1.AddToGroupVersion(s, GroupVersion)
	return nil
}
