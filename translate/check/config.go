// SPDX-License-Identifier: Apache-2.0

package check

import (
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/operator"
)

// Config applies the rules for Pipelines to the operator's defaults for them.
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
