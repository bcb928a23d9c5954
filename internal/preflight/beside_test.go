// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
)

func TestBeside(t *testing.T) {
	asking, empty, renewed := deployment(1, 1), deployment(0, 0), lease("pod_1", time.Second)
	for _, o := range []client.Object{asking, empty, renewed} {
		o.SetNamespace("system")
	}
	for name, c := range map[string]struct {
		there []client.Object
		in    string
		want  string
	}{
		"nothing":             {in: "system"},
		"Kratix":              {there: []client.Object{asking}, in: "system", want: "its Deployment kratix-platform-controller-manager asks for replicas"},
		"Kratix elsewhere":    {there: []client.Object{asking}, in: "other"},
		"scaled to zero":      {there: []client.Object{empty}, in: "system"},
		"without Deployment":  {there: []client.Object{renewed}, in: "system", want: "the Lease 2743c979.kratix.io is held by pod_1"},
		"zero, and yet alive": {there: []client.Object{empty, renewed}, in: "system", want: "the Lease 2743c979.kratix.io is held by pod_1"},
	} {
		got, err := Beside(t.Context(), fake.NewClientBuilder().WithObjects(c.there...).Build(), c.in, now)
		require.NoError(t, err, name)
		assert.Equal(t, c.want, got, name)
	}
}
