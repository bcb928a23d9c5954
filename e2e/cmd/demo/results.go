// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/work"
)

// logs are those of all containers of a run's Pod, in their order.
func (s *stage) logs(ctx context.Context, namespace, run string) error {
	if namespace == "" {
		namespace = "kratix-platform-system"
	}
	for _, label := range []string{"tekton.dev/taskRun", "workflows.argoproj.io/workflow"} {
		pods, err := s.Typed.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: label + "=" + run})
		if err != nil {
			return err
		}
		for _, pod := range pods.Items {
			if err := s.podLogs(ctx, &pod); err != nil {
				return err
			}
		}
	}
	return nil
}

// engineContainers are none of the Pipeline's.
var engineContainers = []string{"prepare", "place-scripts", "working-dir-initializer", "init", "wait"}

func (s *stage) podLogs(ctx context.Context, pod *corev1.Pod) error {
	// Results are delivered before the kubelet has told that the containers ended.
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Pod"))
	object.SetNamespace(pod.Namespace)
	object.SetName(pod.Name)
	if _, err := s.Await(ctx, object, func(o *unstructured.Unstructured) (bool, error) {
		phase, _, _ := unstructured.NestedString(o.Object, "status", "phase")
		return phase == string(corev1.PodSucceeded) || phase == string(corev1.PodFailed), nil
	}); err != nil {
		return err
	}
	for _, c := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
		if slices.Contains(engineContainers, c.Name) {
			continue
		}
		log, err := s.Typed.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, &corev1.PodLogOptions{Container: c.Name}).DoRaw(ctx)
		if err != nil {
			return fmt.Errorf("read the log of container %s: %w: %s", c.Name, err, log)
		}
		name := strings.TrimPrefix(c.Name, "step-")
		if name == "main" {
			name = "kratix-harvest"
		}
		fmt.Printf("        %s\n", name)
		if len(log) > 0 {
			fmt.Print(indent(string(log)))
		}
	}
	return nil
}

var works = schema.GroupVersionResource{Group: v1alpha1.Group, Version: v1alpha1.Version, Resource: "works"}

// works shows the files that are on their way to Destinations.
func (s *stage) works(ctx context.Context, promise string) error {
	list, err := s.Dynamic.Resource(works).List(ctx, metav1.ListOptions{LabelSelector: v1alpha1.LabelPromise + "=" + promise})
	if err != nil {
		return err
	}
	for _, item := range list.Items {
		data, err := json.Marshal(item.Object)
		if err != nil {
			return err
		}
		var w v1alpha1.Work
		if err := json.Unmarshal(data, &w); err != nil {
			return err
		}
		s.say("Work %s/%s", w.Namespace, w.Name)
		for _, group := range w.Spec.WorkloadGroups {
			fmt.Printf("        for Destinations with %v\n", group.DestinationSelectors)
			if err := files(group); err != nil {
				return err
			}
		}
	}
	return nil
}

func files(group v1alpha1.WorkloadGroup) error {
	for _, file := range group.Workloads {
		content, err := work.Open(file)
		if err != nil {
			return err
		}
		data, err := io.ReadAll(content)
		if err != nil {
			return err
		}
		fmt.Printf("        %s\n%s", file.Filepath, indent(string(data)))
	}
	return nil
}
