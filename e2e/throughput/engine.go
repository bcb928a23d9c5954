// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"github.com/kratix-compile/kratix-compile/internal/harvest/certs"
	"github.com/kratix-compile/kratix-compile/internal/harvest/protocol"
	"github.com/kratix-compile/kratix-compile/translate/plan"
)

var taskRuns = schema.GroupVersionResource{Group: "tekton.dev", Version: "v1", Resource: "taskruns"}

// engine stands in for Tekton: each TaskRun gets a Pod that nobody runs, the results of one
// that would have, delivered as kratix-harvest does, and a status that says it succeeded.
type engine struct {
	typed   kubernetes.Interface
	dynamic dynamic.Interface
	// fail is told of a run that could not be played.
	fail func(error)

	mu sync.Mutex
	ca *x509.CertPool
}

// players are how many runs end at the same time.
const players = 16

func (e *engine) start(ctx context.Context) error {
	runs := make(chan *unstructured.Unstructured, 1<<16)
	informer := dynamicinformer.NewDynamicSharedInformerFactory(e.dynamic, 0).ForResource(taskRuns).Informer()
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: func(o any) {
		if run, ok := o.(*unstructured.Unstructured); ok && run.Object["status"] == nil {
			runs <- run
		}
	}})
	if err != nil {
		return err
	}
	for range players {
		go func() {
			for {
				select {
				case <-ctx.Done():
					return
				case run := <-runs:
					if err := e.play(ctx, run); err != nil && ctx.Err() == nil && !apierrors.IsNotFound(err) {
						e.fail(fmt.Errorf("play %s/%s: %w", run.GetNamespace(), run.GetName(), err))
					}
				}
			}
		}()
	}
	go informer.Run(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		return ctx.Err()
	}
	return nil
}

func (e *engine) play(ctx context.Context, run *unstructured.Unstructured) error {
	pod, err := e.typed.CoreV1().Pods(run.GetNamespace()).Create(ctx, podOf(run), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if err := e.deliver(ctx, run, pod); err != nil {
		return err
	}
	status := fmt.Sprintf(`{"status":{"podName":%q,"completionTime":%q,"conditions":[{"type":"Succeeded","status":"True","reason":"Succeeded","message":"played"}]}}`,
		pod.Name, time.Now().UTC().Format(time.RFC3339))
	_, err = e.dynamic.Resource(taskRuns).Namespace(run.GetNamespace()).
		Patch(ctx, run.GetName(), types.MergePatchType, []byte(status), metav1.PatchOptions{}, "status")
	return err
}

// podOf has the labels that Tekton would give it, and a scheduler that does not exist.
func podOf(run *unstructured.Unstructured) *corev1.Pod {
	account, _, _ := unstructured.NestedString(run.Object, "spec", "serviceAccountName")
	labels := maps.Clone(run.GetLabels())
	labels["tekton.dev/taskRun"] = run.GetName()
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: run.GetName() + "-pod", Labels: labels,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(run, run.GroupVersionKind())},
		},
		Spec: corev1.PodSpec{
			SchedulerName: "none", ServiceAccountName: account,
			Containers: []corev1.Container{{Name: "step-none", Image: "none"}},
		},
	}
}

// deliver makes one connection for one delivery, as the step of a run does.
func (e *engine) deliver(ctx context.Context, run *unstructured.Unstructured, pod *corev1.Pod) error {
	token, err := e.typed.CoreV1().ServiceAccounts(pod.Namespace).CreateToken(ctx, pod.Spec.ServiceAccountName, &authenticationv1.TokenRequest{
		Spec: authenticationv1.TokenRequestSpec{
			Audiences:      []string{plan.Defaults().Harvest.Audience},
			BoundObjectRef: &authenticationv1.BoundObjectReference{Kind: "Pod", APIVersion: "v1", Name: pod.Name, UID: pod.UID},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	bundle, err := results(run)
	if err != nil {
		return err
	}
	trust, err := e.trust(ctx, run.GetNamespace())
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, endpointOf(run)+protocol.Path, bytes.NewReader(bundle))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+token.Status.Token)
	request.Header.Set("Content-Type", protocol.MediaType)
	request.Header.Set(protocol.DigestHeader, protocol.FormatDigest(sha256.Sum256(bundle)))
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: trust, DisableKeepAlives: true}}
	return send(client, request, bundle)
}

// send comes back when the runner is busy, sooner than kratix-harvest would.
func send(client *http.Client, request *http.Request, body []byte) error {
	for {
		request.Body = io.NopCloser(bytes.NewReader(body))
		answer, err := client.Do(request)
		if err != nil {
			return err
		}
		text, _ := io.ReadAll(answer.Body) // half a text is better than none
		_ = answer.Body.Close()
		switch {
		case answer.StatusCode == http.StatusServiceUnavailable, answer.StatusCode == http.StatusTooManyRequests:
			time.Sleep(20 * time.Millisecond)
		case answer.StatusCode != http.StatusOK:
			return fmt.Errorf("the runner answered %s: %s", answer.Status, text)
		default:
			return nil
		}
	}
}

// results are one file that says whose it is.
func results(run *unstructured.Unstructured) ([]byte, error) {
	content := fmt.Appendf(nil, "{apiVersion: v1, kind: ConfigMap, metadata: {name: %s}}\n", run.GetName())
	var bundle bytes.Buffer
	archive := tar.NewWriter(&bundle)
	if err := archive.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "output/config.yaml", Size: int64(len(content)), Mode: 0o644}); err != nil {
		return nil, err
	}
	_, err := archive.Write(content)
	err = errors.Join(err, archive.Close())
	return bundle.Bytes(), err
}

// endpointOf is where the last step would deliver.
func endpointOf(run *unstructured.Unstructured) string {
	steps, _, _ := unstructured.NestedSlice(run.Object, "spec", "taskSpec", "steps")
	last, _ := steps[len(steps)-1].(map[string]any)
	args, _, _ := unstructured.NestedStringSlice(last, "args")
	for _, arg := range args {
		if endpoint, ok := strings.CutPrefix(arg, "--endpoint="); ok {
			return endpoint
		}
	}
	return "" // and so nowhere
}

// trust is in whom the last step would: it reads the CA once, as the kubelet does for all
// Pods of a namespace.
func (e *engine) trust(ctx context.Context, namespace string) (*tls.Config, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ca == nil {
		ca, err := e.typed.CoreV1().ConfigMaps(namespace).Get(ctx, certs.CAConfigMap, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		e.ca = x509.NewCertPool()
		e.ca.AppendCertsFromPEM([]byte(ca.Data[certs.CAKey]))
	}
	return &tls.Config{RootCAs: e.ca, MinVersion: tls.VersionTLS12}, nil
}
