// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/e2e/cluster"
	"github.com/kratix-compile/kratix-compile/e2e/deployed"
)

// TestInstall installs the runner as docs/install.md says, in Pods of the cluster, has it
// serve an example, takes it away and puts it back.
func TestInstall(t *testing.T) {
	images := imagesOf(t, "v0.1.0")
	leadSteps(t)
	for _, w := range ways(t) {
		for _, e := range engines {
			t.Run(w.name+"/"+e.name, func(t *testing.T) {
				in := &installation{way: w, engine: e}
				in.install(t, images)
				in.refuses(t)
				in.outlets(t)
				in.serve(t)
				in.surviveUninstall(t, images)
			})
		}
	}
}

// A way is how somebody installs, upgrades and uninstalls.
type way struct {
	name      string
	install   func(t *testing.T, e engine, images deployed.Images)
	uninstall func(t *testing.T)
}

func ways(t *testing.T) []way {
	kubectl := buildKubectl(t)
	return []way{
		{
			name: "kustomize",
			install: func(t *testing.T, e engine, images deployed.Images) {
				objects, err := deployed.Kustomize(t.Context(), "overlays/"+e.name, images)
				require.NoError(t, err)
				require.NoError(t, deployed.Apply(t.Context(), shared, objects))
			},
			uninstall: func(t *testing.T) {
				for _, command := range uninstallCommands(t) {
					shell := exec.CommandContext(bounded(t), "sh", "-c", command)
					shell.Env = append(os.Environ(), "KUBECONFIG="+shared.Kubeconfig, "PATH="+kubectl+":"+os.Getenv("PATH"))
					out, err := shell.CombinedOutput()
					require.NoError(t, err, "%s\n%s", command, out)
				}
			},
		},
		{
			name: "helm",
			install: func(t *testing.T, e engine, images deployed.Images) {
				require.NoError(t, deployed.Helm(t.Context(), shared, images, "upgrade", "--install", "--create-namespace", "--take-ownership", "--force-conflicts",
					"--set", "engines={"+e.name+"}", "--set", "stateStoreSecrets={install-git,install-bucket}"))
			},
			uninstall: func(t *testing.T) {
				_, err := deployed.Tool(bounded(t), "helm", "uninstall", "kratix-runner", "--namespace", deployed.Namespace, "--kubeconfig", shared.Kubeconfig)
				require.NoError(t, err)
			},
		},
	}
}

// uninstallCommands are those that docs/install.md has for kustomize.
func uninstallCommands(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile("../docs/install.md")
	require.NoError(t, err)
	commands := regexp.MustCompile(`(?m)^kubectl delete .*-l app.kubernetes.io/name=kratix-runner.*$`).FindAllString(string(data), -1)
	require.NotEmpty(t, commands)
	return commands
}

var built = map[string]deployed.Images{} // by version

// imagesOf builds the images of a version once, or has them from E2E_IMAGES.
func imagesOf(t *testing.T, version string) deployed.Images {
	t.Helper()
	if images, ok := built[version]; ok {
		return images
	}
	dir := filepath.Join(os.Getenv("E2E_IMAGES"), version)
	if dir == version {
		dir = t.TempDir()
		require.NoError(t, deployed.BuildImages(t.Context(), dir, version))
	}
	images, err := deployed.PushImages(t.Context(), dir)
	require.NoError(t, err)
	built[version] = images
	return images
}

func leadSteps(t *testing.T) {
	t.Helper()
	closer, err := deployed.LeadSteps(shared.Typed)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, closer.Close()) })
}

// installation is a runner in Pods, and the example that it serves.
type installation struct {
	way
	engine     engine
	repository repository
	bucket     *minio.Client
	outlet     []*unstructured.Unstructured
	promise    *unstructured.Unstructured
	request    *unstructured.Unstructured
}

const bucketName = "install"

