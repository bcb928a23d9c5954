// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/rand"

	"github.com/kratix-compile/kratix-compile/e2e/cluster"
)

// platform is what Kratix or a runner looks after, with State Stores of its own.
type platform struct {
	namespace, other string
	applied          []*unstructured.Unstructured
	leftOut          func(*unstructured.Unstructured) bool // of what is to be applied
	repository       repository
	bucket           string
	s3               *minio.Client
	words            *strings.Replacer
}

// newPlatform has empty State Stores. What is applied to it goes with the test.
func newPlatform(t *testing.T, namespace, other string) *platform {
	t.Helper()
	require.NotNil(t, shared.S3, "the cluster has no S3; set E2E_S3=http://ACCESSKEY:SECRETKEY@HOST for one of your own")
	at, err := url.Parse(shared.S3.Endpoint)
	require.NoError(t, err)
	p := &platform{namespace: namespace, other: other, bucket: "e2e-" + rand.String(8)}
	p.s3, err = shared.S3.Client()
	require.NoError(t, err)
	require.NoError(t, p.s3.MakeBucket(t.Context(), p.bucket, minio.MakeBucketOptions{}))
	address, login, made := newRepository(t)
	p.repository = made
	p.words = strings.NewReplacer(
		"TEAM-A", namespace, "TEAM-B", other, "BUSYBOX", cluster.Registry()+"/busybox:e2e",
		"GIT-URL", address, "GIT-USER", login["username"], "GIT-PASSWORD", login["password"], `"GIT-CA"`, strconv.Quote(login["ca.crt"]),
		"S3-KEY", shared.S3.AccessKey, "S3-SECRET", shared.S3.SecretKey, "S3-HOST", at.Host, "S3-BUCKET", p.bucket,
		"S3-INSECURE", strconv.FormatBool(at.Scheme == "http"),
	)
	t.Cleanup(func() { p.withdraw(t) })
	return p
}

// withdraw deletes what is still there. Whoever looks after it must be at work.
func (p *platform) withdraw(t *testing.T) {
	t.Helper()
	for _, kind := range []string{"Promise", "Destination"} {
		p.delete(t, func(o *unstructured.Unstructured) bool { return o.GetKind() == kind })
	}
	p.delete(t, func(*unstructured.Unstructured) bool { return true })
}

// apply creates what is in files, which are named from the folder of the scenario.
func (p *platform) apply(t *testing.T, files ...string) {
	t.Helper()
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join("kratix", "scenario", file))
		require.NoError(t, err)
		objects, err := cluster.Objects([]byte(p.words.Replace(string(text))))
		require.NoError(t, err, file)
		if p.leftOut != nil {
			objects = slices.DeleteFunc(objects, p.leftOut)
		}
		require.NoError(t, shared.Create(t.Context(), objects...), file)
		p.applied = append(p.applied, objects...)
	}
}

func (p *platform) having(is func(*unstructured.Unstructured) bool) []*unstructured.Unstructured {
	var found []*unstructured.Unstructured
	for _, o := range p.applied {
		if is(o) {
			found = append(found, o)
		}
	}
	return found
}

func (p *platform) promises() []*unstructured.Unstructured {
	return p.having(func(o *unstructured.Unstructured) bool { return o.GetKind() == "Promise" })
}

func (p *platform) requests() []*unstructured.Unstructured { return p.having(isRequest) }

func isRequest(o *unstructured.Unstructured) bool {
	return strings.HasSuffix(o.GroupVersionKind().Group, "example.org")
}

// offered waits until requests are taken.
func (p *platform) offered(t *testing.T) {
	t.Helper()
	for _, o := range p.promises() {
		now, err := shared.Await(bounded(t), o, func(o *unstructured.Unstructured) (bool, error) { return conditionOf(o, "Available") == "True", nil })
		require.NoError(t, err, "%s: %s", o.GetName(), describe(now))
	}
}

// replace changes the spec of an object that has a word in it.
func (p *platform) replace(t *testing.T, o *unstructured.Unstructured, old, now string) {
	t.Helper()
	spec, err := json.Marshal(map[string]any{"spec": o.Object["spec"]})
	require.NoError(t, err)
	if !strings.Contains(string(spec), old) {
		return
	}
	change(t, o, strings.ReplaceAll(string(spec), old, now))
}

// delete waits until the objects are gone.
func (p *platform) delete(t *testing.T, which func(*unstructured.Unstructured) bool) {
	t.Helper()
	ctx := bounded(t)
	leaving := p.having(which)
	for _, o := range slices.Backward(leaving) {
		resource, err := shared.Resource(o)
		if err == nil { // its CRD may have gone with its Promise
			err = resource.Delete(ctx, o.GetName(), metav1.DeleteOptions{})
		}
		assert.True(t, err == nil || apierrors.IsNotFound(err), "%v", err)
	}
	for _, o := range leaving {
		require.EventuallyWithT(t, func(c *assert.CollectT) {
			_, err := get(o)
			assert.True(c, apierrors.IsNotFound(err), "%s %s is still there: %v", o.GetKind(), o.GetName(), err)
		}, limit, limit/1000)
	}
	p.applied = slices.DeleteFunc(p.applied, which)
}
