// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/minio/minio-go/v7"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kratix-compile/kratix-compile/e2e/cluster"
)

// stores are a Git repository and a bucket, each of them a Destination.
type stores struct {
	name    string
	bucket  *minio.Client
	objects []*unstructured.Unstructured
}

// The runner may read the Secrets of State Stores only where a Role says so (docs/placement.md).
const manifests = `
{apiVersion: v1, kind: Secret, metadata: {name: demo-bucket, namespace: kratix-platform-system}, stringData: {accessKeyID: %[2]q, secretAccessKey: %[3]q}}
---
{apiVersion: v1, kind: Secret, metadata: {name: demo-git, namespace: kratix-platform-system}, stringData: {username: %[6]q, password: %[7]q, ca.crt: %[8]q}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: demo-stores, namespace: kratix-platform-system},
  rules: [{apiGroups: [""], resources: [secrets], resourceNames: [demo-bucket, demo-git], verbs: [get]}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: demo-stores, namespace: kratix-platform-system},
  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: demo-stores}, subjects: [{kind: ServiceAccount, name: kratix-runner, namespace: kratix-platform-system}]}
---
{apiVersion: platform.kratix.io/v1alpha1, kind: BucketStateStore, metadata: {name: demo-bucket},
  spec: {bucketName: %[1]q, endpoint: %[4]q, insecure: true, secretRef: {name: demo-bucket, namespace: kratix-platform-system}}}
---
{apiVersion: platform.kratix.io/v1alpha1, kind: GitStateStore, metadata: {name: demo-git},
  spec: {url: %[5]q, branch: main, secretRef: {name: demo-git, namespace: kratix-platform-system}}}
---
{apiVersion: platform.kratix.io/v1alpha1, kind: Destination, metadata: {name: in-bucket, labels: {environment: dev}},
  spec: {path: in-bucket, cleanup: none, stateStoreRef: {kind: BucketStateStore, name: demo-bucket}}}
---
{apiVersion: platform.kratix.io/v1alpha1, kind: Destination, metadata: {name: in-git, labels: {environment: dev}},
  spec: {path: in-git, cleanup: none, stateStoreRef: {kind: GitStateStore, name: demo-git}}}
`

// offer makes Destinations of what the cluster has; nil if it has neither store.
func (s *stage) offer(ctx context.Context) (*stores, error) {
	if s.S3 == nil || s.Git == nil {
		return nil, nil
	}
	client, err := s.S3.Client()
	if err != nil {
		return nil, err
	}
	made := &stores{name: "demo-" + strings.ToLower(rand.Text()[:8]), bucket: client}
	if err := made.bucket.MakeBucket(ctx, made.name, minio.MakeBucketOptions{}); err != nil {
		return nil, err
	}
	authority, err := os.ReadFile(s.Git.CAFile)
	if err != nil {
		return nil, err
	}
	made.objects, err = cluster.Objects(fmt.Appendf(nil, manifests, made.name, s.S3.AccessKey, s.S3.SecretKey, client.EndpointURL().Host,
		s.Git.HTTPS+"/"+made.name+".git", s.Git.User, s.Git.Password, authority))
	if err != nil {
		return nil, err
	}
	s.say("kubectl apply: a Destination in a Git repository and one in a bucket")
	return made, s.Create(ctx, made.objects...)
}

// show prints what is in both, but for what only says that they can be written.
func (made *stores) show(ctx context.Context, s *stage) error {
	s.say("the bucket %s", made.name)
	for object := range made.bucket.ListObjects(ctx, made.name, minio.ListObjectsOptions{Recursive: true}) {
		if object.Err != nil {
			return object.Err
		}
		content, err := made.bucket.GetObject(ctx, made.name, object.Key, minio.GetObjectOptions{})
		if err != nil {
			return err
		}
		data, err := io.ReadAll(content)
		if err != nil {
			return err
		}
		tell(object.Key, data)
	}
	dir, err := os.MkdirTemp("", "demo-git")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	s.say("the Git repository %s", made.name)
	git, err := s.Git.Clone(ctx, made.name, dir)
	if err != nil {
		return err
	}
	log, err := git("log", "--format=%h %s")
	if err != nil {
		return err
	}
	fmt.Print(indent(log))
	tree, err := git("ls-files")
	if err != nil {
		return err
	}
	for path := range strings.FieldsSeq(tree) {
		data, err := os.ReadFile(filepath.Join(dir, path))
		if err != nil {
			return err
		}
		tell(path, data)
	}
	return nil
}

func tell(path string, data []byte) {
	if !strings.Contains(path, "kratix-canary") {
		fmt.Printf("        %s\n%s", path, indent(string(data)))
	}
}

// remove takes the Destinations away, and what they were made of.
func (made *stores) remove(ctx context.Context, s *stage) error {
	var failed error
	for _, object := range slices.Backward(made.objects) {
		failed = errors.Join(failed, s.drop(ctx, object))
	}
	return failed
}
