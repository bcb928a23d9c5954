// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"sync"

	"github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	corev1 "k8s.io/api/core/v1"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/kratix-compile/kratix-compile/golden/crds"
)

var (
	argo37 = sync.OnceValue(func() *crd { return load("Argo 3.7.16", crds.Argo37Workflow) })
	argo40 = sync.OnceValue(func() *crd { return load("Argo 4.0.2", crds.Argo40Workflow) })
)

// argosOwn are the containers that Argo adds to every Pod.
var argosOwn = []string{"init", "wait"}

func workflow(data []byte) []error {
	objections := append(argo37().judge(data), argo40().judge(data)...)

	var wf v1alpha1.Workflow
	if errs := decode(data, &wf); len(errs) > 0 {
		return append(objections, errs...)
	}
	at := field.NewPath("spec", "templates")
	for i, template := range wf.Spec.Templates {
		objections = append(objections, list(templatePod(at.Index(i), wf.Spec.Volumes, template))...)
	}
	return objections
}

// templatePod judges the Pod of a template; a template of steps has none.
func templatePod(at *field.Path, shared []corev1.Volume, t v1alpha1.Template) field.ErrorList {
	findings := metav1validation.ValidateLabels(t.Metadata.Labels, at.Child("metadata", "labels"))
	findings = append(findings, apivalidation.ValidateAnnotations(t.Metadata.Annotations, at.Child("metadata", "annotations"))...)
	if t.Container == nil {
		return findings
	}
	volumes := append(append([]corev1.Volume(nil), shared...), t.Volumes...)
	p := newPod(at.Child("volumes"), volumes)
	p.reserve(argosOwn...)

	first := make([]corev1.Container, len(t.InitContainers))
	for i, c := range t.InitContainers {
		first[i] = c.Container
	}
	p.containers(at.Child("initContainers"), first)

	main := *t.Container
	main.Name = "main"
	p.container(at.Child("container"), main)
	return append(findings, p.findings...)
}
