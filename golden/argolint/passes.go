// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	"github.com/argoproj/argo-workflows/v3/util/template"
	"github.com/argoproj/argo-workflows/v3/workflow/common"
	corev1 "k8s.io/api/core/v1"
)

// globalParams are those that the controller has, with values that stand out.
func globalParams(wf *wfv1.Workflow) common.Parameters {
	g := common.Parameters{}
	for _, name := range []string{
		"name", "namespace", "mainEntrypoint", "serviceAccountName", "uid", "status", "priority", "duration",
		"failures", "parameters", "parameters.json", "annotations", "annotations.json", "labels", "labels.json", "scheduledTime",
		"creationTimestamp", "creationTimestamp.s", "creationTimestamp.Y", "creationTimestamp.RFC3339",
	} {
		g["workflow."+name] = "<" + name + ">"
	}
	for k, v := range wf.Annotations {
		g["workflow.annotations."+k] = v
	}
	for k, v := range wf.Labels {
		g["workflow.labels."+k] = v
	}
	return g
}

// specPass is what the controller does to the spec around the templates.
func specPass(wf *wfv1.Workflow, globals common.Parameters, report func(string)) {
	spec := wf.Spec.DeepCopy()
	spec.Templates = nil
	replace("spec", spec, globals, report)
}

// callPass is what happens to a template when a step calls it.
func callPass(wf *wfv1.Workflow, t *wfv1.Template, globals common.Parameters, report func(string)) {
	local := common.Parameters{"node.name": "<node>", "steps.name": "<step>", "tasks.name": "<task>", common.LocalVarPodName: "<pod>"}
	after, err := common.ProcessArgs(t, &wfv1.Arguments{}, globals, local, false, wf.Namespace, nil)
	compare("call", t, after, err, report)
}

// retryPass is repeated for every attempt.
func retryPass(t *wfv1.Template, globals common.Parameters, report func(string)) {
	after, err := common.SubstituteParams(t, globals, common.Parameters{
		common.LocalVarPodName: "<pod>", common.LocalVarRetries: "0", common.LocalVarRetriesLastExitCode: "0",
		common.LocalVarRetriesLastStatus: "<status>", common.LocalVarRetriesLastDuration: "0", common.LocalVarRetriesLastMessage: "<message>",
	})
	compare("retry", t, after, err, report)
}

// podPass is the last one, over the JSON of the Pod, which holds the template
// once more: in the environment of the init containers.
func podPass(t *wfv1.Template, globals common.Parameters, report func(string)) {
	if t.Container == nil {
		return
	}
	pod := &corev1.Pod{Spec: corev1.PodSpec{
		ServiceAccountName: t.ServiceAccountName, NodeSelector: t.NodeSelector, Tolerations: t.Tolerations,
		Volumes: t.Volumes, Containers: []corev1.Container{*t.Container},
	}}
	pod.Labels, pod.Annotations = t.Metadata.Labels, t.Metadata.Annotations
	for _, c := range t.InitContainers {
		c.Env = append(slices.Clone(c.Env), corev1.EnvVar{Name: common.EnvVarTemplate, Value: wfv1.MustMarshallJSON(t)})
		pod.Spec.InitContainers = append(pod.Spec.InitContainers, c.Container)
	}
	replace("pod", pod, globals.Merge(common.Parameters{common.LocalVarPodName: "<pod>"}), report)
}

func replace(pass string, value any, params common.Parameters, report func(string)) {
	after, err := template.Replace(wfv1.MustMarshallJSON(value), template.ToAnyMap(params), true)
	compare(pass, value, json.RawMessage(after), err, report)
}

// compare reports every string that a pass changed.
func compare(pass string, before, after any, err error, report func(string)) {
	if err != nil {
		report(fmt.Sprintf("the %s pass fails: %v", pass, err))
		return
	}
	was, is := leaves(before), leaves(after)
	for _, at := range slices.Sorted(maps.Keys(was)) {
		if is[at] != was[at] {
			report(fmt.Sprintf("the %s pass changes %s from %.200q to %.200q", pass, at, was[at], is[at]))
		}
	}
}

// leaves are the scalars of a value in JSON, by their path.
func leaves(value any) map[string]string {
	out := map[string]string{}
	var collect func(at string, value any)
	collect = func(at string, value any) {
		switch value := value.(type) {
		case map[string]any:
			for k, v := range value {
				collect(at+"."+k, v)
			}
		case []any:
			for i, v := range value {
				collect(fmt.Sprintf("%s[%d]", at, i), v)
			}
		default:
			out[at] = fmt.Sprint(value)
		}
	}
	var tree any
	wfv1.MustUnmarshal(wfv1.MustMarshallJSON(value), &tree)
	collect("", tree)
	return out
}
