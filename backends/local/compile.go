// SPDX-License-Identifier: Apache-2.0

package local

import (
	"maps"
	"slices"
	"strings"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/manifest"
	"github.com/kratix-compile/kratix-compile/translate/plan"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// Name is how users and findings call the container engine of a machine.
const Name = "local"

// kratixKeys is how labels begin that Kratix gives a run.
const kratixKeys = "kratix.io/"

// Options are the choices of a person who runs a Promise.
type Options struct {
	// Objects are the Secrets and ConfigMaps that Pipelines may refer to.
	Objects Objects
	// API is the kubeconfig with which containers reach an API server; nil if they reach none.
	API []byte
}

// Compile makes the Script of a Run. If a finding is an error, the Script is empty.
func Compile(run plan.Run, opts Options) (Script, diag.List) {
	c := &compiler{Run: run, opts: opts}
	c.clusterOnly()
	c.rights()
	script := Script{Pipeline: run.Pipeline, Timeout: run.Timeout}
	envs, mounts := make([]environment, len(run.Steps)), make([][]mount, len(run.Steps))
	for i, step := range run.Steps {
		envs[i] = c.environment(step)
		mounts[i] = c.mounts(step, envs[i])
	}
	d := c.directories(slices.Concat(mounts...))
	script.Volumes = slices.Concat(c.workspaces(), d.volumes(), c.apiVolumes())
	for i, step := range run.Steps {
		script.Containers = append(script.Containers, c.container(step, envs[i], mounts[i], d))
	}
	if c.diags.HasErrors() {
		script = Script{}
	}
	return script, c.diags.Mark(Name)
}

// compiler makes the Script of one Run.
type compiler struct {
	plan.Run
	opts  Options
	diags diag.List
}

// clusterOnly reports the fields of a Pipeline that only a cluster can obey.
func (c *compiler) clusterOnly() {
	spec := c.At.Field("spec")
	if len(c.NodeSelector) > 0 {
		c.diags.Add(diag.ClusterOnly, spec.Field("nodeSelector"), "containers run on this machine, whatever nodes the Pipeline asks for")
	}
	if len(c.Tolerations) > 0 {
		c.diags.Add(diag.ClusterOnly, spec.Field("tolerations"), "containers run on this machine, which has no taints")
	}
	if len(c.PullSecrets) > 0 {
		c.diags.Add(diag.ClusterOnly, spec.Field("imagePullSecrets"), "images are pulled with the credentials that the container engine has")
	}
	// If nobody wrote a backoffLimit, Pos is that of jobOptions, and there is nothing to report.
	options := spec.Field("jobOptions")
	if limit := options.Field("backoffLimit"); c.Retries > 0 && limit.Pos() != options.Pos() {
		c.diags.Add(diag.ClusterOnly, limit, "a Pipeline that fails is not repeated here; its first answer comes at once")
	}
	c.keys("label", c.At.Field("metadata", "labels"), c.Labels, func(key string) bool {
		return strings.HasPrefix(key, kratixKeys) || key == plan.LabelManagedBy
	})
	c.keys("annotation", c.At.Field("metadata", "annotations"), c.PodAnnotations, func(key string) bool {
		return strings.HasPrefix(key, v1alpha1.AnnotationTrace) || key == workflow.AnnotationTimeout
	})
}

// keys reports the labels or annotations of the user: there is no object that could have them.
func (c *compiler) keys(what string, at diag.At, all map[string]string, ours func(key string) bool) {
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if !ours(key) {
			c.diags.Add(diag.ClusterOnly, at.Field(key), "there is no Pod that could have the %s %q; only a fieldRef shows it", what, key)
		}
	}
}

// rights reports the rights of a Pipeline in a cluster: it does not have them here.
func (c *compiler) rights() {
	rbac := c.At.Field("spec", "rbac")
	code, instead := diag.NoEffect, "containers reach no API server here; give one with --api KUBECONFIG, or expect calls of it to fail"
	if c.opts.API != nil {
		code, instead = diag.ClusterOnly, "containers have the rights of the kubeconfig"
	}
	granted := func(o manifest.Object) bool { return o.GetLabels()[plan.LabelPipelineNamespace] != "" }
	if slices.ContainsFunc(c.Access, granted) {
		c.diags.Add(code, rbac.Field("permissions"), "%s", instead)
	}
	if c.AccountLabels == nil { // the user has named the account
		c.diags.Add(code, rbac.Field("serviceAccount"), "there is no service account %q here: %s", c.ServiceAccount, instead)
	}
}
