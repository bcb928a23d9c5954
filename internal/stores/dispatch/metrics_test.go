// SPDX-License-Identifier: Apache-2.0

package dispatch

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

// TestMeters: a Work is placed and its files are written.
func TestMeters(t *testing.T) {
	w := &v1alpha1.Work{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "pg-gen", UID: "1"}}
	w.Spec.PromiseName, w.Spec.ResourceName = "pg", "mydb"
	w.Spec.WorkloadGroups = []v1alpha1.WorkloadGroup{{ID: "5058f", Directory: "."}, {ID: "09039", Directory: "edge"}}
	w.Spec.WorkloadGroups[1].DestinationSelectors = []v1alpha1.WorkloadGroupScheduling{{MatchLabels: map[string]string{"env": "prod"}}}
	d := &v1alpha1.Destination{ObjectMeta: metav1.ObjectMeta{Name: "one"}}
	scheme := runtime.NewScheme()
	require.NoError(t, v1alpha1.AddToScheme(scheme))
	c := fake.NewClientBuilder().WithScheme(scheme).WithObjects(w, d).WithStatusSubresource(w).
		WithIndex(&v1alpha1.WorkPlacement{}, byWorkUID, func(client.Object) []string { return []string{"1"} }).Build()
	r := &works{Client: c, live: c, tell: teller{&told{}}, meters: newMeters(), now: time.Now}
	for range 3 { // only what is new counts
		_, err := r.Reconcile(t.Context(), requestFor(w))
		require.NoError(t, err)
	}
	assert.Equal(t, map[string]float64{"pg unscheduled": 1, "one pg scheduled": 1}, counted(t, r.meters))

	s := share(t, v1alpha1.FilepathNone, sharing(t, "a", "1"))
	s.write(t)
	assert.Equal(t, map[string]float64{"one success": 1}, counted(t, s.meters))
}

// counted are the values of all counters, by the values of their labels but for empty ones.
func counted(t *testing.T, m *meters) map[string]float64 {
	t.Helper()
	registry := prometheus.NewRegistry()
	require.NoError(t, m.register(registry))
	families, err := registry.Gather()
	require.NoError(t, err)
	values := map[string]float64{}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			var labels []string
			for _, label := range metric.GetLabel() {
				if label.GetValue() != "" {
					labels = append(labels, label.GetValue())
				}
			}
			slices.Sort(labels)
			values[strings.Join(labels, " ")] = metric.GetCounter().GetValue()
		}
	}
	return values
}
