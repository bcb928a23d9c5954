// SPDX-License-Identifier: Apache-2.0

package argo

import (
	"errors"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kratix-compile/kratix-compile/backends/entry"
	"github.com/kratix-compile/kratix-compile/translate"
)

// Engine is all that others know of Argo.
func Engine() entry.Engine {
	return entry.Engine{
		Name: name, APIVersion: apiVersion, Kind: kind, Versions: "Argo Workflows 3.7 and 4.x",
		Compiler: Compiler{},
		Observer: Observer{},
		PodLabel: "workflows.argoproj.io/workflow",
		Untaken: "no Argo controller has taken the Workflow: does workflow-controller run and watch this namespace, " +
			"and is its instanceID (ConfigMap workflow-controller-configmap) the Workflow's label " + LabelInstance + " (--argo-instance-id)?",
		Cancel: []byte(`{"spec":{"shutdown":"Terminate"}}`),
		Tool:   "argo", Show: "get %s -n %s",
	}
}

// optionInstance is the Option whose value is the instance ID of the controller.
const optionInstance = "argo-instance-id"

// Options are what an installation may choose.
func (Compiler) Options() []entry.Option {
	return []entry.Option{{
		Name: optionInstance, Usage: "`ID` of the Argo controller that is to take Workflows, if it has one (instanceID in its configuration)",
		Check: checkInstance,
	}}
}

// With is a compiler for what an installation chooses.
func (Compiler) With(o entry.Options) translate.Backend {
	return Compiler{Instance: o.Get(optionInstance), Images: o.Images}
}

// checkInstance also takes an empty ID, which means none. The ID becomes the value of a label.
func checkInstance(id string) error {
	if len(validation.IsValidLabelValue(id)) > 0 {
		return errors.New("write what instanceID says in Argo's configuration: at most 63 letters, digits, dashes, dots and underscores, as in team-a")
	}
	return nil
}
