// SPDX-License-Identifier: Apache-2.0

// Argolint is an independent judge of compiled Workflows, and of the WorkflowTemplate in
// deploy/ci: it asks Argo's own code. It decodes strictly, validates as the controller does, and plays the
// substitution passes between a Workflow and its Pods, which must find nothing
// to change. It is a module of its own because Argo 3.7's packages do not
// compile with the Kubernetes libraries of the compiler (#15266).
//
// Usage: argolint [FILE...], or a stream of documents on standard input.
// Objects of other kinds are skipped.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	"github.com/argoproj/argo-workflows/v3/workflow/templateresolution"
	"github.com/argoproj/argo-workflows/v3/workflow/validate"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

func main() {
	files := os.Args[1:]
	if len(files) == 0 {
		files = []string{"/dev/stdin"}
	}
	clean := true
	for _, file := range files {
		if err := lint(file, func(problem string) { clean = false; fmt.Println(problem) }); err != nil {
			fmt.Fprintln(os.Stderr, "argolint:", err)
			os.Exit(2)
		}
	}
	if !clean {
		os.Exit(1)
	}
}

// lint judges every Workflow and WorkflowTemplate among the documents of a file.
func lint(file string, report func(string)) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	for docs := utilyaml.NewYAMLReader(bufio.NewReader(f)); ; {
		doc, err := docs.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		var meta metav1.PartialObjectMetadata
		if err == nil {
			err = yaml.Unmarshal(doc, &meta)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		inObject := func(problem string) { report(file + ": " + meta.Kind + " " + meta.Name + ": " + problem) }
		switch meta.Kind {
		case "Workflow":
			judge(doc, inObject)
		case "WorkflowTemplate":
			judgeTemplate(doc, inObject)
		}
	}
}

func judge(doc []byte, report func(string)) {
	var wf wfv1.Workflow
	if errs := decode(doc, &wf); len(errs) > 0 {
		for _, err := range errs {
			report(err.Error())
		}
		return
	}
	// The options of the controller; those of `argo lint` let more through.
	err := validate.ValidateWorkflow(noTemplates{}, &templateresolution.NullClusterWorkflowTemplateGetter{}, wf.DeepCopy(), nil, validate.ValidateOpts{})
	if err != nil {
		report("Argo rejects it: " + err.Error())
	}
	globals := globalParams(&wf)
	specPass(&wf, globals, report)
	for _, t := range wf.Spec.Templates {
		inTemplate := func(problem string) { report("template " + t.Name + ": " + problem) }
		callPass(&wf, &t, globals, inTemplate)
		retryPass(&t, globals, inTemplate)
		podPass(&t, globals, inTemplate)
	}
}

// judgeTemplate asks what the controller asks. A WorkflowTemplate is written by hand, so the passes
// may change it.
func judgeTemplate(doc []byte, report func(string)) {
	var template wfv1.WorkflowTemplate
	if errs := decode(doc, &template); len(errs) > 0 {
		for _, err := range errs {
			report(err.Error())
		}
		return
	}
	err := validate.ValidateWorkflowTemplate(noTemplates{}, &templateresolution.NullClusterWorkflowTemplateGetter{}, &template, nil, validate.ValidateOpts{})
	if err != nil {
		report("Argo rejects it: " + err.Error())
	}
}

// decode refuses unknown fields, as API servers do: sigs.k8s.io/yaml would take
// them in any case.
func decode(doc []byte, into any) []error {
	data, err := yaml.YAMLToJSONStrict(doc)
	if err != nil {
		return []error{err}
	}
	unknown, err := json.UnmarshalStrict(data, into)
	if err != nil {
		return []error{err}
	}
	return unknown
}

// noTemplates is a cluster without WorkflowTemplates.
type noTemplates struct{}

func (noTemplates) Get(name string) (*wfv1.WorkflowTemplate, error) {
	return nil, fmt.Errorf("there is no WorkflowTemplate %q", name)
}
