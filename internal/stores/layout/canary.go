// SPDX-License-Identifier: Apache-2.0

package layout

import (
	"path"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

// These manifests show that an agent reads the Destination.
const (
	canaryNamespaceFile = "kratix-canary-namespace.yaml"
	canaryConfigMapFile = "kratix-canary-configmap.yaml"

	canaryNamespace = `apiVersion: v1
kind: Namespace
metadata:
  name: kratix-worker-system
`
	canaryConfigMap = `apiVersion: v1
kind: ConfigMap
metadata:
  name: kratix-info
  namespace: kratix-worker-system
data:
  canary: This cluster applies what is written to its State Store.
`
)

// Canaries is the change that writes the two first manifests of a Destination. It removes them if
// the Destination does not want them, or is being cleaned up.
func Canaries(d *v1alpha1.Destination, cleanup bool) statestore.Change {
	var namespace, configMap string
	if mode(d) == v1alpha1.FilepathNested {
		namespace, configMap = "dependencies", "resources"
	}
	namespace = path.Join(root(d), namespace, canaryNamespaceFile)
	configMap = path.Join(root(d), configMap, canaryConfigMapFile)
	c := statestore.Change{ID: "canary/" + d.Name, Title: "Update from: kratix-canary"}
	if enabled := d.Spec.InitWorkloads.Enabled; cleanup || enabled != nil && !*enabled {
		c.Title = "Delete from: kratix-canary"
		c.Remove = []string{namespace, configMap}
		return c
	}
	c.Files = []statestore.File{statestore.Text(namespace, canaryNamespace), statestore.Text(configMap, canaryConfigMap)}
	return c
}
