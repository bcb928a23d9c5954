// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/rand"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/stores/dispatch"
)

// TestPlacementInRealStores goes from a Work to files in a Git repository and a bucket.
func TestPlacementInRealStores(t *testing.T) {
	y := newYard(t)
	y.options.OpenGit, y.options.OpenBucket = dispatch.GitStores(t.TempDir(), dispatch.DefaultLimits()), dispatch.BucketStores(dispatch.DefaultLimits())
	bucket := y.realBucket(t)
	repository := y.realGit(t)
	y.start(t)
	inBucket := y.destination(t, "inbucket", dev, func(d *v1alpha1.Destination) { d.Spec.StateStoreRef.Name = y.name("real") })
	inGit := y.destination(t, "ingit", dev, func(d *v1alpha1.Destination) {
		d.Spec.StateStoreRef = &v1alpha1.StateStoreReference{Kind: v1alpha1.KindGitStateStore, Name: y.name("real")}
	})
	for _, d := range []*v1alpha1.Destination{inBucket, inGit} {
		y.ready(t, d, "True TestDocumentsWritten Test documents written to State Store")
	}
	everywhere := y.work(t, "promise", "", dev, "one", "two")
	y.written(t, 2)
	files := func(destination string) map[string]string {
		return map[string]string{
			"base/" + destination + "/dependencies/pg/gen/5058f/0.yaml": "one",
			"base/" + destination + "/dependencies/pg/gen/5058f/1.yaml": "two",
		}
	}
	assert.Equal(t, files("inbucket"), bucket(t))
	assert.Equal(t, files("ingit"), repository.files(t))
	for _, p := range y.placements(t) {
		if p.Spec.TargetDestinationName == inGit.Name {
			assert.Equal(t, repository.head(t), p.Status.VersionID)
		}
	}

	// Many at once are few commits.
	const n = 200
	before := repository.commits(t)
	y.update(t, inBucket, func() { inBucket.Labels["env"] = "prod" })
	y.ready(t, everywhere, "False Misplaced Misplaced")
	for i := range n {
		y.work(t, fmt.Sprintf("work-%d", i), fmt.Sprintf("db%d", i), dev, fmt.Sprintf("text %d", i))
	}
	y.eventually(t, func(c *assert.CollectT) {
		ready := 0
		for _, p := range y.placements(c) {
			if readyOf(&p) == placementReady {
				ready++
			}
		}
		assert.Equal(c, n+1, ready)
	})
	assert.Len(t, repository.files(t), n+2)
	commits := repository.commits(t) - before
	t.Logf("%d WorkPlacements in %d commits", n, commits)
	assert.LessOrEqual(t, commits, n/4)

	for i := range n {
		require.NoError(t, y.Delete(t.Context(), &v1alpha1.Work{ObjectMeta: metav1.ObjectMeta{Namespace: y.namespace, Name: fmt.Sprintf("work-%d", i)}}))
	}
	require.NoError(t, y.Delete(t.Context(), everywhere))
	y.gone(t, everywhere)
	y.eventually(t, func(c *assert.CollectT) { assert.Empty(c, y.placements(c)) })
	assert.Empty(t, repository.files(t))
	assert.Empty(t, bucket(t))
}

// realBucket makes a State Store and returns how to see what is in it, but for canaries.
func (y *yard) realBucket(t *testing.T) func(*testing.T) map[string]string {
	t.Helper()
	require.NotNil(t, shared.S3, "the cluster has no S3; set E2E_S3=http://ACCESSKEY:SECRETKEY@HOST for one of your own")
	c, err := shared.S3.Client()
	require.NoError(t, err)
	at := c.EndpointURL()
	name := "e2e-" + rand.String(8)
	require.NoError(t, c.MakeBucket(t.Context(), name, minio.MakeBucketOptions{}))
	y.create(t, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "s3"}, StringData: map[string]string{"accessKeyID": shared.S3.AccessKey, "secretAccessKey": shared.S3.SecretKey}})
	y.create(t, &v1alpha1.BucketStateStore{ObjectMeta: metav1.ObjectMeta{Name: y.name("real")}, Spec: v1alpha1.BucketStateStoreSpec{
		BucketName: name, Endpoint: at.Host, Insecure: at.Scheme == "http", Path: "base",
		SecretRef: &corev1.SecretReference{Name: "s3", Namespace: y.namespace},
	}})
	return func(t *testing.T) map[string]string { return withoutCanaries(objectsIn(t, c, name)) }
}

func withoutCanaries(files map[string]string) map[string]string {
	maps.DeleteFunc(files, func(path, _ string) bool { return strings.Contains(path, "kratix-canary") })
	return files
}

// repository is one of the cluster's server.
type repository struct{ url string }

func (y *yard) realGit(t *testing.T) repository {
	t.Helper()
	address, login, r := newRepository(t)
	y.create(t, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "git"}, StringData: login})
	y.create(t, &v1alpha1.GitStateStore{ObjectMeta: metav1.ObjectMeta{Name: y.name("real")}, Spec: v1alpha1.GitStateStoreSpec{
		URL: address, Path: "base", SecretRef: &corev1.SecretReference{Name: "git", Namespace: y.namespace},
	}})
	return r
}

// newRepository has a branch main. Its address is without the login, which is what the
// Secret of a GitStateStore has.
func newRepository(t *testing.T) (address string, login map[string]string, r repository) {
	t.Helper()
	require.NotNil(t, shared.Git, "the cluster has no Git; set E2E_GIT=https://USER:PASSWORD@HOST for one of your own")
	require.NotEmpty(t, shared.Git.HTTPS, "a GitStateStore needs https")
	address = shared.Git.HTTPS + "/e2e-" + rand.String(8) + ".git"
	at, err := url.Parse(address)
	require.NoError(t, err)
	at.User = url.UserPassword(shared.Git.User, shared.Git.Password)
	dir := t.TempDir()
	git(t, dir, "init", "--quiet", "--initial-branch=main", ".")
	git(t, dir, "-c", "user.name=e2e", "-c", "user.email=e2e@localhost", "commit", "--quiet", "--allow-empty", "-m", "Begin")
	git(t, dir, "push", "--quiet", at.String(), "main")
	login = map[string]string{"username": shared.Git.User, "password": shared.Git.Password}
	if shared.Git.CAFile != "" {
		ca, err := os.ReadFile(shared.Git.CAFile)
		require.NoError(t, err)
		login["ca.crt"] = string(ca)
	}
	return address, login, repository{at.String()}
}

func (r repository) clone(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	git(t, dir, "clone", "--quiet", r.url, "clone")
	return filepath.Join(dir, "clone")
}

func (r repository) files(t *testing.T) map[string]string { return withoutCanaries(r.tree(t)) }

func (r repository) commits(t *testing.T) int {
	t.Helper()
	out, err := gitCommand(t, r.clone(t), "rev-list", "HEAD").Output()
	require.NoError(t, err)
	return strings.Count(string(out), "\n")
}

func (r repository) head(t *testing.T) string {
	t.Helper()
	out, err := gitCommand(t, r.clone(t), "rev-parse", "HEAD").Output()
	require.NoError(t, err)
	return strings.TrimSpace(string(out))
}
