// SPDX-License-Identifier: Apache-2.0

// Podjudge is the API server's own code for Jobs. It reads a JSON list from stdin and does with
// each item what the API server does.
//
//	podjudge         is given Jobs that are created, and lists what it has against each
//	podjudge status  is given updates of a status, {"old": Job, "new": Job}, and lists the same
//	podjudge stored  is given Jobs that are created, and prints them as they are stored, in YAML
//
// The tests of translate/check and internal/jobs compare with the first two. The third makes the
// Jobs of golden/cases from those that e2e/kratix/jobs prints.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/apis/batch"
	_ "k8s.io/kubernetes/pkg/apis/batch/install"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	"k8s.io/kubernetes/pkg/capabilities"
	"k8s.io/kubernetes/pkg/registry/batch/job"
	"sigs.k8s.io/yaml"
)

func main() {
	log.SetFlags(0)
	capabilities.Setup(true, 0) // as with --allow-privileged
	var items []json.RawMessage
	if err := json.NewDecoder(os.Stdin).Decode(&items); err != nil {
		log.Fatal(err)
	}
	var err error
	switch mode := strings.Join(os.Args[1:], " "); mode {
	case "":
		err = answer(items, func(text []byte) error { _, err := create(text); return err })
	case "status":
		err = answer(items, updateStatus)
	case "stored":
		err = store(items)
	default:
		err = fmt.Errorf("unknown mode %q", mode)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// answer prints what a judge has against each item.
func answer(items []json.RawMessage, judge func([]byte) error) error {
	answers := make([]string, len(items))
	for i, text := range items {
		if err := judge(text); err != nil {
			answers[i] = err.Error()
		}
	}
	return json.NewEncoder(os.Stdout).Encode(answers)
}

// create decodes a Job, fills in defaults and validates.
func create(text []byte) (*batch.Job, error) {
	stored, ctx, err := read(text)
	if err != nil {
		return nil, err
	}
	rest.FillObjectMetaSystemFields(stored)
	return stored, rest.BeforeCreate(job.Strategy, ctx, stored)
}

// updateStatus does what a PUT of the status does.
func updateStatus(text []byte) error {
	var update struct{ Old, New json.RawMessage }
	if err := json.Unmarshal(text, &update); err != nil {
		return err
	}
	before, ctx, err := read(update.Old)
	if err != nil {
		return err
	}
	after, _, err := read(update.New)
	if err != nil {
		return err
	}
	ctx = request.WithRequestInfo(ctx, &request.RequestInfo{APIGroup: "batch", APIVersion: "v1", Resource: "jobs", Subresource: "status"})
	return rest.BeforeUpdate(job.StatusStrategy, ctx, after, before)
}

// read decodes a Job and fills in defaults.
func read(text []byte) (*batch.Job, context.Context, error) {
	var written batchv1.Job
	if err := json.Unmarshal(text, &written); err != nil {
		return nil, nil, err
	}
	legacyscheme.Scheme.Default(&written)
	var stored batch.Job
	if err := legacyscheme.Scheme.Convert(&written, &stored, nil); err != nil {
		return nil, nil, err
	}
	ctx := request.WithNamespace(context.Background(), written.Namespace)
	return &stored, request.WithRequestInfo(ctx, &request.RequestInfo{APIGroup: "batch", APIVersion: "v1", Resource: "jobs"}), nil
}

// store prints Jobs as kubectl get does.
func store(items []json.RawMessage) error {
	for _, text := range items {
		stored, err := create(text)
		if err != nil {
			return err
		}
		var printed batchv1.Job
		if err := legacyscheme.Scheme.Convert(stored, &printed, nil); err != nil {
			return err
		}
		printed.TypeMeta = metav1.TypeMeta{APIVersion: "batch/v1", Kind: "Job"}
		data, err := yaml.Marshal(printed)
		if err != nil {
			return err
		}
		fmt.Printf("---\n%s", data)
	}
	return nil
}
