// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
)

// reply is what a server answers instead of doing it.
type reply struct {
	status int
	code   string // no body without one
	header map[string]string
}

func (a reply) write(w http.ResponseWriter) {
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	if a.code == "" {
		w.WriteHeader(a.status)
		return
	}
	answer(w, a.status, a.code)
}

// TestCauses: for each answer of a server, what a person reads, whether the request is sent again
// at once, and whether the State Store is ready.
func TestCauses(t *testing.T) {
	const (
		everything = ""    // is answered so
		large      = "a"   // only this object is
		puts       = "PUT" // whatever is put is
	)
	after := func(text string) map[string]string { return map[string]string{"Retry-After": text} }
	in := map[string]string{"x-amz-bucket-region": "eu-west-1"}
	for name, test := range map[string]struct {
		to    string
		reply reply
		says  string
		tried int // how often one object is put
		ready bool
	}{
		"no bucket":           {everything, reply{404, "NoSuchBucket", nil}, "the bucket is not there, and nobody makes it by itself", 1, false},
		"no name":             {everything, reply{400, "InvalidBucketName", nil}, "no bucket can have that name; correct spec.bucketName", 1, false},
		"no right":            {everything, reply{403, "AccessDenied", nil}, "the credentials lack s3:PutObject; let them list, read, write and delete objects of the bucket", 1, false},
		"no right to put":     {puts, reply{403, "AccessDenied", nil}, "the credentials lack s3:PutObject; let them list, read, write and delete objects of the bucket", 1, false},
		"another 403":         {everything, reply{403, "AllAccessDisabled", nil}, "the credentials lack s3:PutObject", 1, false},
		"no such key":         {everything, reply{403, "InvalidAccessKeyId", nil}, "the server refuses the credentials; correct the Secret", 1, false},
		"wrong key":           {everything, reply{403, "SignatureDoesNotMatch", nil}, "the server refuses the credentials; correct the Secret", 1, false},
		"expired key":         {everything, reply{400, "InvalidToken", nil}, "the server refuses the credentials; correct the Secret", 1, false},
		"malformed key":       {everything, reply{400, "AuthorizationHeaderMalformed", nil}, "the server refuses the credentials; correct the Secret", 1, false},
		"401":                 {everything, reply{401, "Whoever", nil}, "the server refuses the credentials; correct the Secret", 1, false},
		"clock":               {everything, reply{403, "RequestTimeTooSkewed", nil}, "the runner's clock differs from the server's", 1, false},
		"region":              {everything, reply{301, "PermanentRedirect", nil}, "the bucket is in another region; use that region's endpoint", 1, false},
		"region, named":       {everything, reply{307, "TemporaryRedirect", in}, "the bucket is in another region; use that region's endpoint, eu-west-1", 1, false},
		"region, for a HEAD":  {everything, reply{301, "", nil}, "the bucket is in another region; use that region's endpoint", 1, false},
		"region, refused":     {everything, reply{400, "IllegalLocationConstraintException", nil}, "the bucket is in another region; use that region's endpoint", 1, false},
		"quota of MinIO":      {large, reply{400, "XMinioAdminBucketQuotaExceeded", nil}, "the bucket is full; make room", 1, true},
		"quota":               {large, reply{403, "QuotaExceeded", nil}, "the bucket is full; make room", 1, true},
		"disk":                {large, reply{507, "InsufficientStorage", nil}, "the object store is full; make room", 1, true},
		"large":               {large, reply{400, "EntityTooLarge", nil}, "the server takes no object as large as this; write less", 1, true},
		"large for a proxy":   {large, reply{413, "", nil}, "the server takes no object as large as this; write less", 1, true},
		"not offered":         {puts, reply{501, "NotImplemented", nil}, "the server does not offer this part of S3", 1, false},
		"not allowed":         {puts, reply{405, "MethodNotAllowed", nil}, "the server does not offer this part of S3", 1, false},
		"slow":                {everything, reply{408, "RequestTimeout", nil}, "the server takes too long to answer, more than 30s; it is tried again later", 3, false},
		"down":                {everything, reply{503, "ServiceUnavailable", nil}, "the server failed; it is tried again later", 3, false},
		"proxy":               {everything, reply{502, "", nil}, "the server failed; it is tried again later", 3, false},
		"internal":            {everything, reply{500, "InternalError", nil}, "the server failed; it is tried again later", 3, false},
		"internal, of one":    {large, reply{500, "InternalError", nil}, "the server failed; it is tried again later", 3, true},
		"busy":                {everything, reply{503, "SlowDown", nil}, "the server asks for fewer requests; it is tried again later", 3, false},
		"busy, 429":           {everything, reply{429, "", nil}, "the server asks for fewer requests; it is tried again later", 3, false},
		"busy, for a time":    {everything, reply{503, "SlowDown", after("60")}, "the server asks for fewer requests; it is tried again later", 1, false},
		"busy, 429 for long":  {everything, reply{429, "", after("60")}, "the server asks for fewer requests; it is tried again later", 1, false},
		"busy, told with 403": {everything, reply{403, "AccessDenied", after("60")}, "the server asks for fewer requests; it is tried again later", 1, false},
		"whatever":            {large, reply{400, "Whatever", nil}, "at 127.0.0.1", 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			s := f.open(t)
			require.NoError(t, s.Apply(t.Context(), []statestore.Change{update("ns/b", "b", "1")})[0].Err)
			tried := 0
			f.fail(func(w http.ResponseWriter, r *http.Request, key string) bool {
				of := strings.TrimPrefix(key, "clusters/prod/")
				if r.Method != http.MethodPut && (of == "a" || test.to != everything) || test.to == large && of != "a" || r.URL.Query().Has("location") {
					return false // a is looked for first, and is not there
				}
				if r.Method == http.MethodPut && of == "a" {
					tried++
				}
				test.reply.write(w)
				return true
			})
			err := s.Apply(t.Context(), []statestore.Change{update("ns/a", "a", "1")})[0].Err
			require.ErrorContains(t, err, "bucket state at 127.0.0.1")
			require.ErrorContains(t, err, test.says)
			if test.reply.code != "" {
				require.ErrorContains(t, err, test.reply.code+": as the test wants it", "in the server's own words")
			}
			assert.Equal(t, test.tried, tried)
			if err := s.Check(t.Context()); test.ready {
				assert.NoError(t, err)
			} else {
				says, _, _ := strings.Cut(test.says, " s3:") // another right is missing first
				assert.ErrorContains(t, err, says)
			}
		})
	}
}

