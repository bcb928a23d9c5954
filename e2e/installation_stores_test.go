// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/e2e/cluster"
	"github.com/kratix-compile/kratix-compile/e2e/deployed"
)

const bucketName = "install"

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
	in.bucket, err = shared.S3.Client()
	require.NoError(t, err)
	if there, err := in.bucket.BucketExists(t.Context(), bucketName); err != nil || !there {
		require.NoError(t, in.bucket.MakeBucket(t.Context(), bucketName, minio.MakeBucketOptions{}))
	}
	text := fmt.Sprintf(installStores, shared.S3.AccessKey, shared.S3.SecretKey, leadRunner(t, s3.Host), login["username"], login["password"], login["ca.crt"], git)
	if in.way.name == "kustomize" {
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

func (in *installation) inGit(t *testing.T) map[string]string { return in.repository.tree(t) }

func (in *installation) inBucket(t *testing.T) map[string]string {
	return objectsIn(t, in.bucket, bucketName)
}
