// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/minio/minio-go/v7"
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
	return hashed(made.repository.files(t))
}

func (made *outlets) inBucket(t *testing.T) map[string]string {
	return hashed(withoutCanaries(objectsIn(t, made.client, made.bucket)))
}

func hashed(files map[string]string) map[string]string {
	for path, content := range files {
		files[path] = sum(content)
	}
	return files
}

func sum(content string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(content))) }
