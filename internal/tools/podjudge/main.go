// SPDX-License-Identifier: Apache-2.0

// Podjudge is the API server's own admission of Jobs, for the test of translate/check that
// compares with it: it reads a JSON list of Jobs from stdin, does with each what the API
// server does when one is created, and answers with a list of what it has against each.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"

	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/apis/batch"
	_ "k8s.io/kubernetes/pkg/apis/batch/install"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	"k8s.io/kubernetes/pkg/capabilities"
	"k8s.io/kubernetes/pkg/registry/batch/job"
)

func main() {
	log.SetFlags(0)
	capabilities.Setup(true, 0) // as with --allow-privileged
	var jobs []json.RawMessage
	if err := json.NewDecoder(os.Stdin).Decode(&jobs); err != nil {
		log.Fatal(err)
	}
	answers := make([]string, len(jobs))
	for i, text := range jobs {
		if err := judge(text); err != nil {
			answers[i] = err.Error()
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		log.Fatal(err)
	}
}

// judge decodes, fills in defaults and validates.
func judge(text []byte) error {
	var written batchv1.Job
	if err := json.Unmarshal(text, &written); err != nil {
		return err
	}
	legacyscheme.Scheme.Default(&written)
	var stored batch.Job
	if err := legacyscheme.Scheme.Convert(&written, &stored, nil); err != nil {
		return err
	}
	ctx := request.WithNamespace(context.Background(), written.Namespace)
	ctx = request.WithRequestInfo(ctx, &request.RequestInfo{APIGroup: "batch", APIVersion: "v1", Resource: "jobs"})
	rest.FillObjectMetaSystemFields(&stored)
	return rest.BeforeCreate(job.Strategy, ctx, &stored)
}
