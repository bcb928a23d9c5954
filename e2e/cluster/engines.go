// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// startTekton runs Tekton's controller beside the cluster. Its webhook is left out: the
// controller defaults and validates by itself, and nothing here is an old version.
func (s *supervisor) startTekton(ctx context.Context) error {
	var objects []*unstructured.Unstructured
	for _, pattern := range []string{"100-namespace/*.yaml", "300-crds/*.yaml", "config-*.yaml", "clusterrole-aggregate-*.yaml"} {
		found, err := manifests(filepath.Join(s.tektonModule, "config", pattern))
		if err != nil {
			return err
		}
		objects = append(objects, found...)
	}
	for _, object := range objects {
		// Without the webhook nobody converts.
		unstructured.RemoveNestedField(object.Object, "spec", "conversion")
		if object.GetName() == "feature-flags" {
			set(object, "false", "data", "running-in-environment-with-injected-sidecars")
			set(object, "true", "data", "disable-creds-init")
			set(object, "true", "data", "keep-pod-on-cancel")
			set(object, "true", "data", "set-security-context")
		}
	}
	if err := s.client.Install(ctx, objects); err != nil || s.engines.idle() {
		return err
	}
	image := Registry() + "/tekton:" + tektonVersion
	env := []string{
		"SYSTEM_NAMESPACE=tekton-pipelines", "KUBERNETES_MIN_VERSION=v1.28.0", "METRICS_DOMAIN=tekton.dev/pipeline",
		"CONFIG_DEFAULTS_NAME=config-defaults", "CONFIG_LOGGING_NAME=config-logging",
		"CONFIG_OBSERVABILITY_NAME=config-observability", "CONFIG_FEATURE_FLAGS_NAME=feature-flags",
		"CONFIG_LEADERELECTION_NAME=config-leader-election-controller", "CONFIG_SPIRE=config-spire",
		"CONFIG_EVENTS_NAME=config-events", "CONFIG_TRACING_NAME=config-tracing",
		"CONFIG_WAIT_EXPONENTIAL_BACKOFF_NAME=config-wait-exponential-backoff",
		"METRICS_PROMETHEUS_PORT=9091", "PROBES_PORT=8081", "PROFILING_PORT=8009",
	}
	return s.launch("tekton-controller", s.binary(tektonController), env,
		"-kubeconfig", s.run("kubeconfig"), "-disable-ha",
		"-entrypoint-image", image, "-nop-image", image, "-workingdirinit-image", image, "-sidecarlogresults-image", image,
		"-shell-image", Registry()+"/busybox:e2e", "-shell-image-win", "none")
}

// startArgo runs Argo's controller beside the cluster, with the full CRDs, which
// check more than the minimal ones and are what Argo 4 installs.
func (s *supervisor) startArgo(ctx context.Context) error {
	crds, err := manifests(filepath.Join(s.argoModule, "manifests", "base", "crds", "full", "argoproj.io_*.yaml"))
	if err != nil {
		return err
	}
	roles, err := manifests(filepath.Join(s.argoModule, "manifests", "cluster-install-no-crds", "workflow-controller-rbac", "workflow-aggregate-roles.yaml"))
	if err != nil {
		return err
	}
	config, err := Objects([]byte(`
{apiVersion: v1, kind: Namespace, metadata: {name: argo}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: workflow-controller-configmap, namespace: argo},
  data: {metricsConfig: "{enabled: false}", telemetryConfig: "{enabled: false}"}}
`))
	if err != nil {
		return err
	}
	if err := s.client.Install(ctx, slices.Concat(crds, roles, config)); err != nil || s.engines.idle() {
		return err
	}
	return s.launch("argo-controller", s.binary(s.argo.controller()), []string{
		"LEADER_ELECTION_DISABLE=true",
		"DEFAULT_REQUEUE_TIME=1s", // recommended, too: docs/engines.md, "Settings that make runs fast"
	},
		"--kubeconfig", s.run("kubeconfig"), "-n", "argo", "--configmap", "workflow-controller-configmap",
		"--executor-image", Registry()+"/argoexec:"+s.argo.version)
}

// Install creates objects and waits until the API server knows their kinds: Argo's
// controller gives up when it does not.
func (c *Client) Install(ctx context.Context, objects []*unstructured.Unstructured) error {
	if err := c.Create(ctx, objects...); err != nil {
		return err
	}
	for _, object := range objects {
		if object.GetKind() != "CustomResourceDefinition" {
			continue
		}
		if _, err := c.Await(ctx, object, established); err != nil {
			return err
		}
	}
	return nil
}

func established(crd *unstructured.Unstructured) (bool, error) {
	conditions, _, _ := unstructured.NestedSlice(crd.Object, "status", "conditions") // null at first
	for _, condition := range conditions {
		if fields, ok := condition.(map[string]any); ok && fields["type"] == "Established" && fields["status"] == "True" {
			return true, nil
		}
	}
	return false, nil
}

func manifests(pattern string) ([]*unstructured.Unstructured, error) {
	files, err := filepath.Glob(pattern)
	if err != nil {
		return nil, err
	}
	var objects []*unstructured.Unstructured
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		found, err := Objects(data)
		if err != nil {
			return nil, err
		}
		objects = append(objects, found...)
	}
	return objects, nil
}

func set(object *unstructured.Unstructured, value string, fields ...string) {
	// It fails only where a field above is no object, and these are files of a fixed version.
	_ = unstructured.SetNestedField(object.Object, value, fields...)
}

// hostNetworkPolicy puts every pod into the host's network, in which alone
// the State Stores and the registry are; but for kratix-runner and kratix-jobs, whose replicas would
// take each other's ports.
func hostNetworkPolicy() []*unstructured.Unstructured {
	objects, err := Objects([]byte(strings.TrimSpace(`
apiVersion: admissionregistration.k8s.io/v1beta1
kind: MutatingAdmissionPolicy
metadata: {name: host-network}
spec:
  failurePolicy: Fail
  reinvocationPolicy: Never
  matchConstraints:
    resourceRules:
      - {apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}
  matchConditions:
    - {name: no-replica, expression: "!(object.metadata.?labels['app.kubernetes.io/name'].orValue('') in ['kratix-runner', 'kratix-jobs'])"}
  mutations:
    - patchType: JSONPatch # the other kind refuses a pod with a variable that is there twice
      jsonPatch: {expression: '[JSONPatch{op: "add", path: "/spec/hostNetwork", value: true}]'}
---
apiVersion: admissionregistration.k8s.io/v1beta1
kind: MutatingAdmissionPolicyBinding
metadata: {name: host-network}
spec: {policyName: host-network}
`)))
	if err != nil {
		panic(err) // it is a constant
	}
	return objects
}
