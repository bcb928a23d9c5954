// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// bare runs the Pods of so many requests, without a controller, and says how long that took.
func (s *stage) bare(ctx context.Context, name string, requests int) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	pods := s.Typed.CoreV1().Pods(s.name)
	labelled := metav1.ListOptions{LabelSelector: "bare=" + name}
	watch, err := pods.Watch(ctx, labelled)
	if err != nil {
		return 0, err
	}
	defer watch.Stop()
	begin := time.Now()
	waiting := map[string]bool{}
	for i := range requests * s.options.pipelines {
		pod := barePod(fmt.Sprintf("%s-%d", name, i), name)
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

// barePod has the shape that Kratix gives a Pipeline: the user's containers before one that
// hands over what they left.
func barePod(name, label string) *corev1.Pod {
	mounts := []corev1.VolumeMount{{Name: "output", MountPath: "/kratix/output"}}
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"bare": label}},
		Spec: corev1.PodSpec{
			RestartPolicy: corev1.RestartPolicyNever, AutomountServiceAccountToken: new(bool),
			InitContainers: []corev1.Container{{Name: "write", Image: image, Command: []string{"sh", "-c"}, Args: []string{script}, VolumeMounts: mounts}},
			Containers:     []corev1.Container{{Name: "hand-over", Image: image, Command: []string{"cat", "/kratix/output/config.yaml"}, VolumeMounts: mounts}},
			Volumes:        []corev1.Volume{{Name: "output", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}},
		},
	}
}