// TestPause: while a server wants no requests it gets none, for no change.
func TestPause(t *testing.T) {
	f := newFake(t)
	s := f.open(t)
	f.fail(func(w http.ResponseWriter, r *http.Request, _ string) bool {
		if r.URL.Query().Has("location") {
			return false
		}
		reply{http.StatusServiceUnavailable, "SlowDown", map[string]string{"Retry-After": "90"}}.write(w)
		return true
	})
	begin := time.Now()
	asked := 0
	for _, do := range []func() error{
		func() error { return s.Apply(t.Context(), []statestore.Change{update("ns/a", "a", "1")})[0].Err },
		func() error { return s.Check(t.Context()) },
	} {
		err := do()
		var pause *statestore.Pause
		require.ErrorAs(t, err, &pause)
		assert.WithinRange(t, pause.Until, begin.Add(90*time.Second), time.Now().Add(90*time.Second))
		require.ErrorContains(t, err, "the server asks for fewer requests; it is tried again later")
		if asked++; asked == 1 {
			f.fail(func(http.ResponseWriter, *http.Request, string) bool {
				t.Error("it is asked all the same")
				return false
			})
		}
	}
}

// TestRefusedHead: an answer without words does not mean that an object is gone. Otherwise its
// WorkPlacement would go, too.
func TestRefusedHead(t *testing.T) {
	f := newFake(t)
	s := f.open(t)
	require.NoError(t, s.Apply(t.Context(), []statestore.Change{update("ns/a", "a", "1")})[0].Err)
	f.fail(func(w http.ResponseWriter, r *http.Request, _ string) bool {
		if r.Method == http.MethodDelete || r.URL.Query().Has("location") {
			return false
		}
		answer(w, http.StatusBadRequest, "ExpiredToken")
		return true
	})
	err := s.Apply(t.Context(), []statestore.Change{{ID: "ns/a", Remove: []string{"a"}}})[0].Err
	require.ErrorContains(t, err, "the server refuses the credentials; correct the Secret, or renew it if it has expired")
	require.ErrorContains(t, err, "ExpiredToken: as the test wants it")
	assert.Equal(t, map[string]string{"a": "1"}, f.files(t))
}

// TestNoS3: a web page that answers 200 to everything has not stored anything.
func TestNoS3(t *testing.T) {
	for _, page := range []string{"<html><body>Welcome</body></html>", "Welcome"} {
		f := newFake(t)
		f.fail(func(w http.ResponseWriter, _ *http.Request, _ string) bool {
			_, _ = io.WriteString(w, page)
			return true
		})
		s := f.open(t)
		for _, err := range []error{s.Check(t.Context()), s.Apply(t.Context(), []statestore.Change{update("ns/a", "a", "1")})[0].Err} {
			require.ErrorContains(t, err, "the answer is not one of S3; correct spec.endpoint")
		}
	}
}
