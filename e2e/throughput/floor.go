// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/e2e/cluster"
)

// floor makes the calls of a request, by the runner and by the engine, one after the other
// and with nothing in between: how fast this API server and this State Store are at best.
// Nobody watches, and so it costs them less than the real thing.
type floor struct {
	typed     kubernetes.Interface
	dynamic   dynamic.Interface
	bucket    *minio.Client
	namespace string // and the name of the bucket
}

// measureFloor plays in a namespace and a bucket of its own, and waits until the former is
// gone again: what comes after must not be disturbed.
func measureFloor(ctx context.Context, c *cluster.Cluster, requests int) (took time.Duration, err error) {
	f := &floor{namespace: "floor-" + strings.ToLower(rand.Text()[:8])}
	if f.typed, f.dynamic, err = unhurried(c); err != nil {
		return 0, err
	}
	if f.bucket, err = c.S3.Client(); err != nil {
		return 0, err
	}
	if err := f.bucket.MakeBucket(ctx, f.namespace, minio.MakeBucketOptions{}); err != nil {
		return 0, err
	}
	namespaces, own := f.typed.CoreV1().Namespaces(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: f.namespace}}
	if _, err := namespaces.Create(ctx, own, metav1.CreateOptions{}); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.clear(context.WithoutCancel(ctx), namespaces)) }()
	return f.measure(ctx, requests)
}

func (f *floor) clear(ctx context.Context, namespaces typedcorev1.NamespaceInterface) error {
	if err := namespaces.Delete(ctx, f.namespace, metav1.DeleteOptions{}); err != nil {
		return err
	}
	return wait.PollUntilContextTimeout(ctx, 200*time.Millisecond, 5*time.Minute, true, func(ctx context.Context) (bool, error) {
		_, err := namespaces.Get(ctx, f.namespace, metav1.GetOptions{})
		return apierrors.IsNotFound(err), nil
	})
}

// measure plays so many requests, as many at a time as the runner and the engine work on.
func (f *floor) measure(ctx context.Context, requests int) (time.Duration, error) {
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "floor"}}
	if _, err := f.typed.CoreV1().ServiceAccounts(f.namespace).Create(ctx, account, metav1.CreateOptions{}); err != nil {
		return 0, err
	}
	next := make(chan int)
	failures := make(chan error, requests)
	var all sync.WaitGroup
	for range appliers + players {
		all.Go(func() {
			for i := range next {
				if err := f.play(ctx, fmt.Sprintf("floor-%d", i)); err != nil {
					failures <- err
				}
			}
		})
	}
	begin := time.Now()
	for i := range requests {
		next <- i
	}
	close(next)
	all.Wait()
	took := time.Since(begin)
	close(failures)
	return took, <-failures
}

