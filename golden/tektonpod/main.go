// SPDX-License-Identifier: Apache-2.0

// Tektonpod is an independent judge of compiled TaskRuns: it asks Tekton's own
// code. It plays the webhook, the reconciler that makes the Pod, the kubelet,
// and the entrypoint that starts a step, and compares what each container runs,
// reads and mounts with what it would in a plain Pod of the plan. It is a module
// of its own because Tekton's reconciler brings the SDKs of three clouds.
//
// Usage: tektonpod FILE..., with plan.yaml beside each and, where the case has
// them, in.yaml and images.yaml. Objects of other kinds are what the TaskRuns
// find in the cluster.
package main

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"

	v1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
)

func main() {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // Tekton's entrypoint misses results that nobody meant
	clean := true
	for _, file := range os.Args[1:] {
		problems, err := judge(file)
		if err != nil {
			fmt.Fprintf(os.Stderr, "tektonpod: %s: %v\n", file, err)
			os.Exit(2)
		}
		for _, problem := range problems {
			clean = false
			fmt.Printf("%s: %s\n", file, problem)
		}
	}
	if !clean {
		os.Exit(1)
	}
}

// judge demands a TaskRun for every Run of the plan, and no others.
func judge(file string) ([]string, error) {
	c, problems, err := read(file)
	if err != nil {
		return nil, err
	}
	for _, r := range c.runs {
		name := r.Namespace + "/" + r.Name
		taskRun, found := c.taskRuns[name]
		if !found {
			problems = append(problems, "there is no TaskRun "+name)
			continue
		}
		delete(c.taskRuns, name)
		for _, problem := range judgeRun(c, r, taskRun) {
			problems = append(problems, "TaskRun "+name+": "+problem)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.taskRuns)) {
		problems = append(problems, "the plan has no TaskRun "+name)
	}
	return problems, nil
}

// judgeRun compares Tekton's Pod with the plain one, container by container.
func judgeRun(c kase, r run, taskRun *v1.TaskRun) []string {
	pod, err := makePod(taskRun, c.cluster)
	if err != nil {
		return []string{"Tekton makes no Pod of it: " + err.Error()}
	}
	plain := r.pod()
	problems := differences("", ofRun(taskRun, pod, r), r.wanted(c.requestsAdd))
	for _, w := range r.Workspaces {
		if w.ConfigMap != "" && !c.configMaps[r.Namespace+"/"+w.ConfigMap] {
			problems = append(problems, fmt.Sprintf("there is no ConfigMap %s for %s", w.ConfigMap, w.Path))
		}
	}
	if got, want := len(pod.Spec.Containers), len(plain.Spec.Containers); got != want {
		return append(problems, fmt.Sprintf("the Pod has %d containers instead of %d", got, want))
	}
	for i, container := range plain.Spec.Containers {
		where := "container " + container.Name + ": "
		want, err := look(plain, i, c.start, container.Env)
		got, tektonErr := look(pod, i, enter, container.Env)
		if err := errors.Join(err, tektonErr); err != nil {
			problems = append(problems, where+err.Error())
			continue
		}
		problems = append(problems, differences(where, got, want)...)
	}
	return problems
}