// install waits until both replicas are there, and the API server can ask them.
func (in *installation) install(t *testing.T, images deployed.Images) {
	t.Helper()
	in.way.install(t, in.engine, images)
	t.Cleanup(func() {
		if t.Failed() {
			in.log(t)
		}
	})
	in.awaitRollout(t)
	_, err := shared.Await(bounded(t), named("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "", "kratix-runner"), func(o *unstructured.Unstructured) (bool, error) {
		hooks, _, _ := unstructured.NestedSlice(o.Object, "webhooks")
		ca, _, _ := unstructured.NestedString(hooks[0].(map[string]any), "clientConfig", "caBundle")
		return ca != "", nil
	})
	require.NoError(t, err)
}

func (in *installation) awaitRollout(t *testing.T) {
	t.Helper()
	o, err := shared.Await(bounded(t), deployment(), rolledOut)
	require.NoError(t, err, "%s", describe(o))
}

func rolledOut(o *unstructured.Unstructured) (bool, error) {
	count := func(field string) int64 {
		n, _, _ := unstructured.NestedInt64(o.Object, "status", field)
		return n
	}
	return count("observedGeneration") == o.GetGeneration() && count("updatedReplicas") == 2 && count("availableReplicas") == 2 && count("replicas") == 2, nil
}

// refuses a Promise with a mistake, because the API server asks a replica.
func (in *installation) refuses(t *testing.T) {
	t.Helper()
	promise := in.example(t, "promise.yaml")
	require.NoError(t, unstructured.SetNestedField(promise.Object, "Deployment", "spec", "api", "kind"))
	var answer error
	require.Eventually(t, func() bool { // the API server hears of a new CA a moment after the replicas are there
		answer = shared.Create(t.Context(), promise)
		return answer == nil || !strings.Contains(answer.Error(), "failed calling webhook")
	}, time.Minute, 200*time.Millisecond, "the API server cannot ask: %v", answer)
	require.ErrorContains(t, answer, "spec.api")
}

func (in *installation) example(t *testing.T, file string) *unstructured.Unstructured {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../examples/website", file))
	require.NoError(t, err)
	objects, err := cluster.Objects(data)
	require.NoError(t, err)
	return objects[0]
}

const installStores = `
{apiVersion: v1, kind: Secret, metadata: {name: install-bucket, namespace: kratix-platform-system}, stringData: {accessKeyID: %[1]q, secretAccessKey: %[2]q}}
---
{apiVersion: v1, kind: Secret, metadata: {name: install-git, namespace: kratix-platform-system}, stringData: {username: %[4]q, password: %[5]q, ca.crt: %[6]q}}
---
{apiVersion: platform.kratix.io/v1alpha1, kind: BucketStateStore, metadata: {name: install},
  spec: {bucketName: install, endpoint: %[3]q, insecure: true, secretRef: {name: install-bucket, namespace: kratix-platform-system}}}
---
{apiVersion: platform.kratix.io/v1alpha1, kind: GitStateStore, metadata: {name: install},
  spec: {url: %[7]q, branch: main, secretRef: {name: install-git, namespace: kratix-platform-system}}}
---
{apiVersion: platform.kratix.io/v1alpha1, kind: Destination, metadata: {name: install-bucket, labels: {environment: dev}},
  spec: {path: bucket, cleanup: none, stateStoreRef: {kind: BucketStateStore, name: install}}}
---
{apiVersion: platform.kratix.io/v1alpha1, kind: Destination, metadata: {name: install-git, labels: {environment: dev}},
  spec: {path: git, cleanup: none, stateStoreRef: {kind: GitStateStore, name: install}}}
`

// The chart has a value for it.
const installRole = `
{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: install, namespace: kratix-platform-system},
  rules: [{apiGroups: [""], resources: [secrets], resourceNames: [install-git, install-bucket], verbs: [get]}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: install, namespace: kratix-platform-system},
  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: install}, subjects: [{kind: ServiceAccount, name: kratix-runner, namespace: kratix-platform-system}]}
`