// play has a Work for the request: it is as large, and there is no Promise yet.
func (f *floor) play(ctx context.Context, name string) error {
	request := f.object(v1alpha1.KindWork, "works", name)
	steps := []func() error{
		func() error { return request.create(ctx) },
		func() error { return request.patch(ctx, `{"metadata":{"labels":{"a":"b"}}}`) },
		func() error { return f.run(ctx, request, name) },
		func() error { return f.place(ctx, name) },
		func() error { return request.patch(ctx, status("three"), "status") },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// run is a run and its harvest.
func (f *floor) run(ctx context.Context, request *thing, name string) error {
	run := &thing{f.dynamic.Resource(taskRuns).Namespace(f.namespace), &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "tekton.dev/v1", "kind": "TaskRun", "metadata": map[string]any{"name": name, "labels": map[string]any{"a": "b"}},
		"spec": map[string]any{"serviceAccountName": "floor", "taskSpec": map[string]any{"steps": []any{map[string]any{"name": "write", "image": image}}}},
	}}}
	pods, maps := f.typed.CoreV1().Pods(f.namespace), f.typed.CoreV1().ConfigMaps(f.namespace)
	input := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name + "-input"}, Data: map[string]string{"object.yaml": strings.Repeat("a", 500)}}
	record := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name + "-harvest"}, BinaryData: map[string][]byte{"bundle": make([]byte, 500)}}
	for _, step := range []func() error{
		func() error { return request.patch(ctx, status("one"), "status") },
		func() error { _, err := maps.Create(ctx, input, metav1.CreateOptions{}); return err },
		func() error { return run.create(ctx) },
		func() error { return f.event(ctx, name+"-started") },
		func() error { _, err := pods.Create(ctx, podOf(run.object), metav1.CreateOptions{}); return err },
		func() error { return f.review(ctx, name) },
		func() error { _, err := maps.Get(ctx, input.Name, metav1.GetOptions{}); return err },
		func() error { _, err := maps.Get(ctx, input.Name, metav1.GetOptions{}); return err },
		func() error { _, err := maps.Create(ctx, record, metav1.CreateOptions{}); return err },
		func() error { _, err := maps.Get(ctx, record.Name, metav1.GetOptions{}); return err },
		func() error {
			return run.patch(ctx, `{"status":{"podName":"pod","conditions":[{"type":"Succeeded","status":"True"}]}}`, "status")
		},
		func() error { return request.patch(ctx, status("two"), "status") },
		func() error { return maps.Delete(ctx, record.Name, metav1.DeleteOptions{}) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// review is the token of a Pod and its check.
func (f *floor) review(ctx context.Context, name string) error {
	pod, err := f.typed.CoreV1().Pods(f.namespace).Get(ctx, name+"-pod", metav1.GetOptions{})
	if err != nil {
		return err
	}
	bound := &authenticationv1.BoundObjectReference{Kind: "Pod", APIVersion: "v1", Name: pod.Name, UID: pod.UID}
	token, err := f.typed.CoreV1().ServiceAccounts(f.namespace).CreateToken(ctx, "floor",
		&authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{BoundObjectRef: bound}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	_, err = f.typed.AuthenticationV1().TokenReviews().Create(ctx,
		&authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: token.Status.Token}}, metav1.CreateOptions{})
	return err
}

// place is the Work, its placement and the file.
func (f *floor) place(ctx context.Context, name string) error {
	work, placement := f.object(v1alpha1.KindWork, "works", name+"-work"), f.object(v1alpha1.KindWorkPlacement, "workplacements", name)
	for _, o := range []*thing{work, placement} {
		if err := o.create(ctx); err != nil {
			return err
		}
		if err := o.patch(ctx, status("done"), "status"); err != nil {
			return err
		}
	}
	content := []byte("{apiVersion: v1, kind: ConfigMap, metadata: {name: written}}\n")
	_, err := f.bucket.PutObject(ctx, f.namespace, "floor/"+name, bytes.NewReader(content), int64(len(content)), minio.PutObjectOptions{})
	if err != nil {
		return err
	}
	return f.event(ctx, name+"-written")
}

func (f *floor) event(ctx context.Context, name string) error {
	event := &eventsv1.Event{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: f.namespace}, EventTime: metav1.NowMicro(),
		ReportingController: "floor", ReportingInstance: "floor", Action: "Reconcile", Reason: "Floor", Type: corev1.EventTypeNormal,
		Regarding: corev1.ObjectReference{Kind: "Namespace", Name: f.namespace, Namespace: f.namespace},
	}
	_, err := f.typed.EventsV1().Events(f.namespace).Create(ctx, event, metav1.CreateOptions{})
	return err
}

// thing is an object and where it is.
type thing struct {
	at     dynamic.ResourceInterface
	object *unstructured.Unstructured
}

func (f *floor) object(kind, resource, name string) *thing {
	spec := map[string]any{"promiseName": "floor"}
	if kind == v1alpha1.KindWorkPlacement {
		spec["targetDestinationName"] = "floor"
	}
	at := f.dynamic.Resource(schema.GroupVersionResource{Group: v1alpha1.Group, Version: v1alpha1.Version, Resource: resource}).Namespace(f.namespace)
	return &thing{at, &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": v1alpha1.APIVersion, "kind": kind, "metadata": map[string]any{"name": name}, "spec": spec,
	}}}
}

func (t *thing) create(ctx context.Context) error {
	made, err := t.at.Create(ctx, t.object, metav1.CreateOptions{})
	if err == nil {
		t.object = made
	}
	return err
}

func (t *thing) patch(ctx context.Context, patch string, of ...string) error {
	_, err := t.at.Patch(ctx, t.object.GetName(), types.MergePatchType, []byte(patch), metav1.PatchOptions{}, of...)
	return err
}

// status is as large as one of ours.
func status(message string) string {
	condition := `{"type":"%s","status":"Unknown","reason":"Floor","message":"%s","lastTransitionTime":"2026-01-01T00:00:00Z"}`
	one, two := fmt.Sprintf(condition, "Ready", message), fmt.Sprintf(condition, "Scheduled", strings.Repeat(message, 20))
	return `{"status":{"conditions":[` + one + `,` + two + `]}}`
}
