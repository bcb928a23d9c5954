// SPDX-License-Identifier: Apache-2.0

package check

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/parse"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// minInterval is the shortest reconciliation interval Kratix admits.
const minInterval = time.Minute

// ownPrefix begins the annotations that the compiler reads or writes.
const ownPrefix = "kratix-compile.io/"

func (c *checker) promise(p *parse.PromiseDoc) {
	c.name(p.At.Field("metadata", "name"), "Promise", p.Object.Name, validation.IsDNS1123Subdomain)
	c.diags.Append(Metadata(p.Object.ObjectMeta, p.At.Field("metadata")))
	config, at := p.Object.Spec.Workflows.Config, p.At.Field("spec", "workflows", "config")
	if ns := config.PipelineNamespace; ns != "" {
		c.valid(diag.BadName, at.Field("pipelineNamespace"), "namespace", ns, validation.IsDNS1123Label(ns))
	}
	if config.ReconciliationInterval != nil {
		c.interval(at.Field("reconciliationInterval"), config.ReconciliationInterval.Duration)
	}
	if text, set := p.Object.Annotations[v1alpha1.AnnotationInterval]; set {
		at := p.At.Field("metadata", "annotations", v1alpha1.AnnotationInterval)
		if d, err := time.ParseDuration(text); err != nil {
			c.add(diag.BadInterval, at, "%q is not a duration; write for example 10m or 2h", text)
		} else {
			c.interval(at, d)
		}
	}
	if p.API != nil && p.API.Scope != "" && p.API.Scope != "Namespaced" {
		c.add(diag.BadAPI, p.API.At.Field("spec", "scope"), "the scope is %q; Kratix serves Namespaced APIs only", p.API.Scope)
	}
}

func (c *checker) interval(at diag.At, d time.Duration) {
	if d < minInterval {
		c.add(diag.BadInterval, at, "the interval is %s; it must be at least %s", d, minInterval)
	}
}

func (c *checker) pipeline(p parse.Pipeline) {
	if p.Pipeline.Kind != v1alpha1.KindPipeline {
		c.add(diag.NotAPipeline, p.At.Field("kind"), "this is kind %q; a workflow lists kind %s", p.Pipeline.Kind, v1alpha1.KindPipeline)
	}
	if p.Pipeline.APIVersion != v1alpha1.APIVersion {
		c.add(diag.NotAPipeline, p.At.Field("apiVersion"), "this is apiVersion %q; a Pipeline is of %s", p.Pipeline.APIVersion, v1alpha1.APIVersion)
	}
	c.metadata(p)
	spec, at := p.Pipeline.Spec, p.At.Field("spec")
	c.volumes(spec.Volumes, at.Field("volumes"))
	c.containers(spec, at.Field("containers"))
	c.scheduling(spec, at)
	c.access(spec.RBAC, at.Field("rbac"))
}

// metadata reports names and labels that Kubernetes would refuse. It also reports other
// metadata: a Pipeline is no object, so nothing reads it.
func (c *checker) metadata(p parse.Pipeline) {
	meta, at := p.Pipeline.ObjectMeta, p.At.Field("metadata")
	c.name(at.Field("name"), "Pipeline", meta.Name, validation.IsDNS1123Subdomain)
	for _, k := range slices.Sorted(maps.Keys(meta.Labels)) {
		at := at.Field("labels", k)
		c.label(at, k, meta.Labels[k])
	}
	for _, k := range slices.Sorted(maps.Keys(meta.Annotations)) {
		at := at.Field("annotations", k)
		c.valid(diag.BadLabel, at.Key(), "annotation key", k, validation.IsQualifiedName(strings.ToLower(k)))
		if strings.HasPrefix(k, ownPrefix) && k != workflow.AnnotationTimeout {
			c.add(diag.BadAnnotation, at.Key(), "there is no annotation %s; the compiler reads %s", k, workflow.AnnotationTimeout)
		}
	}
	for _, k := range written(meta) {
		if k != "name" && k != "labels" && k != "annotations" {
			c.add(diag.MetadataIgnored, at.Field(k), "metadata.%s of a Pipeline has no effect, here as in Kratix; remove it", k)
		}
	}
}

func (c *checker) label(at diag.At, key, value string) {
	c.valid(diag.BadLabel, at.Key(), "label key", key, validation.IsQualifiedName(key))
	c.valid(diag.BadLabel, at, "label value", value, validation.IsValidLabelValue(value))
}

// written are the keys that are set, in order.
func written(meta metav1.ObjectMeta) []string {
	var keys map[string]any
	data, err := json.Marshal(meta)
	if err == nil {
		err = json.Unmarshal(data, &keys)
	}
	if err != nil {
		return nil // cannot happen: the metadata was decoded from JSON
	}
	maps.DeleteFunc(keys, func(_ string, v any) bool { return v == nil })
	return slices.Sorted(maps.Keys(keys))
}

func (c *checker) scheduling(spec v1alpha1.PipelineSpec, at diag.At) {
	c.oneOf(at.Field("restartPolicy"), "restartPolicy", string(spec.RestartPolicy), "OnFailure", "Never")
	if limit := spec.JobOptions.BackoffLimit; limit != nil && *limit < 0 {
		c.add(diag.BadNumber, at.Field("jobOptions", "backoffLimit"), "backoffLimit is %d; it must be 0 or more", *limit)
	}
	for _, k := range slices.Sorted(maps.Keys(spec.NodeSelector)) {
		c.label(at.Field("nodeSelector", k), k, spec.NodeSelector[k])
	}
	for i, t := range spec.Tolerations {
		c.toleration(t, at.Field("tolerations").Index(i))
	}
}
