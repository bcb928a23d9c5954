// SPDX-License-Identifier: Apache-2.0

package monitoring_test

import (
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	kubernetesscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/harvest"
	"github.com/kratix-compile/kratix-compile/internal/runner/controller"
	"github.com/kratix-compile/kratix-compile/internal/runner/slots"
	"github.com/kratix-compile/kratix-compile/internal/stores/dispatch"
)

// labels are those of every metric of a runner, by name. They are read from what the
// runner's own code registers; no cluster is asked.
func labels(t *testing.T) map[string][]string {
	t.Helper()
	require.NoError(t, register())
	registry, ok := metrics.Registry.(prometheus.Collector)
	require.True(t, ok, "the registry of controller-runtime describes what is in it")
	descriptions := make(chan *prometheus.Desc)
	go func() {
		registry.Describe(descriptions)
		close(descriptions)
	}()
	found := map[string][]string{}
	for d := range descriptions {
		parts := description.FindStringSubmatch(d.String())
		require.NotNil(t, parts, d.String())
		found[parts[1]] = slices.DeleteFunc(strings.Split(parts[2], ","), func(label string) bool { return label == "" })
	}
	return found
}

var description = regexp.MustCompile(`^Desc{fqName: "(\w+)", .*variableLabels: {([^}]*)}}$`)

// register may be done once in a process.
var register = sync.OnceValue(func() error {
	scheme := runtime.NewScheme()
	if err := errors.Join(kubernetesscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return err
	}
	mgr, err := ctrl.NewManager(&rest.Config{Host: "http://192.0.2.1"}, manager.Options{
		Scheme:  scheme,
		Metrics: server.Options{BindAddress: "0"},
		MapperProvider: func(*rest.Config, *http.Client) (meta.RESTMapper, error) {
			mapper := meta.NewDefaultRESTMapper(nil)
			for kind := range scheme.AllKnownTypes() {
				mapper.Add(kind, meta.RESTScopeNamespace)
			}
			return mapper, nil
		},
	})
	if err != nil {
		return err
	}
	_, err = harvest.NewHandler(harvest.Options{Registerer: metrics.Registry})
	return errors.Join(err,
		controller.Setup(mgr, &controller.Runner{Now: time.Now}, 1, slots.Limits{}),
		dispatch.Setup(mgr, dispatch.Options{Events: events.NewFakeRecorder(1), Registerer: metrics.Registry}),
	)
})
