// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/minio/minio-go/v7"
)

// explain says what a person can do, and what the server says. It returns errors of a change
// itself as they are.
func (s *Store) explain(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	where := "bucket " + s.bucket + " at " + s.endpoint
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w before the State Store answered; it is tried again later", where, context.Cause(ctx))
	}
	c := causeOf(err)
	means := c.means
	switch c {
	case credentialsRefused:
		if s.identity {
			means = identityRefused.means
		}
	case denied:
		f, _ := errors.AsType[*failedRequest](err) // or there was no cause
		means = "the credentials lack " + f.request.right + "; " + means
	case slow:
		means = fmt.Sprintf("the server takes too long to answer, more than %s; it is tried again later", s.timeout)
	}
	r, answered := errors.AsType[minio.ErrorResponse](err)
	switch {
	case c == elsewhere && r.Region != "":
		return fmt.Errorf("%s: %s, %s (%w)", where, means, r.Region, err)
	case means != "":
		return fmt.Errorf("%s: %s (%w)", where, means, err)
	case answered:
		return fmt.Errorf("%s: %w", where, err)
	}
	return err
}

// request is a kind of request, and the right that it needs.
type request struct{ verb, right string }

var (
	list   = request{"list", "s3:ListBucket"}
	look   = request{"look for", "s3:ListBucket or s3:GetObject"} // HEAD answers 403 for what is not there
	read   = request{"read", "s3:GetObject"}
	put    = request{"put", "s3:PutObject"}
	remove = request{"remove", "s3:DeleteObject"}
)

// failedRequest is a request that failed.
type failedRequest struct {
	request request
	path    string
	err     error
}

func (f *failedRequest) Error() string {
	words := f.err.Error()
	if r, ok := errors.AsType[minio.ErrorResponse](f.err); ok {
		words = said(r)
	}
	return f.request.verb + " " + f.path + ": " + words
}

func (f *failedRequest) Unwrap() error { return f.err }

func (r request) failed(path string, err error) error {
	if err == nil {
		return nil
	}
	return &failedRequest{r, path, err}
}

// said are the server's own words, with its code.
func said(r minio.ErrorResponse) string {
	code := cmp.Or(r.Code, http.StatusText(r.StatusCode))
	if r.Message == "" || r.Message == code {
		return code
	}
	return code + ": " + r.Message
}

// impossible is whether the server cannot have such a key. The change that puts it fails alone.
func impossible(err error) bool {
	var response minio.ErrorResponse
	return errors.As(err, &response) && (response.StatusCode == http.StatusBadRequest || response.StatusCode == http.StatusConflict)
}
