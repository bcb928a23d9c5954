// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/kratix-compile/kratix-compile/e2e/cluster"
	"github.com/kratix-compile/kratix-compile/internal/runner/engine"
)

// stage is where the demonstration takes place.
type stage struct {
	*cluster.Cluster
	// engine is what Promises are annotated with; empty where the runner has no other engine.
	engine string
	begin  time.Time
	told   map[string]string // the last phase of each run
	// ends are what stops what the demonstration has started, the first one last.
	ends []func() error
}

func (s *stage) leave() error {
	var failed error
	for _, end := range slices.Backward(s.ends) {
		failed = errors.Join(failed, end())
	}
	return failed
}

func (s *stage) say(format string, args ...any) {
	fmt.Printf("%5.1fs  %s\n", time.Since(s.begin).Seconds(), fmt.Sprintf(format, args...))
}

// apply is kubectl apply for a file with one object.
func (s *stage) apply(ctx context.Context, file string) (*unstructured.Unstructured, error) {
	s.say("kubectl apply -f %s", strings.TrimPrefix(file, "../"))
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	objects, err := cluster.Objects(data)
	if err != nil {
		return nil, err
	}
	resource, err := s.Resource(objects[0])
	if err != nil {
		return nil, err
	}
	if _, err := resource.Get(ctx, objects[0].GetName(), metav1.GetOptions{}); err == nil {
		return nil, fmt.Errorf("%s %s is there already; kubectl delete it first", objects[0].GetKind(), objects[0].GetName())
	}
	if objects[0].GetKind() == "Promise" && s.engine != "" {
		s.say("with the annotation %s: %s", engine.Annotation, s.engine)
		objects[0].SetAnnotations(map[string]string{engine.Annotation: s.engine})
	}
	return objects[0], s.Create(ctx, objects...)
}

// follow tells of every pipeline of an object that starts or ends, until done.
func (s *stage) follow(ctx context.Context, object *unstructured.Unstructured, done func(*unstructured.Unstructured) bool) (*unstructured.Unstructured, error) {
	return s.Await(ctx, object, func(o *unstructured.Unstructured) (bool, error) {
		pipelines, _, _ := unstructured.NestedSlice(o.Object, "status", "kratix", "workflows", "pipelines")
		for _, p := range pipelines {
			fields, _ := p.(map[string]any)
			name, phase, run := text(fields["name"]), text(fields["phase"]), text(fields["run"])
			if run == "" || s.told[run] == phase {
				continue
			}
			s.told[run] = phase
			s.say("%s %s: pipeline %s %s as %s", o.GetKind(), o.GetName(), name, strings.ToLower(phase), run)
			switch phase {
			case "Succeeded":
				if err := s.logs(ctx, o.GetNamespace(), run); err != nil {
					return false, err
				}
			case "Failed":
				return false, fmt.Errorf("pipeline %s failed: %s", name, text(fields["message"]))
			}
		}
		return done(o), nil
	})
}

// status is what the object says of itself, without what only machines read.
func (s *stage) status(o *unstructured.Unstructured) error {
	status, _, _ := unstructured.NestedMap(o.Object, "status")
	data, err := yaml.Marshal(status)
	if err != nil {
		return err
	}
	s.say("kubectl get %s %s -o yaml: status", strings.ToLower(o.GetKind()), o.GetName())
	fmt.Print(indent(string(data)))
	return nil
}

// remove deletes the Promise, and with it all that came of it.
func (s *stage) remove(ctx context.Context, promise *unstructured.Unstructured) error {
	s.say("kubectl delete promise %s", promise.GetName())
	err := s.drop(ctx, promise)
	if err == nil {
		s.say("it is gone, and all that came of it")
	}
	return err
}

// drop deletes an object and waits until it is gone.
func (s *stage) drop(ctx context.Context, object *unstructured.Unstructured) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	resource, err := s.Resource(object)
	if err != nil {
		return err
	}
	if err := resource.Delete(ctx, object.GetName(), metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		_, err := resource.Get(ctx, object.GetName(), metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s %s does not go: %w", object.GetKind(), object.GetName(), ctx.Err())
		case <-tick.C:
		}
	}
}

func condition(o *unstructured.Unstructured, kind string) string {
	conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	for _, c := range conditions {
		if fields, ok := c.(map[string]any); ok && fields["type"] == kind {
			return text(fields["status"])
		}
	}
	return ""
}

func text(v any) string {
	t, _ := v.(string)
	return t
}

func indent(text string) string {
	return "        | " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n        | ") + "\n"
}
