// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kratix-compile/kratix-compile/e2e/cluster"
)

// stage has a Promise whose requests end in one State Store.
type stage struct {
	*cluster.Cluster
	options options
	untyped dynamic.Interface // in no hurry to wait
	name    string            // of the bucket, the repository, the namespace and more
	objects []*unstructured.Unstructured
	failed  chan error // of the engine
	floor   time.Duration
	stop    context.CancelFunc
}

// stores are both; the Promise's files go to one of them.
const stores = `
{apiVersion: v1, kind: Secret, metadata: {name: %[1]s, namespace: kratix-platform-system}, stringData: {accessKeyID: %[3]q, secretAccessKey: %[4]q, username: %[6]q, password: %[7]q, ca.crt: %[8]q}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: %[1]s, namespace: kratix-platform-system},
  rules: [{apiGroups: [""], resources: [secrets], resourceNames: [%[1]s], verbs: [get]}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: %[1]s, namespace: kratix-platform-system},
  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: %[1]s}, subjects: [{kind: ServiceAccount, name: kratix-runner, namespace: kratix-platform-system}]}
---
{apiVersion: platform.kratix.io/v1alpha1, kind: BucketStateStore, metadata: {name: %[1]s},
  spec: {bucketName: %[1]s, endpoint: %[2]q, insecure: true, secretRef: {name: %[1]s, namespace: kratix-platform-system}}}
---
{apiVersion: platform.kratix.io/v1alpha1, kind: GitStateStore, metadata: {name: %[1]s},
  spec: {url: %[5]q, branch: main, secretRef: {name: %[1]s, namespace: kratix-platform-system}}}
---
{apiVersion: platform.kratix.io/v1alpha1, kind: Destination, metadata: {name: %[1]s, labels: {throughput: %[1]s}},
  spec: {path: files, stateStoreRef: {kind: %[9]s, name: %[1]s}}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: %[1]s}}
`

const promise = `
apiVersion: platform.kratix.io/v1alpha1
kind: Promise
metadata: {name: %[1]s}
spec:
  destinationSelectors: [{matchLabels: {throughput: %[1]s}}]
  api:
    apiVersion: apiextensions.k8s.io/v1
    kind: CustomResourceDefinition
    metadata: {name: things.throughput.test}
    spec:
      group: throughput.test
      scope: Namespaced
      names: {kind: Thing, plural: things, singular: thing}
      versions:
        - name: v1
          served: true
          storage: true
          schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: string}}}}}}
  workflows: {resource: {configure: []}}
`

// What the container of a Pipeline does, if there is one.
const (
	image  = "busybox:1.37"
	script = "echo '{apiVersion: v1, kind: ConfigMap, metadata: {name: written}}' > /kratix/output/config.yaml"
)

var things = schema.GroupVersionResource{Group: "throughput.test", Version: "v1", Resource: "things"}

func newStage(ctx context.Context, c *cluster.Cluster, o options) (*stage, error) {
	kind := map[string]string{"bucket": "BucketStateStore", "git": "GitStateStore"}[o.store]
	if kind == "" {
		return nil, fmt.Errorf("-store: %q is neither bucket nor git", o.store)
	}
	typed, untyped, err := unhurried(c)
	if err != nil {
		return nil, err
	}
	name := "throughput-" + strings.ToLower(rand.Text()[:8])
	s := &stage{Cluster: c, options: o, name: name, untyped: untyped, failed: make(chan error, 1)}
	if err := s.makeBucket(ctx); err != nil {
		return nil, err
	}
	playing, stop := context.WithCancel(ctx)
	s.stop = stop
	if o.engine == "instant" {
		e := &engine{typed: typed, dynamic: untyped, fail: s.fail}
		if err := e.start(playing); err != nil {
			return nil, err
		}
	}
	return s, s.offer(ctx, kind)
}

// unhurried clients ask as fast as they can.
func unhurried(c *cluster.Cluster) (kubernetes.Interface, dynamic.Interface, error) {
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig)
	if err != nil {
		return nil, nil, err
	}
	config.QPS = -1
	typed, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, nil, err
	}
	untyped, err := dynamic.NewForConfig(config)
	return typed, untyped, err
}

// fail ends the measurement.
func (s *stage) fail(err error) {
	select {
	case s.failed <- err:
	default: // the first will do
	}
}

// offer applies State Stores, a Destination and the Promise, and waits until requests may come.
func (s *stage) offer(ctx context.Context, kind string) error {
	at, err := url.Parse(s.S3.Endpoint)
	if err != nil {
		return err
	}
	authority, err := os.ReadFile(s.Git.CAFile)
	if err != nil {
		return err
	}
	text := fmt.Sprintf(stores, s.name, at.Host, s.S3.AccessKey, s.S3.SecretKey, s.Git.HTTPS+"/"+s.name+".git", s.Git.User, s.Git.Password, authority, kind)
	if s.objects, err = cluster.Objects([]byte(text + "---" + fmt.Sprintf(promise, s.name))); err != nil {
		return err
	}
	offered := s.objects[len(s.objects)-1]
	var pipelines []any
	for i := range s.options.pipelines {
		pipelines = append(pipelines, map[string]any{
			"apiVersion": "platform.kratix.io/v1alpha1", "kind": "Pipeline", "metadata": map[string]any{"name": fmt.Sprintf("p%d", i)},
			"spec": map[string]any{"containers": []any{map[string]any{"name": "write", "image": image, "command": []any{"sh", "-c"}, "args": []any{script}}}},
		})
	}
	if err := unstructured.SetNestedSlice(offered.Object, pipelines, "spec", "workflows", "resource", "configure"); err != nil {
		return err
	}
	if err := s.Create(ctx, s.objects...); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	_, err = s.Await(ctx, offered, func(o *unstructured.Unstructured) (bool, error) { return isTrue(o, "Available"), nil })
	return err
}

// isTrue tells whether an object has a condition with the status True.
func isTrue(o *unstructured.Unstructured, kind string) bool {
	conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	for _, c := range conditions {
		if fields, ok := c.(map[string]any); ok && fields["type"] == kind {
			return fields["status"] == "True"
		}
	}
	return false
}

// clear takes the Promise away, and with it all of its requests, and then the rest.
func (s *stage) clear(ctx context.Context) error {
	defer s.stop()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	promise := s.objects[len(s.objects)-1]
	resource, err := s.Resource(promise)
	if err != nil {
		return err
	}
	if err := resource.Delete(ctx, promise.GetName(), metav1.DeleteOptions{}); err != nil {
		return err
	}
	for {
		_, err := resource.Get(ctx, promise.GetName(), metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			break
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the Promise does not go: %w", ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
	var errs []error
	for i := range s.objects {
		object := s.objects[len(s.objects)-1-i]
		at, err := s.Resource(object)
		if err == nil {
			err = at.Delete(ctx, object.GetName(), metav1.DeleteOptions{})
		}
		if !apierrors.IsNotFound(err) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
