// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/kratix-compile/kratix-compile/internal/harvest"
	"github.com/kratix-compile/kratix-compile/internal/harvest/bundle"
	"github.com/kratix-compile/kratix-compile/internal/harvest/certs"
	"github.com/kratix-compile/kratix-compile/internal/harvest/protocol"
	stored "github.com/kratix-compile/kratix-compile/internal/harvest/record"
)

const harvestAudience = "kratix-runner"

func restConfig(t *testing.T) *rest.Config {
	t.Helper()
	kubeconfig, err := clientcmd.BuildConfigFromFlags("", shared.Kubeconfig)
	require.NoError(t, err)
	kubeconfig.QPS = -1
	return kubeconfig
}

func liveClient(t *testing.T) client.Client {
	t.Helper()
	c, err := client.New(restConfig(t), client.Options{Scheme: clientgoscheme.Scheme})
	require.NoError(t, err)
	return c
}

// noise does not get smaller by compressing it.
func noise(n int) []byte {
	data := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(data)
	return data
}

// TestLargeRecord keeps the largest bundle there may be in a real API server.
func TestLargeRecord(t *testing.T) {
	t.Parallel()
	api := liveClient(t)
	store := &stored.Store{Writer: api, Reader: api, Namespace: newNamespace(t, "record")}
	key, data := stored.Key{Namespace: "team", Run: "large"}, noise(int(bundle.DefaultLimits().Bytes))
	sum := bundle.Digest(sha256.Sum256(data)).String()

	begin := time.Now()
	_, existed, err := store.Put(t.Context(), key, stored.Origin{Pod: "pod"}, sum, int64(len(data)), bytes.NewReader(data))
	require.NoError(t, err)
	assert.False(t, existed)
	t.Logf("stored %d bytes in %s", len(data), time.Since(begin))
	have, existed, err := store.Put(t.Context(), key, stored.Origin{Pod: "pod"}, sum, int64(len(data)), bytes.NewReader(data))
	require.NoError(t, err)
	assert.True(t, existed)

	begin = time.Now()
	opened, err := store.Open(t.Context(), have)
	require.NoError(t, err)
	read := sha256.New()
	n, err := io.Copy(read, opened)
	require.NoError(t, err)
	assert.EqualValues(t, len(data), n)
	assert.Equal(t, sum, bundle.Digest(read.Sum(nil)).String())
	t.Logf("read them in %s", time.Since(begin))

	begin = time.Now()
	require.NoError(t, store.Delete(t.Context(), have))
	t.Logf("deleted them in %s", time.Since(begin))
	left := &corev1.ConfigMapList{}
	require.NoError(t, api.List(t.Context(), left, client.InNamespace(store.Namespace)))
	for _, m := range left.Items {
		assert.NotContains(t, m.Name, "harvest-")
	}
}

// harvestServer is the runner's part of a harvest, with a certificate that it made itself.
type harvestServer struct {
	api         client.Client
	system      string
	address     string
	certificate *certs.Certificate
	records     *stored.Store
	superseded  atomic.Bool
}

func startHarvestServer(t *testing.T) *harvestServer {
	t.Helper()
	s := &harvestServer{api: liveClient(t), system: newNamespace(t, "harvest-system")}
	secret := types.NamespacedName{Namespace: s.system, Name: "kratix-runner-tls"}
	require.NoError(t, s.api.Create(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: secret.Namespace, Name: secret.Name}}))
	mgr, err := manager.New(restConfig(t), manager.Options{
		Metrics: server.Options{BindAddress: "0"}, Logger: logr.Discard(), Controller: config.Controller{SkipNameValidation: new(true)},
	})
	require.NoError(t, err)
	s.certificate, err = certs.Add(mgr, certs.Options{Secret: secret, DNSNames: []string{"localhost"}})
	require.NoError(t, err)
	s.records = &stored.Store{Writer: mgr.GetClient(), Reader: mgr.GetAPIReader(), Namespace: s.system}
	handler, err := harvest.NewHandler(harvest.Options{
		Reviewer: &harvest.TokenReviewer{Client: mgr.GetClient(), Audience: harvestAudience},
		Runs: &harvest.PodRuns{Reader: mgr.GetAPIReader(), Wanted: func(context.Context, harvest.Run) (bool, error) {
			return !s.superseded.Load(), nil
		}},
		Records:  s.records,
		Check:    func(harvest.Run, bundle.Contents) ([]string, error) { return nil, nil },
		SpoolDir: t.TempDir(),
	})
	require.NoError(t, err)
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	s.address = net.JoinHostPort("localhost", port)
	require.NoError(t, mgr.Add(&harvest.Server{Listener: listener, Handler: handler, GetCertificate: s.certificate.GetCertificate}))
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- mgr.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		assert.NoError(t, <-ended)
	})
	require.Eventually(t, func() bool { return s.certificate.Ready(nil) == nil }, limit, 50*time.Millisecond)
	return s
}

