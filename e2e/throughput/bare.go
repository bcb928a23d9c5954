// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// shape is what a Pod costs a node, whatever is done in it.
type shape struct{ initContainers, containers int }

// kratix gives the user's containers to a Pod as init containers, before one that hands over
// what they left.
var kratix = shape{initContainers: 1, containers: 1}

// engines is the shape of the engine's own Pods, of which there is one by now.
func (s *stage) engines(ctx context.Context) (shape, error) {
	pods, err := s.Typed.CoreV1().Pods(s.name).List(ctx, metav1.ListOptions{LabelSelector: "!" + bareLabel})
	if err != nil {
		return shape{}, err
	}
	if len(pods.Items) == 0 {
		return shape{}, errors.New("the engine has left no Pod to compare with")
	}
	spec := pods.Items[0].Spec
	return shape{len(spec.InitContainers), len(spec.Containers)}, nil
}

// bare runs the Pods of so many requests, without a controller, and says how long that took.
func (s *stage) bare(ctx context.Context, name string, requests int, of shape) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	pods := s.Typed.CoreV1().Pods(s.name)
	labelled := metav1.ListOptions{LabelSelector: bareLabel + "=" + name}
	watch, err := pods.Watch(ctx, labelled)
	if err != nil {
		return 0, err
	}
	defer watch.Stop()
	begin := time.Now()
	waiting := map[string]bool{}
	for i := range requests * s.options.pipelines {
		pod := of.pod(fmt.Sprintf("%s-%d", name, i), name)
		if _, err := pods.Create(ctx, pod, metav1.CreateOptions{}); err != nil {
			return 0, err
		}
		waiting[pod.Name] = true
	}
	for len(waiting) > 0 {
		select {
		case <-ctx.Done():
			return 0, fmt.Errorf("%d bare Pods have not ended: %w", len(waiting), ctx.Err())
		case e, open := <-watch.ResultChan():
			pod, ok := e.Object.(*corev1.Pod)
			if !open || !ok {
				return 0, fmt.Errorf("the watch of bare Pods has ended: %v", e.Object)
			}
			switch pod.Status.Phase {
			case corev1.PodSucceeded:
				delete(waiting, pod.Name)
			case corev1.PodFailed:
				return 0, fmt.Errorf("bare Pod %s has failed", pod.Name)
			default:
			}
		}
	}
	took := time.Since(begin)
	return took, pods.DeleteCollection(ctx, metav1.DeleteOptions{}, labelled)
}

const bareLabel = "bare"

// pod has containers that share a volume and end at once.
func (s shape) pod(name, label string) *corev1.Pod {
	container := corev1.Container{
		Image: image, Command: []string{"sh", "-c"}, Args: []string{script},
		VolumeMounts: []corev1.VolumeMount{{Name: "output", MountPath: "/kratix/output"}},
	}
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{bareLabel: label}},
		Spec: corev1.PodSpec{
			RestartPolicy: corev1.RestartPolicyNever, AutomountServiceAccountToken: new(bool),
			Volumes: []corev1.Volume{{Name: "output", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}},
		},
	}
	for i := range s.initContainers {
		container.Name = fmt.Sprintf("init-%d", i)
		pod.Spec.InitContainers = append(pod.Spec.InitContainers, container)
	}
	for i := range s.containers {
		container.Name = fmt.Sprintf("main-%d", i)
		pod.Spec.Containers = append(pod.Spec.Containers, container)
	}
	return pod
}
