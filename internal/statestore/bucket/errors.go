// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/minio/minio-go/v7"
)

// meanings are what codes of S3 mean to a person.
var meanings = map[string]string{
	"NoSuchBucket":          "the bucket is not there, and nobody makes it by itself; make it, or correct spec.bucketName",
	"InvalidBucketName":     "no bucket can have that name; correct spec.bucketName",
	"AccessDenied":          "the credentials may not do this; let them list, read, write and delete objects of the bucket",
	"InvalidAccessKeyId":    credentialsRefused,
	"SignatureDoesNotMatch": credentialsRefused,
	"ExpiredToken":          credentialsRefused,
	"InvalidTokenId":        credentialsRefused,
	"XAdminUserNotFound":    credentialsRefused, // versitygw's, of an access key
	"RequestTimeTooSkewed":  "the runner's clock differs from the server's; set it right",
	"PermanentRedirect":     "the bucket is in another region; use that region's endpoint",
	"QuotaExceeded":         "the bucket is full; make room",
	"XMinioStorageFull":     "the object store is full; make room",
	"InsufficientStorage":   "the object store is full; make room",
}

const (
	credentialsRefused = "the server refuses the credentials; correct the Secret, or renew it if it has expired"
	unreachable        = "the server cannot be reached; correct spec.endpoint, or see that the network lets the runner out"
	slow               = "the server takes too long to answer; it is tried again later"
	unavailable        = "the server failed; it is tried again later"
)

// explain says what a person can do. Errors of the change itself pass.
func (s *Store) explain(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	where := "bucket " + s.bucket + " at " + s.endpoint
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w before the State Store answered; it is tried again later", where, context.Cause(ctx))
	}
	if response, ok := errors.AsType[minio.ErrorResponse](err); ok {
		means := meanings[response.Code]
		switch {
		case means != "":
		case response.StatusCode == http.StatusForbidden:
			means = meanings["AccessDenied"]
		case response.StatusCode >= http.StatusInternalServerError, response.StatusCode == http.StatusTooManyRequests:
			means = unavailable
		default:
			return fmt.Errorf("%s: %w", where, err)
		}
		return fmt.Errorf("%s: %s (%w)", where, means, err)
	}
	if means := meaning(err); means != "" {
		return fmt.Errorf("%s: %s (%w)", where, means, err)
	}
	return err
}

// meaning is that of an error without an answer of the server.
func meaning(err error) string {
	var network net.Error
	switch {
	case errors.As(err, new(x509.UnknownAuthorityError)), errors.As(err, new(x509.HostnameError)), errors.As(err, new(x509.CertificateInvalidError)):
		return "the server's certificate is not trusted; put the authority's certificate into the Secret as ca.crt"
	case strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return "the server speaks http; set spec.insecure if that is meant"
	case strings.Contains(err.Error(), "IAM"), strings.Contains(err.Error(), "EC2"):
		return "there is no identity of the Pod to use; give its service account one, or use authMethod accessKey"
	case strings.Contains(err.Error(), "Connection closed by foreign host"):
		return unavailable
	case errors.As(err, &network) && network.Timeout():
		return slow
	case network != nil:
		return unreachable
	}
	return ""
}

// impossible is whether the server takes no such key. Who puts it will be told, alone.
func impossible(err error) bool {
	var response minio.ErrorResponse
	return errors.As(err, &response) && (response.StatusCode == http.StatusBadRequest || response.StatusCode == http.StatusConflict)
}

// isDown is whether the server does not answer at all.
func isDown(err error) bool {
	return !errors.As(err, new(minio.ErrorResponse)) && meaning(err) != ""
}
