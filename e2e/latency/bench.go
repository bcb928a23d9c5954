// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/kratix-compile/kratix-compile/e2e/cluster"
)

const limit = 2 * time.Minute // of a run, and of what comes after it

type bench struct {
	*cluster.Client
	namespace string
}

func newBench(ctx context.Context, client *cluster.Client) (*bench, error) {
	made, err := client.Typed.CoreV1().Namespaces().Create(ctx,
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "e2e-latency-"}}, metav1.CreateOptions{})
	if err != nil {
		return nil, err
	}
	b := &bench{Client: client, namespace: made.Name}
	ca := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "kratix-runner-ca"}, Data: map[string]string{"ca.crt": "none"}}
	_, err = client.Typed.CoreV1().ConfigMaps(b.namespace).Create(ctx, ca, metav1.CreateOptions{})
	return b, err
}

func (b *bench) close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	_ = b.Typed.CoreV1().Namespaces().Delete(ctx, b.namespace, metav1.DeleteOptions{})
}

// times are counted from when the run was about to be created.
type times struct {
	worked    time.Duration // the last of the user's containers ended, by its own clock
	delivered time.Duration // so did the one that hands the results over
	done      time.Duration // we were told that the run has succeeded
}

func (t times) String() string {
	return fmt.Sprintf("worked %.2f s, delivered %.2f s, done %.2f s", t.worked.Seconds(), t.delivered.Seconds(), t.done.Seconds())
}

// measure creates the objects, the last of which is the run, waits for it and removes it.
func (b *bench) measure(ctx context.Context, w way, objects []*unstructured.Unstructured) (times, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	run := objects[len(objects)-1]
	if err := b.Create(ctx, objects[:len(objects)-1]...); err != nil {
		return times{}, err
	}
	begin := time.Now()
	if err := b.Create(ctx, run); err != nil {
		return times{}, err
	}
	var done time.Time
	_, err := b.Await(ctx, run, func(run *unstructured.Unstructured) (bool, error) {
		ended, succeeded := w.succeeded(run)
		done = time.Now()
		if ended && !succeeded {
			return false, errors.New("it failed")
		}
		return ended, nil
	})
	if err != nil {
		return times{}, err
	}
	measured, err := b.stamps(ctx, w, run.GetName(), begin)
	if err != nil {
		return times{}, err
	}
	measured.done = done.Sub(begin)
	if measured.worked < 0 || measured.delivered < measured.worked || measured.done < measured.delivered {
		return times{}, fmt.Errorf("%s: the clock of the node is not that of this machine", measured)
	}
	return measured, b.remove(ctx, w, run)
}

// stamps asks the containers: the API has only whole seconds.
func (b *bench) stamps(ctx context.Context, w way, name string, begin time.Time) (times, error) {
	pods, err := b.Typed.CoreV1().Pods(b.namespace).List(ctx, metav1.ListOptions{LabelSelector: w.label + "=" + name})
	if err != nil {
		return times{}, err
	}
	if len(pods.Items) != 1 {
		return times{}, fmt.Errorf("%d Pods where one was to be", len(pods.Items))
	}
	pod := &pods.Items[0]
	var found times
	for _, container := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
		isWork := strings.HasPrefix(strings.TrimPrefix(container.Name, "step-"), "work-") && container.Name != w.delivers
		if !isWork && container.Name != w.delivers {
			continue
		}
		at, err := b.stamp(ctx, pod.Name, container.Name)
		if err != nil {
			return times{}, err
		}
		if isWork {
			found.worked = max(found.worked, at.Sub(begin))
		} else {
			found.delivered = at.Sub(begin)
		}
	}
	return found, nil
}

func (b *bench) stamp(ctx context.Context, pod, container string) (time.Time, error) {
	log, err := b.Typed.CoreV1().Pods(b.namespace).GetLogs(pod, &corev1.PodLogOptions{Container: container}).DoRaw(ctx)
	if err != nil {
		return time.Time{}, err
	}
	for lines := bufio.NewScanner(bytes.NewReader(log)); lines.Scan(); { // engines may log, too
		if text, ok := strings.CutPrefix(lines.Text(), "stamp "); ok {
			return time.Parse(time.RFC3339Nano, text)
		}
	}
	return time.Time{}, fmt.Errorf("%s of %s printed no time:\n%s", container, pod, log)
}

// remove waits until the Pod is gone, so that its end does not slow the next run down.
func (b *bench) remove(ctx context.Context, w way, run *unstructured.Unstructured) error {
	resource, err := b.Resource(run)
	if err != nil {
		return err
	}
	selector := metav1.ListOptions{LabelSelector: w.label + "=" + run.GetName()}
	pods, err := b.Typed.CoreV1().Pods(b.namespace).List(ctx, selector)
	if err != nil {
		return err
	}
	selector.ResourceVersion = pods.ResourceVersion
	events, err := b.Typed.CoreV1().Pods(b.namespace).Watch(ctx, selector)
	if err != nil {
		return err
	}
	defer events.Stop()
	background := metav1.DeletePropagationBackground
	if err := resource.Delete(ctx, run.GetName(), metav1.DeleteOptions{PropagationPolicy: &background}); err != nil {
		return err
	}
	for event := range events.ResultChan() {
		if event.Type == watch.Deleted {
			return nil
		}
	}
	return fmt.Errorf("the Pod of %s stays: %w", run.GetName(), context.Cause(ctx))
}
