// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http"

	"github.com/minio/minio-go/v7"

	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

// cause is why a request has failed. Every change is tried again some time. If that helps, the
// words say so; otherwise they say what to do.
type cause struct {
	means string
	// all is whether every other request would fail as well. Then none is made.
	all bool
}

// The causes.
var (
	noBucket           = cause{"the bucket is not there, and nobody makes it by itself; make it, or correct spec.bucketName", true}
	noBucketName       = cause{"no bucket can have that name; correct spec.bucketName", true}
	denied             = cause{"let them list, read, write and delete objects of the bucket", false}
	credentialsRefused = cause{"the server refuses the credentials; correct the Secret, or renew it if it has expired", true}
	identityRefused    = cause{"the server refuses the identity of the Pod; correct the role of its service account", true}
	noIdentity         = cause{"there is no identity of the Pod to use; give its service account one, or use authMethod accessKey", true}
	clocks             = cause{"the runner's clock differs from the server's; set it right", true}
	elsewhere          = cause{"the bucket is in another region; use that region's endpoint", true}
	bucketFull         = cause{"the bucket is full; make room", false}
	full               = cause{"the object store is full; make room", false}
	tooLarge           = cause{"the server takes no object as large as this; write less, or in several files", false}
	busy               = cause{"the server asks for fewer requests; it is tried again later", true}
	unsupported        = cause{"the server does not offer this part of S3; use one that does, or correct spec.endpoint", false}
	noS3               = cause{"the answer is not one of S3; correct spec.endpoint", true}
	unreachable        = cause{"the server cannot be reached; correct spec.endpoint, or see that the network lets the runner out", true}
	proxied            = cause{"the proxy on the way cannot be reached, or refuses the connection; correct HTTPS_PROXY or NO_PROXY of the runner, or let the proxy through to the server", true}
	slow               = cause{"the server takes too long to answer; it is tried again later", true}
	unavailable        = cause{"the server failed; it is tried again later", false}
	unknownAuthority   = cause{"the server's certificate is not trusted; put the authority's certificate into the Secret as ca.crt", true}
	otherName          = cause{"the server's certificate is for another name; correct spec.endpoint, or give the server a certificate for that name", true}
	expired            = cause{"the server's certificate has expired, or is not valid yet; renew it, or set the clocks right", true}
	invalidCertificate = cause{"the server's certificate is not valid; give the server another one", true}
	plainHTTP          = cause{"the server speaks http; set spec.insecure if that is meant", true}
	noTLS              = cause{"the server speaks no TLS that the runner knows; correct spec.endpoint or the server's settings", true}
)

// codes are codes of S3 that tell more than the status of the answer.
var codes = map[string]cause{
	"NoSuchBucket":                       noBucket,
	"InvalidBucketName":                  noBucketName,
	"AccessDenied":                       denied,
	"InvalidAccessKeyId":                 credentialsRefused,
	"SignatureDoesNotMatch":              credentialsRefused,
	"ExpiredToken":                       credentialsRefused,
	"ExpiredTokenException":              credentialsRefused,
	"InvalidToken":                       credentialsRefused,
	"InvalidTokenId":                     credentialsRefused,
	"TokenRefreshRequired":               credentialsRefused,
	"XAdminUserNotFound":                 credentialsRefused, // versitygw's, of an access key
	"RequestTimeTooSkewed":               clocks,
	"PermanentRedirect":                  elsewhere,
	"TemporaryRedirect":                  elsewhere,
	"InvalidRegion":                      elsewhere,
	"IllegalLocationConstraintException": elsewhere,
	"QuotaExceeded":                      bucketFull,
	"XMinioAdminBucketQuotaExceeded":     bucketFull,
	"XMinioStorageFull":                  full,
	"InsufficientStorage":                full,
	"EntityTooLarge":                     tooLarge,
	"SlowDown":                           busy,
	"SlowDownRead":                       busy,
	"SlowDownWrite":                      busy,
	"Throttling":                         busy,
	"ThrottlingException":                busy,
	"RequestThrottled":                   busy,
	"RequestLimitExceeded":               busy,
	"TooManyRequests":                    busy,
	"RequestTimeout":                     slow,
	"InternalError":                      unavailable,
	"ServiceUnavailable":                 unavailable,
}

// statuses are for answers without a code that is known: an answer to HEAD has none.
var statuses = map[int]cause{
	http.StatusMovedPermanently:      elsewhere,
	http.StatusTemporaryRedirect:     elsewhere,
	http.StatusPermanentRedirect:     elsewhere,
	http.StatusUnauthorized:          credentialsRefused,
	http.StatusForbidden:             denied,
	http.StatusMethodNotAllowed:      unsupported,
	http.StatusProxyAuthRequired:     proxied,
	http.StatusRequestTimeout:        slow,
	http.StatusRequestEntityTooLarge: tooLarge,
	http.StatusTooManyRequests:       busy,
	http.StatusNotImplemented:        unsupported,
	http.StatusInsufficientStorage:   full,
}

// causeOf is the one place that knows what an error of a request means. The zero cause is for an
// answer that nobody knows, and for an error of a change itself.
func causeOf(err error) cause {
	a, ok := errors.AsType[*failedRequest](err)
	if !ok {
		return cause{}
	}
	if errors.As(a.err, new(*statestore.Pause)) {
		return busy
	}
	if f, ok := errors.AsType[*failure](a.err); ok {
		return f.cause
	}
	if errors.As(a.err, new(*xml.SyntaxError)) || errors.As(a.err, new(xml.UnmarshalError)) || errors.Is(a.err, io.EOF) {
		return noS3
	}
	r, ok := errors.AsType[minio.ErrorResponse](a.err)
	if !ok {
		return cause{}
	}
	if r.StatusCode == 0 && r.Code == "InternalError" { // the client of S3 cannot read the answer
		return noS3
	}
	return ofAnswer(r)
}

func ofAnswer(r minio.ErrorResponse) cause {
	if c, known := codes[r.Code]; known {
		return c
	}
	if c, known := statuses[r.StatusCode]; known {
		return c
	}
	switch {
	case r.Code == minio.AuthorizationHeaderMalformed && r.Region != "":
		return elsewhere
	case r.Code == minio.AuthorizationHeaderMalformed:
		return credentialsRefused
	case r.StatusCode >= http.StatusInternalServerError:
		return unavailable
	}
	return cause{}
}
