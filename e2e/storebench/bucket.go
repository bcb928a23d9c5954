// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/e2e/cluster"
	"github.com/kratix-compile/kratix-compile/internal/stores/bucket"
)

// buckets are those of one server, and counter is in front of it.
type buckets struct {
	s3                    *cluster.S3
	stop                  func()
	counter               *httptest.Server
	direct                *minio.Client
	made                  int
	puts, requests, bytes atomic.Int64
}

func newBucket(ctx context.Context, dir string, delay time.Duration) (yard, error) {
	y := &buckets{}
	var err error
	if y.s3, y.stop, err = cluster.StartS3(ctx, filepath.Join(dir, "s3"), os.Stderr); err != nil {
		return nil, err
	}
	if y.direct, err = y.s3.Client(); err != nil {
		return nil, err
	}
	at := y.direct.EndpointURL()
	// The signature is for the host that the client asked.
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = at.Scheme, at.Host, r.In.Host
	}}
	proxy.Transport = &http.Transport{MaxIdleConnsPerHost: 64}
	y.counter = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(delay)
		y.requests.Add(1)
		if r.Method == http.MethodPut {
			y.puts.Add(1)
		}
		r.Body = &counted{r.Body, &y.bytes}
		proxy.ServeHTTP(&counting{w, &y.bytes}, r)
	}))
	return y, nil
}

func (y *buckets) close() {
	y.counter.Close()
	y.stop()
}

// objects is a bucket, and a store of it.
type objects struct {
	*bucket.Store
	all  *buckets
	name string
}

func (y *buckets) fresh(ctx context.Context, files int) (place, error) {
	y.made++
	p := &objects{all: y, name: fmt.Sprint("storebench-", y.made)}
	if err := y.direct.MakeBucket(ctx, p.name, minio.MakeBucketOptions{}); err != nil {
		return nil, err
	}
	var wg sync.WaitGroup
	failed := make([]error, files)
	turns := make(chan struct{}, 16)
	for i := range files {
		turns <- struct{}{}
		wg.Go(func() {
			text := manifest(fmt.Sprint("there-", i))
			_, failed[i] = y.direct.PutObject(ctx, p.name, existing(i), strings.NewReader(text), int64(len(text)), minio.PutObjectOptions{})
			<-turns
		})
	}
	wg.Wait()
	if err := errors.Join(failed...); err != nil {
		return nil, err
	}
	var err error
	p.Store, err = bucket.New(
		v1alpha1.BucketStateStoreSpec{BucketName: p.name, Endpoint: strings.TrimPrefix(y.counter.URL, "http://"), Insecure: true},
		map[string][]byte{"accessKeyID": []byte(y.s3.AccessKey), "secretAccessKey": []byte(y.s3.SecretKey)}, bucket.Options{})
	return p, err
}

func (p *objects) cost(context.Context) (cost, error) {
	return cost{puts: p.all.puts.Load(), requests: p.all.requests.Load(), bytes: p.all.bytes.Load()}, nil
}

func (p *objects) files(ctx context.Context) (n int, err error) {
	for object := range p.all.direct.ListObjectsIter(ctx, p.name, minio.ListObjectsOptions{Recursive: true}) {
		if object.Err != nil {
			return n, object.Err
		}
		n++
	}
	return n, nil
}
