// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
	"text/template"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/e2e/cluster"
)

// A way is one of those in which a Pipeline can run.
type way struct {
	name      string
	label     string // of its Pods, with the name of the run
	delivers  string // the container that hands the results over
	succeeded func(run *unstructured.Unstructured) (ended, succeeded bool)
	// make is what has to be there, and at the end the run.
	make func(ctx context.Context, m maker, request string, containers int) ([]*unstructured.Unstructured, error)
}

var asJob = way{
	name: "Job", label: "batch.kubernetes.io/job-name", delivers: "work-writer",
	succeeded: conditionEnd("Complete"),
	make:      makeJob,
}

// makeJob is a Job in the place of a TaskRun; the service account is the same.
func makeJob(ctx context.Context, m maker, request string, containers int) ([]*unstructured.Unstructured, error) {
	objects, err := m.compile(ctx, "tekton", request, containers)
	if err != nil {
		return nil, err
	}
	job, err := m.fill(jobTemplate, request, containers)
	if err != nil {
		return nil, err
	}
	made, err := cluster.Objects(job)
	return append(objects[:len(objects)-1], made...), err
}

var asTaskRun = way{
	name: "TaskRun", label: "tekton.dev/taskRun", delivers: "step-kratix-harvest",
	succeeded: conditionEnd("Succeeded"),
	make: func(ctx context.Context, m maker, request string, containers int) ([]*unstructured.Unstructured, error) {
		return m.compile(ctx, "tekton", request, containers)
	},
}

// asWorkflow is for the Argo controller with that instance ID, or the one without.
func asWorkflow(instance string) way {
	return way{
		name: strings.TrimSpace("Workflow " + instance), label: "workflows.argoproj.io/workflow", delivers: "main",
		succeeded: func(run *unstructured.Unstructured) (ended, succeeded bool) {
			phase, _, _ := unstructured.NestedString(run.Object, "status", "phase")
			return phase == "Succeeded" || phase == "Failed" || phase == "Error", phase == "Succeeded"
		},
		make: func(ctx context.Context, m maker, request string, containers int) ([]*unstructured.Unstructured, error) {
			objects, err := m.compile(ctx, "argo", request, containers)
			if err != nil || instance == "" {
				return objects, err
			}
			run := objects[len(objects)-1]
			labels := run.GetLabels()
			labels["workflows.argoproj.io/controller-instanceid"] = instance
			run.SetLabels(labels)
			return objects, nil
		},
	}
}

// conditionEnd is of a kind that says with a condition that it has succeeded, and with the same
// one or with Failed that it has not.
func conditionEnd(kind string) func(*unstructured.Unstructured) (ended, succeeded bool) {
	return func(run *unstructured.Unstructured) (ended, succeeded bool) {
		conditions, _, _ := unstructured.NestedSlice(run.Object, "status", "conditions")
		for _, condition := range conditions {
			fields, _ := condition.(map[string]any)
			switch {
			case fields["type"] == kind && fields["status"] == "True":
				return true, true
			case fields["type"] == kind && fields["status"] == "False", fields["type"] == "Failed" && fields["status"] == "True":
				return true, false
			}
		}
		return false, false
	}
}

// A maker writes the manifests.
type maker struct {
	compiler  string // the program
	image     string
	namespace string
	work      time.Duration
	// promise chooses the engine of a Job that is taken over; empty for any other Job.
	promise string
	// reported is a Job whose run need not wait for Kratix.
	reported bool
}

// compile is what the command prints, unchanged. The run is the last object.
func (m maker) compile(ctx context.Context, engine, request string, containers int) ([]*unstructured.Unstructured, error) {
	in, err := m.fill(promiseTemplate, request, containers)
	if err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, m.compiler, "-f", "-", "--backend", engine,
		"--workflow", "resource-configure", "--harvest-image", m.image)
	command.Stdin = bytes.NewReader(in)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("compile: %w\n%s", err, stderr.String())
	}
	return cluster.Objects(out)
}

func (m maker) fill(text *template.Template, request string, containers int) ([]byte, error) {
	var out bytes.Buffer
	err := text.Execute(&out, map[string]any{
		"image": m.image, "namespace": m.namespace, "work": m.work.String(), "request": request, "containers": containers,
		"promise": m.promise, "reported": m.reported,
	})
	return out.Bytes(), err
}
