// SPDX-License-Identifier: Apache-2.0

package stores

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httputil"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/e2e/cluster"
	"github.com/kratix-compile/kratix-compile/internal/stores/bucket"
	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

// shared is the S3 of all tests that do not break it.
var shared *cluster.S3

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		_, _ = io.WriteString(os.Stderr, "stores: "+err.Error()+"\n")
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	if os.Getenv(writerVariable) != "" {
		return 0, write()
	}
	dir, err := os.MkdirTemp("", "stores")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	var stop func()
	if shared, stop, err = cluster.StartS3(context.Background(), dir, os.Stderr); err != nil {
		return 0, err
	}
	defer stop()
	return m.Run(), nil
}

// bucketYard is a bucket of a real S3 behind HTTPS.
type bucketYard struct {
	*front
	s3     *cluster.S3
	client *minio.Client // past the front
	name   string
}

func newBucketYard(t testing.TB, s3 *cluster.S3) *bucketYard {
	client, err := s3.Client()
	require.NoError(t, err)
	at := client.EndpointURL()
	y := &bucketYard{s3: s3, client: client, name: "stores-" + strconv.FormatUint(rand.Uint64(), 36)}
	require.NoError(t, y.client.MakeBucket(t.Context(), y.name, minio.MakeBucketOptions{}))
	y.front = newFront(t, &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host = at.Scheme, at.Host
		r.Out.Host = r.In.Host // it is signed
	}, ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }})
	return y
}

func (y *bucketYard) spec() v1alpha1.BucketStateStoreSpec {
	return v1alpha1.BucketStateStoreSpec{BucketName: y.name, Endpoint: strings.TrimPrefix(y.URL, "https://"), Path: prefix}
}

func (y *bucketYard) secret() map[string][]byte {
	return map[string][]byte{"accessKeyID": []byte(y.s3.AccessKey), "secretAccessKey": []byte(y.s3.SecretKey), "ca.crt": y.ca}
}

func (y *bucketYard) open(t testing.TB) statestore.Store { return y.openWith(t, y.secret()) }

func (y *bucketYard) openWith(t testing.TB, secret map[string][]byte) statestore.Store {
	store, err := bucket.New(y.spec(), secret, bucket.Options{})
	require.NoError(t, err)
	return store
}

func (y *bucketYard) Files(t testing.TB) map[string]string {
	files := map[string]string{}
	for o := range y.client.ListObjectsIter(t.Context(), y.name, minio.ListObjectsOptions{Prefix: prefix, Recursive: true}) {
		require.NoError(t, o.Err)
		object, err := y.client.GetObject(t.Context(), y.name, o.Key, minio.GetObjectOptions{})
		require.NoError(t, err)
		content, err := io.ReadAll(object)
		require.NoError(t, err)
		files[strings.TrimPrefix(o.Key, prefix)] = string(content)
	}
	return files
}

func (y *bucketYard) Foreign(t testing.TB, put map[string]string, remove ...string) {
	for at, content := range put {
		_, err := y.client.PutObject(t.Context(), y.name, prefix+at, strings.NewReader(content), int64(len(content)), minio.PutObjectOptions{})
		require.NoError(t, err)
	}
	for _, at := range remove {
		require.NoError(t, y.client.RemoveObject(t.Context(), y.name, prefix+at, minio.RemoveObjectOptions{}))
	}
}