// runPod is a Pod that a TaskRun of a Promise seems to have made. It never starts: what
// counts is what the API server knows of it.
func (s *harvestServer) runPod(t *testing.T, namespace, name string) *corev1.Pod {
	t.Helper()
	run := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"taskRef": map[string]any{"name": "none"}}}}
	run.SetAPIVersion("tekton.dev/v1")
	run.SetKind("TaskRun")
	run.SetNamespace(namespace)
	run.SetName(name)
	run.SetLabels(map[string]string{"kratix.io/promise-name": "db"})
	require.NoError(t, s.api.Create(t.Context(), run))
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name + "-pod", OwnerReferences: []metav1.OwnerReference{{
			APIVersion: run.GetAPIVersion(), Kind: run.GetKind(), Name: name, UID: run.GetUID(), Controller: new(true),
		}}},
		Spec: corev1.PodSpec{
			NodeSelector: map[string]string{"no": "node"},
			Containers:   []corev1.Container{{Name: "kratix-harvest", Image: "none"}},
		},
	}
	require.Eventually(t, func() bool { // the default account takes a moment
		return s.api.Create(t.Context(), pod) == nil
	}, limit, 100*time.Millisecond)
	return pod
}

// podToken is what the kubelet would mount into the Pod's harvest.
func podToken(t *testing.T, pod *corev1.Pod, bound bool, audiences ...string) string {
	t.Helper()
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{Audiences: audiences}}
	if bound {
		request.Spec.BoundObjectRef = &authenticationv1.BoundObjectReference{Kind: "Pod", APIVersion: "v1", Name: pod.Name, UID: pod.UID}
	}
	made, err := shared.Typed.CoreV1().ServiceAccounts(pod.Namespace).CreateToken(t.Context(), "default", request, metav1.CreateOptions{})
	require.NoError(t, err)
	return made.Status.Token
}

// step runs the real kratix-harvest, with the CA that is in the Pod's namespace.
func (s *harvestServer) step(t *testing.T, program string, pod *corev1.Pod, files map[string][]byte) (code int, log string) {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"output", "metadata", "credentials"} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, name), 0o755))
	}
	for name, content := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), content, 0o600))
	}
	ca := &corev1.ConfigMap{}
	require.NoError(t, s.api.Get(t.Context(), client.ObjectKey{Namespace: pod.Namespace, Name: certs.CAConfigMap}, ca))
	require.NoError(t, errors.Join(
		os.WriteFile(filepath.Join(dir, "credentials", protocol.CAFile), []byte(ca.Data[certs.CAKey]), 0o600),
		os.WriteFile(filepath.Join(dir, "credentials", protocol.TokenFile), []byte(podToken(t, pod, true, harvestAudience)), 0o600)))
	step := exec.CommandContext(t.Context(), program, "--endpoint=https://"+s.address, "--credentials="+filepath.Join(dir, "credentials"),
		"--output="+filepath.Join(dir, "output"), "--metadata="+filepath.Join(dir, "metadata"))
	out, err := step.CombinedOutput()
	if _, ended := errors.AsType[*exec.ExitError](err); !ended {
		require.NoError(t, err)
	}
	return step.ProcessState.ExitCode(), string(out)
}

func (s *harvestServer) ensureCA(t *testing.T, namespace string) {
	t.Helper()
	ca, err := s.certificate.CA()
	require.NoError(t, err)
	require.NoError(t, certs.EnsureCA(t.Context(), s.api, namespace, ca))
}

// status is the answer to a request with this token alone.
func (s *harvestServer) status(t *testing.T, token string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+s.address+protocol.Path, strings.NewReader(""))
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", protocol.MediaType)
	request.Header.Set(protocol.DigestHeader, protocol.FormatDigest(sha256.Sum256(nil)))
	pool := x509.NewCertPool()
	ca, err := s.certificate.CA()
	require.NoError(t, err)
	require.True(t, pool.AppendCertsFromPEM(ca))
	answer, err := (&http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true}}).Do(request)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	return answer.StatusCode
}

