// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kratix-compile/kratix-compile/e2e/cluster"
	"github.com/kratix-compile/kratix-compile/e2e/runner"
)

// asTaken is a Job that kratix-jobs takes over. Its run waits for one to two seconds, as Kratix may still
// write the status of the object, or it begins at once, as the status shows that the Pipeline runs.
func asTaken(engine, label string, reported bool) way {
	w := way{name: "Job on " + engine, label: label, delivers: "work-writer", succeeded: conditionEnd("Complete")}
	if engine == "tekton" {
		w.delivers = "step-work-writer"
	}
	suffix := "-" + engine
	if reported {
		w.name += ", at once"
		suffix += "-at-once"
	}
	w.make = func(ctx context.Context, m maker, request string, containers int) ([]*unstructured.Unstructured, error) {
		m.promise, m.reported = promiseOf(engine), reported
		return makeJob(ctx, m, request+suffix, containers)
	}
	return w
}

func promiseOf(engine string) string { return "latency-" + engine }

// reportedStatus is that of an object whose Pipeline runs. Kratix writes the time at which it began, which must
// not be before the Job; here one status is for all Jobs.
const reportedStatus = `{"status":{"kratix":{"workflows":{"pipelines":[{"name":"work","phase":"Running","lastTransitionTime":"2100-01-01T00:00:00Z"}]}}}}`

// taking is a kratix-jobs, and a Promise for each engine that chooses it with an annotation. Nobody else looks
// at the Promises.
type taking struct {
	*cluster.Cluster
	jobs     *runner.Jobs
	process  *runner.Runner
	promises []*unstructured.Unstructured
}

// take installs, and returns when Jobs in the namespace are taken over.
func take(ctx context.Context, c *cluster.Cluster, dir, namespace string) (*taking, error) {
	jobs, err := runner.InstallJobs(ctx, c, dir)
	if err != nil {
		return nil, err
	}
	k := &taking{Cluster: c, jobs: jobs}
	if err := k.start(ctx, namespace); err != nil {
		return nil, errors.Join(err, k.stop(context.WithoutCancel(ctx)))
	}
	return k, nil
}

func (k *taking) start(ctx context.Context, namespace string) (err error) {
	if err := errors.Join(k.jobs.Unwatched(), k.jobs.Register(ctx)); err != nil {
		return err
	}
	if k.process, err = k.jobs.Start(ctx, filepath.Join(os.TempDir(), "kratix-jobs.log")); err != nil {
		return err
	}
	for _, engine := range []string{"tekton", "argo"} {
		if err := k.offer(ctx, engine); err != nil {
			return err
		}
		if err := k.jobs.Await(ctx, namespace, promiseOf(engine), "kratix-compile.io/"+engine); err != nil {
			return fmt.Errorf("kratix-jobs takes no Jobs for %s: %w", engine, err)
		}
	}
	return nil
}

func (k *taking) offer(ctx context.Context, engine string) error {
	objects, err := cluster.Objects(fmt.Appendf(nil, `
apiVersion: platform.kratix.io/v1alpha1
kind: Promise
metadata: {name: %s, annotations: {kratix-compile.io/engine: %s}}
spec: {}
`, promiseOf(engine), engine))
	if err != nil {
		return err
	}
	if err := k.Create(ctx, objects...); err != nil {
		return err
	}
	k.promises = append(k.promises, objects...)
	resource, err := k.Resource(objects[0])
	if err != nil {
		return err
	}
	_, err = resource.Patch(ctx, promiseOf(engine), types.MergePatchType, []byte(reportedStatus), metav1.PatchOptions{}, "status")
	return err
}

// stop leaves nothing but CRDs and rights.
func (k *taking) stop(ctx context.Context) error {
	errs := []error{k.jobs.Unregister(ctx)}
	if k.process != nil {
		errs = append(errs, k.process.Stop())
	}
	for _, promise := range k.promises {
		resource, err := k.Resource(promise)
		if err == nil {
			err = resource.Delete(ctx, promise.GetName(), metav1.DeleteOptions{})
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