// outlets are a repository and a bucket, at addresses that Pods of their own network reach.
func (in *installation) outlets(t *testing.T) {
	t.Helper()
	address, login, repository := newRepository(t)
	in.repository = repository
	git, err := url.Parse(address)
	require.NoError(t, err)
	git.Host = leadRunner(t, git.Host)
	s3, err := url.Parse(shared.S3.Endpoint)
	require.NoError(t, err)
	in.bucket, err = minio.New(s3.Host, &minio.Options{Creds: credentials.NewStaticV4(shared.S3.AccessKey, shared.S3.SecretKey, "")})
	require.NoError(t, err)
	if there, err := in.bucket.BucketExists(t.Context(), bucketName); err != nil || !there {
		require.NoError(t, in.bucket.MakeBucket(t.Context(), bucketName, minio.MakeBucketOptions{}))
	}
	text := fmt.Sprintf(installStores, shared.S3.AccessKey, shared.S3.SecretKey, leadRunner(t, s3.Host), login["username"], login["password"], login["ca.crt"], git)
	if in.name == "kustomize" {
		text += "---" + installRole
	}
	objects, err := cluster.Objects([]byte(text))
	require.NoError(t, err)
	require.NoError(t, shared.Create(t.Context(), objects...))
	in.outlet = objects
}

func leadRunner(t *testing.T, address string) string {
	t.Helper()
	at, closer, err := deployed.LeadRunner(address)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, closer.Close()) })
	return at
}

// serve has the Promise and the request in State Stores.
func (in *installation) serve(t *testing.T) {
	t.Helper()
	in.promise, in.request = in.example(t, "promise.yaml"), in.example(t, "request.yaml")
	require.NoError(t, shared.Create(t.Context(), in.promise))
	in.await(t, in.promise, "Available")
	require.NoError(t, shared.Create(t.Context(), in.request))
	in.await(t, in.request, "Reconciled")
	in.await(t, in.promise, "Reconciled")
	var announced int
	for _, files := range []map[string]string{in.inGit(t), in.inBucket(t)} {
		assert.Contains(t, strings.Join(slices.Collect(maps.Values(files)), ""), "kind: ResourceQuota", "a Promise's files are everywhere")
		for file := range files {
			if strings.HasSuffix(file, "announcement.txt") {
				announced++
			}
		}
	}
	assert.Equal(t, 1, announced, "a request's are at one Destination")
}

func (in *installation) await(t *testing.T, o *unstructured.Unstructured, kind string) *unstructured.Unstructured {
	t.Helper()
	seen, err := shared.Await(bounded(t), o, func(o *unstructured.Unstructured) (bool, error) {
		return conditionOf(o, kind) == "True" && completed(o), nil
	})
	require.NoError(t, err, "%s", describe(seen))
	return seen
}

// surviveUninstall: what users have and what is in State Stores stays, and a runner that
// comes back goes on as if it had not been away.
func (in *installation) surviveUninstall(t *testing.T, images deployed.Images) {
	t.Helper()
	before, inGit, inBucket, runs := in.await(t, in.request, "Reconciled"), in.inGit(t), in.inBucket(t), in.runs(t)
	in.uninstall(t)
	of := metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=kratix-runner"}
	for _, gvr := range []schema.GroupVersionResource{
		{Group: "apps", Version: "v1", Resource: "deployments"},
		{Version: "v1", Resource: "services"},
		{Version: "v1", Resource: "serviceaccounts"},
		{Group: "policy", Version: "v1", Resource: "poddisruptionbudgets"},
		{Group: "networking.k8s.io", Version: "v1", Resource: "networkpolicies"},
		{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "roles"},
		{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "rolebindings"},
		{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterroles"},
		{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterrolebindings"},
		{Group: "admissionregistration.k8s.io", Version: "v1", Resource: "validatingwebhookconfigurations"},
	} {
		require.EventuallyWithT(t, func(c *assert.CollectT) {
			left, err := shared.Dynamic.Resource(gvr).List(t.Context(), of)
			assert.NoError(c, err)
			assert.Empty(c, left.Items, gvr.Resource)
		}, time.Minute, 200*time.Millisecond)
	}
	for _, o := range append([]*unstructured.Unstructured{in.promise, in.request}, in.outlet...) {
		in.there(t, o)
	}
	assert.Equal(t, before.Object["status"], in.there(t, in.request).Object["status"])
	assert.Equal(t, inGit, in.inGit(t))
	assert.Equal(t, inBucket, in.inBucket(t))

	in.install(t, images)
	label := []byte(`{"metadata":{"labels":{"seen":"by-the-new-one"}}}`)
	resource, err := shared.Resource(in.request)
	require.NoError(t, err)
	_, err = resource.Patch(t.Context(), in.request.GetName(), types.MergePatchType, label, metav1.PatchOptions{})
	require.NoError(t, err)
	in.await(t, in.promise, "Reconciled")
	in.await(t, in.request, "Reconciled")
	assert.Equal(t, runs, in.runs(t), "nothing has run again")
	assert.Equal(t, inGit, in.inGit(t))

	for _, o := range append([]*unstructured.Unstructured{in.request, in.promise}, in.outlet...) {
		in.drop(t, o)
	}
	in.uninstall(t)
}

func (in *installation) there(t *testing.T, o *unstructured.Unstructured) *unstructured.Unstructured {
	t.Helper()
	resource, err := shared.Resource(o)
	require.NoError(t, err)
	seen, err := resource.Get(t.Context(), o.GetName(), metav1.GetOptions{})
	require.NoError(t, err)
	return seen
}

// drop deletes an object and waits until it is gone.
func (in *installation) drop(t *testing.T, o *unstructured.Unstructured) {
	t.Helper()
	remove(t, o)
	resource, err := shared.Resource(o)
	require.NoError(t, err)
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		_, err := resource.Get(bounded(t), o.GetName(), metav1.GetOptions{})
		assert.True(c, apierrors.IsNotFound(err), "%s %s is still there", o.GetKind(), o.GetName())
	}, 2*time.Minute, 200*time.Millisecond)
}