// TestHarvest delivers bundles to a real API server, with real tokens and a certificate
// that is made, distributed and rotated.
func TestHarvest(t *testing.T) {
	t.Parallel()
	s, namespace := startHarvestServer(t), newNamespace(t, "harvest")
	program := filepath.Join(t.TempDir(), "kratix-harvest")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-C", "..", "-o", program, "./cmd/kratix-harvest").CombinedOutput()
	require.NoError(t, err, string(out))
	s.ensureCA(t, namespace)
	pod := s.runPod(t, namespace, "first")

	t.Run("delivers", func(t *testing.T) {
		files := map[string][]byte{"output/large": noise(3 << 20), "metadata/status.yaml": []byte("a: b\n")}
		code, log := s.step(t, program, pod, files)
		require.Zero(t, code, log)
		have, err := s.records.Get(t.Context(), stored.Key{Namespace: namespace, Run: "first"})
		require.NoError(t, err)
		assert.Equal(t, pod.UID, have.PodUID)
		opened, err := s.records.Open(t.Context(), have)
		require.NoError(t, err)
		contents, err := bundle.Inspect(opened, bundle.DefaultLimits())
		require.NoError(t, err)
		assert.EqualValues(t, 3<<20, contents.Bytes)
		assert.Equal(t, "a: b\n", string(contents.Metadata["status.yaml"]))

		code, log = s.step(t, program, pod, files)
		assert.Zero(t, code, log)
		assert.Contains(t, log, "stored already")
		code, log = s.step(t, program, pod, nil)
		assert.Equal(t, 1, code)
		assert.Contains(t, log, "another bundle was stored for this run")
	})

	t.Run("believes no other token", func(t *testing.T) {
		assert.Equal(t, http.StatusUnauthorized, s.status(t, "nonsense"))
		assert.Equal(t, http.StatusUnauthorized, s.status(t, podToken(t, pod, false, harvestAudience)), "of no Pod")
		assert.Equal(t, http.StatusUnauthorized, s.status(t, podToken(t, pod, true)), "for the API server, as user containers have it")
		ours := podToken(t, pod, true, harvestAudience)
		assert.Equal(t, http.StatusConflict, s.status(t, ours), "it is that of a run with another bundle")
		toAPI := rest.AnonymousClientConfig(restConfig(t))
		toAPI.BearerToken = ours
		transport, err := rest.HTTPClientFor(toAPI)
		require.NoError(t, err)
		answer, err := transport.Get(toAPI.Host + "/api")
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		assert.Equal(t, http.StatusUnauthorized, answer.StatusCode, "the API server takes none of ours")
	})

	t.Run("knows Pods", func(t *testing.T) {
		gone := s.runPod(t, namespace, "gone")
		old := podToken(t, gone, true, harvestAudience)
		require.NoError(t, s.api.Delete(t.Context(), gone, client.GracePeriodSeconds(0)))
		require.Eventually(t, func() bool { return s.status(t, old) == http.StatusUnauthorized }, limit, 200*time.Millisecond)

		free := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "free"}, Spec: pod.Spec}
		free.Spec = corev1.PodSpec{NodeSelector: map[string]string{"no": "node"}, Containers: []corev1.Container{{Name: "x", Image: "none"}}}
		require.NoError(t, s.api.Create(t.Context(), free))
		assert.Equal(t, http.StatusForbidden, s.status(t, podToken(t, free, true, harvestAudience)))
	})

	t.Run("rotates its certificate", func(t *testing.T) {
		old, err := s.certificate.CA()
		require.NoError(t, err)
		secret := &corev1.Secret{}
		require.NoError(t, s.api.Get(t.Context(), client.ObjectKey{Namespace: s.system, Name: "kratix-runner-tls"}, secret))
		secret.Data = map[string][]byte{}
		require.NoError(t, s.api.Update(t.Context(), secret))
		require.Eventually(t, func() bool {
			ca, err := s.certificate.CA()
			return err == nil && !bytes.Equal(ca, old)
		}, limit, 50*time.Millisecond)
		s.ensureCA(t, namespace)
		code, log := s.step(t, program, s.runPod(t, namespace, "rotated"), nil)
		assert.Zero(t, code, log)
	})

	t.Run("ends superseded runs", func(t *testing.T) {
		s.superseded.Store(true)
		code, log := s.step(t, program, s.runPod(t, namespace, "superseded"), nil)
		assert.Zero(t, code, log)
		assert.Contains(t, log, "the runner does not want the bundle")
		_, err := s.records.Get(t.Context(), stored.Key{Namespace: namespace, Run: "superseded"})
		assert.ErrorIs(t, err, stored.ErrNotFound)
	})
}
