// SPDX-License-Identifier: Apache-2.0

package main

import (
	compiled "github.com/kratix-compile/kratix-compile/backends/local"
	"github.com/kratix-compile/kratix-compile/translate/diag"
	"github.com/kratix-compile/kratix-compile/translate/parse"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

// compiler makes Scripts for the container engine, with the Secrets and ConfigMaps of --objects. A
// dry run prints them, so it gets no Secrets and no kubeconfig.
func (c *runCommand) compiler(objects []parse.File) (func(plan.Run) (compiled.Script, diag.List), diag.List, error) {
	known, diags := compiled.ReadObjects(objects)
	if c.dryRun {
		known = known.Masked()
	}
	options := compiled.Options{Objects: known}
	if c.kubeconfig != "" {
		var err error
		if options.API, err = readFile(c.kubeconfig); err != nil {
			return nil, nil, err
		}
		if c.dryRun {
			options.API = []byte(compiled.MaskPrefix + "kubeconfig")
		}
	}
	return func(run plan.Run) (compiled.Script, diag.List) { return compiled.Compile(run, options) }, diags, nil
}
