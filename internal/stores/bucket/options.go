// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"time"
	"unicode"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
)

const (
	// caKey is the key of a Secret with the authorities of the server's certificate, as PEM. They
	// are trusted instead of the system's.
	caKey = "ca.crt"
	// retries is how often a request is made. The library waits between them.
	retries = 3
	// answerTimeout is how long an answer may take to begin.
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
	transport, err := newTransport(secret[caKey], headersTimeout)
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
		key, wrong := word(secret, "accessKeyID")
		value, alsoWrong := word(secret, "secretAccessKey")
		if err := errors.Join(wrong, alsoWrong); err != nil {
			return nil, err
		}
		if key == "" || value == "" {
			return nil, errors.New("the Secret needs accessKeyID and secretAccessKey for authMethod accessKey")
		}
		return credentials.NewStaticV4(key, value, ""), nil
	case v1alpha1.BucketIAM:
		return credentials.New(&identity{&credentials.IAM{}}), nil
	}
	return nil, fmt.Errorf("spec.authMethod %q: must be accessKey or IAM", method)
}

// word is a value of a Secret without white space around it: many Secrets are made of a file that
// ends with a newline.
func word(secret map[string][]byte, key string) (string, error) {
	value := strings.TrimSpace(string(secret[key]))
	if strings.ContainsFunc(value, unicode.IsControl) {
		return "", fmt.Errorf("the Secret's %s has a line break or another control character in the middle; it must be one word", key)
	}
	return value, nil
}

// identity is that of the Pod. Its errors are not the bucket's.
type identity struct{ credentials.Provider }

// RetrieveWithCredContext implements credentials.Provider.
func (i *identity) RetrieveWithCredContext(c *credentials.CredContext) (credentials.Value, error) {
	value, err := i.Provider.RetrieveWithCredContext(c)
	if err != nil {
		return credentials.Value{}, &failure{noIdentity, err}
	}
	return value, nil
}

// prefix is what all keys begin with.
func prefix(spec v1alpha1.BucketStateStoreSpec) string {
	if at := strings.Trim(path.Clean("/"+spec.Path), "/"); at != "" {
		return at + "/"
	}
	return ""
}
