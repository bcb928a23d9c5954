// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// outlets are a Git repository and a bucket, each a Destination with a label of its own:
// store: NAMESPACE-git and store: NAMESPACE-bucket.
type outlets struct {
	bucket     string
	client     *minio.Client
	repository repository
}

const outletManifests = `
{apiVersion: v1, kind: Secret, metadata: {name: NAMESPACE-bucket, namespace: NAMESPACE}, stringData: {accessKeyID: %[2]q, secretAccessKey: %[3]q}}
---
{apiVersion: v1, kind: Secret, metadata: {name: NAMESPACE-git, namespace: NAMESPACE}, stringData: {username: %[6]q, password: %[7]q, ca.crt: %[8]q}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: outlets, namespace: NAMESPACE},
  rules: [{apiGroups: [""], resources: [secrets], resourceNames: [NAMESPACE-bucket, NAMESPACE-git], verbs: [get]}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: outlets, namespace: NAMESPACE},
  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: outlets}, subjects: [{kind: ServiceAccount, name: kratix-runner, namespace: kratix-platform-system}]}
---
{apiVersion: platform.kratix.io/v1alpha1, kind: BucketStateStore, metadata: {name: NAMESPACE},
  spec: {bucketName: %[1]q, endpoint: %[4]q, insecure: %[9]t, secretRef: {name: NAMESPACE-bucket, namespace: NAMESPACE}}}
---
{apiVersion: platform.kratix.io/v1alpha1, kind: GitStateStore, metadata: {name: NAMESPACE},
  spec: {url: %[5]q, branch: main, secretRef: {name: NAMESPACE-git, namespace: NAMESPACE}}}
---
{apiVersion: platform.kratix.io/v1alpha1, kind: Destination, metadata: {name: NAMESPACE-bucket, labels: {store: NAMESPACE-bucket}},
  spec: {path: base, cleanup: none, stateStoreRef: {kind: BucketStateStore, name: NAMESPACE}}}
---
{apiVersion: platform.kratix.io/v1alpha1, kind: Destination, metadata: {name: NAMESPACE-git, labels: {store: NAMESPACE-git}},
  spec: {path: base, cleanup: none, stateStoreRef: {kind: GitStateStore, name: NAMESPACE}}}
`

// outlets are made for the namespace of the install, and go with the test.
func (in *install) outlets(t *testing.T) *outlets {
	t.Helper()
	require.NotNil(t, shared.S3, "the cluster has no S3; set E2E_S3=http://ACCESSKEY:SECRETKEY@HOST for one of your own")
	client, err := shared.S3.Client()
	require.NoError(t, err)
	at := client.EndpointURL()
	made := &outlets{bucket: in.namespace, client: client}
	require.NoError(t, made.client.MakeBucket(t.Context(), made.bucket, minio.MakeBucketOptions{}))
	address, login, repository := newRepository(t)
	made.repository = repository
	in.apply(t, fmt.Sprintf(outletManifests, made.bucket, shared.S3.AccessKey, shared.S3.SecretKey, at.Host,
		address, login["username"], login["password"], login["ca.crt"], at.Scheme == "http"))
	return made
}

// apply creates objects and deletes them after the test, the last one first.
func (in *install) apply(t *testing.T, text string) {
	t.Helper()
	objects := in.objects(t, text)
	require.NoError(t, shared.Create(t.Context(), objects...))
	for _, o := range objects {
		t.Cleanup(func() { remove(t, o) })
	}
}

func remove(t *testing.T, o *unstructured.Unstructured) {
	t.Helper()
	resource, err := shared.Resource(o)
	require.NoError(t, err)
	_ = resource.Delete(bounded(t), o.GetName(), metav1.DeleteOptions{}) // it may have gone already
}

// inGit has the SHA-256 of each file of the repository, by path; inBucket of the bucket.
func (made *outlets) inGit(t *testing.T) map[string]string {
	t.Helper()
	dir := made.repository.clone(t)
	found := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() && entry.Name() == ".git" {
			return cmp.Or(err, filepath.SkipDir)
		}
		if entry.IsDir() {
			return nil
		}
		name, err := filepath.Rel(dir, path)
		require.NoError(t, err)
		file, err := os.Open(path)
		require.NoError(t, err)
		defer func() { _ = file.Close() }()
		found[name] = sum(t, file)
		return nil
	}))
	return withoutCanaries(found)
}

func (made *outlets) inBucket(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for o := range made.client.ListObjects(context.WithoutCancel(t.Context()), made.bucket, minio.ListObjectsOptions{Recursive: true}) {
		require.NoError(t, o.Err)
		content, err := made.client.GetObject(t.Context(), made.bucket, o.Key, minio.GetObjectOptions{})
		require.NoError(t, err)
		found[o.Key] = sum(t, content)
	}
	return withoutCanaries(found)
}

func sum(t *testing.T, content io.Reader) string {
	t.Helper()
	hash := sha256.New()
	_, err := io.Copy(hash, content)
	assert.NoError(t, err)
	return hex.EncodeToString(hash.Sum(nil))
}
