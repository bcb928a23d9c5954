// SPDX-License-Identifier: Apache-2.0

// Jobs prints the Jobs that Kratix makes of a Promise, as a JSON list: those of the Promise, and
// those of the request. Kratix's own code makes them, and no cluster is needed.
//
// The Jobs in golden/cases/job-* are its output for promise.yaml and request.yaml beside it, as
// an API server stores them:
//
//	cd e2e/kratix/jobs && go run . promise.yaml request.yaml | go run -C ../../../internal/tools/podjudge . stored
package main

import (
	"encoding/json"
	"errors"
	"log"
	"os"

	"github.com/go-logr/logr"
	"github.com/syntasso/kratix/api/v1alpha1"
	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: jobs PROMISE REQUEST")
	}
	// Kratix's Deployment sets this variable.
	err := os.Setenv("PIPELINE_ADAPTER_IMG", "registry.example/kratix/pipeline-adapter:v0.125.1")
	if err := errors.Join(err, print(os.Args[1], os.Args[2])); err != nil {
		log.Fatal(err)
	}
}

func print(promiseFile, requestFile string) error {
	var promise v1alpha1.Promise
	var request unstructured.Unstructured
	if err := errors.Join(read(promiseFile, &promise), read(requestFile, &request.Object)); err != nil {
		return err
	}
	var jobs []*batchv1.Job
	for _, action := range []v1alpha1.Action{v1alpha1.WorkflowActionConfigure, v1alpha1.WorkflowActionDelete} {
		own, err := promise.GeneratePromisePipelines(action, logr.Discard())
		asked, err2 := promise.GenerateResourcePipelines(action, &request, logr.Discard())
		if err := errors.Join(err, err2); err != nil {
			return err
		}
		for _, made := range append(own, asked...) {
			jobs = append(jobs, made.Job)
		}
	}
	return json.NewEncoder(os.Stdout).Encode(jobs)
}

func read(file string, into any) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return yaml.Unmarshal(data, into)
}
