// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

const (
	// caKey is the key of a Secret with the certificates that may sign the server's, as
	// PEM. They are believed instead of the system's.
	caKey = "ca.crt"
	// retries are of one request, and the library waits between them.
	retries     = 3
	dialTimeout = 10 * time.Second
	// answerTimeout is of one request, until the first of its answer comes.
	answerTimeout = 30 * time.Second
)

// connect makes a client. It asks nobody.
func connect(spec v1alpha1.BucketStateStoreSpec, secret map[string][]byte, headersTimeout time.Duration) (*minio.Client, error) {
	if spec.BucketName == "" || spec.Endpoint == "" {
		return nil, errors.New("spec.bucketName and spec.endpoint must be set")
	}
	if strings.Contains(spec.Endpoint, "/") {
		return nil, fmt.Errorf("spec.endpoint %q: must be a host, maybe with a port, without https:// and path; spec.insecure means http", spec.Endpoint)
	}
	if strings.Contains("/"+spec.Path+"/", "/../") {
		return nil, fmt.Errorf("spec.path %q leaves the bucket with ..; name a prefix in it", spec.Path)
	}
	identity, err := identify(spec.AuthMethod, secret)
	if err != nil {
		return nil, err
	}
	transport, err := transport(secret[caKey], headersTimeout)
	if err != nil {
		return nil, err
	}
	client, err := minio.New(spec.Endpoint, &minio.Options{Creds: identity, Secure: !spec.Insecure, Transport: transport, MaxRetries: retries})
	if err != nil {
		return nil, fmt.Errorf("spec.endpoint %q: %w", spec.Endpoint, err)
	}
	client.SetS3EnableDualstack(spec.UseDualStack)
	return client, nil
}

func identify(method string, secret map[string][]byte) (*credentials.Credentials, error) {
	switch method {
	case "", v1alpha1.BucketAccessKey:
		key, value := string(secret["accessKeyID"]), string(secret["secretAccessKey"])
		if key == "" || value == "" {
			return nil, errors.New("the Secret needs accessKeyID and secretAccessKey for authMethod accessKey")
		}
		return credentials.NewStaticV4(key, value, ""), nil
	case v1alpha1.BucketIAM:
		return credentials.NewIAM(""), nil
	}
	return nil, fmt.Errorf("spec.authMethod %q: must be accessKey or IAM", method)
}

func transport(ca []byte, headersTimeout time.Duration) (*http.Transport, error) {
	t := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: dialTimeout}).DialContext,
		MaxIdleConnsPerHost: parallel, IdleConnTimeout: time.Minute,
		TLSHandshakeTimeout: dialTimeout, ResponseHeaderTimeout: headersTimeout,
		TLSClientConfig:    &tls.Config{},
		DisableCompression: true, // content is what was written
	}
	if ca != nil {
		t.TLSClientConfig.RootCAs = x509.NewCertPool()
		if !t.TLSClientConfig.RootCAs.AppendCertsFromPEM(ca) {
			return nil, fmt.Errorf("the Secret's %s holds no certificate; it must be PEM", caKey)
		}
	}
	return t, nil
}

// prefix is what all keys begin with.
func prefix(spec v1alpha1.BucketStateStoreSpec) string {
	if at := strings.Trim(path.Clean("/"+spec.Path), "/"); at != "" {
		return at + "/"
	}
	return ""
}