// runs are all of the engine, with their UIDs.
func (in *installation) runs(t *testing.T) []string {
	t.Helper()
	resource, err := shared.Resource(&unstructured.Unstructured{Object: map[string]any{"apiVersion": in.engine.APIVersion, "kind": in.engine.kind}})
	require.NoError(t, err)
	list, err := resource.List(t.Context(), metav1.ListOptions{LabelSelector: v1alpha1.LabelPromise + "=website"})
	require.NoError(t, err)
	var found []string
	for _, run := range list.Items {
		found = append(found, run.GetName()+" "+string(run.GetUID()))
	}
	slices.Sort(found)
	require.NotEmpty(t, found)
	return found
}

// inGit has the content of each file, by path; inBucket of the bucket.
func (in *installation) inGit(t *testing.T) map[string]string {
	t.Helper()
	dir := in.repository.clone(t)
	found := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			if entry.Name() == ".git" {
				return filepath.SkipDir
			}
			return err
		}
		data, err := os.ReadFile(path)
		found[strings.TrimPrefix(path, dir)] = string(data)
		return err
	}))
	return found
}

func (in *installation) inBucket(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for o := range in.bucket.ListObjects(context.WithoutCancel(t.Context()), bucketName, minio.ListObjectsOptions{Recursive: true}) {
		require.NoError(t, o.Err)
		content, err := in.bucket.GetObject(t.Context(), bucketName, o.Key, minio.GetObjectOptions{})
		require.NoError(t, err)
		data, err := io.ReadAll(content)
		require.NoError(t, err)
		found[o.Key] = string(data)
	}
	return found
}

// log shows what both replicas have to say.
func (in *installation) log(t *testing.T) {
	pods, err := shared.Typed.CoreV1().Pods(deployed.Namespace).List(bounded(t), metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=kratix-runner"})
	if err != nil {
		t.Log(err)
		return
	}
	for _, pod := range pods.Items {
		end, err := shared.Typed.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, &corev1.PodLogOptions{TailLines: new(int64(30))}).DoRaw(bounded(t))
		t.Logf("%s %s: %v\n%s", pod.Name, pod.Status.Phase, err, end)
	}
}

func named(apiVersion, kind, namespace, name string) *unstructured.Unstructured {
	o := &unstructured.Unstructured{}
	o.SetAPIVersion(apiVersion)
	o.SetKind(kind)
	o.SetNamespace(namespace)
	o.SetName(name)
	return o
}
