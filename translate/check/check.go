// SPDX-License-Identifier: Apache-2.0

// Package check has the rules of Kratix and of the API server for a Promise
// (docs/kratix-contract.md 1.4). Kratix finds violations of the API server's rules by creating
// a Job on trial; TestAPIServer compares this package with what the API server says about such
// Jobs. Left out are rules behind feature gates that are off by default (projected
// clusterTrustBundles and podCertificates, images as volumes), and data sources of claims,
// which the drivers of volumes judge. What one engine refuses is found by its backend.
package check

import (
	"slices"
	"strings"

	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/operator"
	"github.com/kratix-compile/kratix-compile/translate/parse"
	"github.com/kratix-compile/kratix-compile/translate/workflow"
)

// Promise applies every rule and reports every violation.
func Promise(p *parse.PromiseDoc) diag.List {
	c := &checker{}
	c.promise(p)
	for _, kind := range workflow.Kinds {
		c.list(p, kind)
	}
	return c.diags
}

// Metadata applies the rules for the labels, annotations and owners of an object.
func Metadata(meta metav1.ObjectMeta, at diag.At) diag.List {
	var diags diag.List
	named := meta
	named.Name, named.GenerateName, named.Namespace = "x", "", "" // they have rules of their own
	for _, e := range apivalidation.ValidateObjectMeta(&named, false, apivalidation.NameIsDNSSubdomain, nil) {
		diags.Add(diag.BadLabel, at.Follow(e.Field), "%s", strings.TrimPrefix(e.Error(), "<nil>: "))
	}
	return diags
}

// checker collects what the rules find.
type checker struct{ diags diag.List }

func (c *checker) add(code diag.Code, at diag.At, format string, args ...any) {
	c.diags.Add(code, at, format, args...)
}

// valid reports what a validator of Kubernetes says about a value.
func (c *checker) valid(code diag.Code, at diag.At, what, value string, problems []string) {
	if len(problems) == 0 {
		return
	}
	if parse.IsTemplate(value) {
		problems = []string{parse.Rendered}
	}
	c.add(code, at, "%s %q: %s", what, value, strings.Join(problems, "; "))
}

// oneOf reports a value that is set and not allowed.
func (c *checker) oneOf(at diag.At, what, value string, allowed ...string) {
	if value != "" {
		c.choice(at, what, value, allowed...)
	}
}

// choice is oneOf for what must not be empty.
func (c *checker) choice(at diag.At, what, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		c.add(diag.BadChoice, at, "%s is %q; allowed: %s", what, value, strings.Join(allowed, ", "))
	}
}

// notKratix reports a name that something of Kratix has in the same Pod.
func (c *checker) notKratix(code diag.Code, at diag.At, what, name string, taken []string) {
	if slices.Contains(taken, name) {
		c.add(code, at, "Kratix has a %s %q of its own in the same Pod, and the API server refuses a second one; choose another name", what, name)
	}
}

// unique reports the second use of a value.
type unique map[string]int

func (u unique) seen(c *checker, code diag.Code, at diag.At, what, value string) {
	if value == "" {
		return
	}
	if u[value]++; u[value] == 2 {
		c.add(code, at, "%s %q is used twice", what, value)
	}
}

// list checks one of the four lists of Pipelines.
func (c *checker) list(p *parse.PromiseDoc, kind workflow.Kind) {
	all := kind.Listed(p)
	if len(all) > 0 && kind.Type == workflow.Resource && p.API == nil {
		c.add(diag.NoAPI, p.At.Field("spec", "workflows", "resource"), "there are resource workflows but no spec.api that could be requested; add a CustomResourceDefinition")
	}
	names := unique{}
	for i, pl := range all {
		names.seen(c, diag.DuplicatePipeline, pl.At.Field("metadata", "name"), kind.String()+" Pipeline", pl.Pipeline.Name)
		if kind.Action == workflow.Delete && i == 1 {
			c.add(diag.ExtraDelete, pl.At, "only the first %s Pipeline, %q, runs; merge them into one", kind, all[0].Pipeline.Name)
		}
		c.pipeline(pl)
		if id := workflow.ID(p.Object.Name, kind, pl.Pipeline.Name); len(id) > workflow.MaxID {
			c.add(diag.LongID, pl.At.Field("metadata", "name"), "%q has %d characters; the names of Promise, workflow and Pipeline together may have %d", id, len(id), workflow.MaxID)
		}
	}
}

func (c *checker) name(at diag.At, what, name string, rule func(string) []string) {
	switch {
	case name == "":
		c.add(diag.BadName, at, "%s has no name", what)
	case len(name) > validation.LabelValueMaxLength:
		c.add(diag.BadName, at, "%s name %q has %d characters; it becomes a label value, which may have %d", what, name, len(name), validation.LabelValueMaxLength)
	default:
		c.valid(diag.BadName, at, what+" name", name, rule(name))
	}
}

// Config applies the rules for Pipelines to the defaults of the operator.
func Config(config operator.Config) diag.List {
	c := &checker{}
	w, at := config.Workflows, config.At.Field("workflows")
	c.oneOf(at.Field("defaultImagePullPolicy"), "defaultImagePullPolicy", string(w.DefaultImagePullPolicy), pullPolicies...)
	if w.DefaultContainerResources != nil {
		c.resources(*w.DefaultContainerResources, at.Field("defaultContainerResources"))
	}
	if s := w.DefaultContainerSecurityContext; s != nil {
		c.security(*s, at.Field("defaultContainerSecurityContext"))
	}
	if limit := w.JobOptions.DefaultBackoffLimit; limit != nil && *limit < 0 {
		c.add(diag.BadNumber, at.Field("jobOptions", "defaultBackoffLimit"), "defaultBackoffLimit is %d; it must be 0 or more", *limit)
	}
	return c.diags
}
