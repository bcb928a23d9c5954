// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/pem"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kratix-compile/kratix-compile/api/v1alpha1"
	"github.com/kratix-compile/kratix-compile/internal/stores/statestore"
	"github.com/kratix-compile/kratix-compile/internal/stores/storetest"
)

// fake speaks as much S3 as the store needs, and can fail at will. The suite e2e has real servers.
type fake struct {
	*httptest.Server
	mu      sync.Mutex
	objects map[string]stored
	log     []string // METHOD key
	// before may answer instead.
	before func(w http.ResponseWriter, r *http.Request, key string) bool
	// etag is the ETag that the server gives to content; an MD5 unless set.
	etag func(content string) string
}

type stored struct{ content, etag string }

const bucketName = "state"

func newFake(t testing.TB) *fake {
	f := &fake{objects: map[string]stored{}}
	f.Server = httptest.NewTLSServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/"+bucketName), "/")
	body, _ := io.ReadAll(r.Body)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.before != nil && f.before(w, r, key) {
		return
	}
	query := r.URL.Query()
	if query.Has("location") {
		fmt.Fprint(w, `<LocationConstraint>us-east-1</LocationConstraint>`)
		return
	}
	f.log = append(f.log, r.Method+" "+key)
	switch r.Method {
	case http.MethodPut:
		f.put(w, key, string(body))
	case http.MethodDelete:
		delete(f.objects, key)
		w.WriteHeader(http.StatusNoContent)
	case http.MethodGet, http.MethodHead:
		if key == "" {
			f.list(w, query.Get("prefix"))
			return
		}
		f.get(w, r, key)
	}
}

func (f *fake) put(w http.ResponseWriter, key, content string) {
	sum := md5.Sum([]byte(content))
	etag := hex.EncodeToString(sum[:])
	if f.etag != nil {
		etag = f.etag(content)
	}
	f.objects[key] = stored{content, etag}
	w.Header().Set("ETag", `"`+etag+`"`)
}

func (f *fake) get(w http.ResponseWriter, r *http.Request, key string) {
	o, there := f.objects[key]
	if !there {
		answer(w, http.StatusNotFound, "NoSuchKey")
		return
	}
	w.Header().Set("ETag", `"`+o.etag+`"`)
	w.Header().Set("Last-Modified", "Mon, 02 Nov 2026 10:00:00 GMT")
	w.Header().Set("Content-Length", fmt.Sprint(len(o.content)))
	if r.Method == http.MethodGet {
		_, _ = io.WriteString(w, o.content)
	}
}

type listed struct {
	Key, ETag, LastModified string
	Size                    int
}

func (f *fake) list(w http.ResponseWriter, prefix string) {
	var result struct {
		XMLName  xml.Name `xml:"ListBucketResult"`
		Contents []listed
	}
	for _, key := range slices.Sorted(maps.Keys(f.objects)) {
		if strings.HasPrefix(key, prefix) {
			o := f.objects[key]
			result.Contents = append(result.Contents, listed{key, `"` + o.etag + `"`, "2026-11-02T10:00:00.000Z", len(o.content)})
		}
	}
	_ = xml.NewEncoder(w).Encode(result)
}

func answer(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, `<Error><Code>%s</Code><Message>as the test wants it</Message></Error>`, code)
}

func (f *fake) fail(before func(w http.ResponseWriter, r *http.Request, key string) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.before = before
}

// asked are the requests with that method since the last call.
func (f *fake) asked(method string) (keys []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, entry := range f.log {
		if key, is := strings.CutPrefix(entry, method+" "); is {
			keys = append(keys, key)
		}
	}
	f.log = nil
	return keys
}

func (f *fake) spec() v1alpha1.BucketStateStoreSpec {
	return v1alpha1.BucketStateStoreSpec{BucketName: bucketName, Endpoint: strings.TrimPrefix(f.URL, "https://"), Path: "clusters/prod"}
}

func (f *fake) secret() map[string][]byte {
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: f.Certificate().Raw})
	return map[string][]byte{"accessKeyID": []byte("key"), "secretAccessKey": []byte("s3cr3t"), "ca.crt": ca}
}

func (f *fake) open(t testing.TB) *Store {
	s, err := New(f.spec(), f.secret(), Options{})
	require.NoError(t, err)
	return s
}

func (f *fake) files(testing.TB) map[string]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	files := map[string]string{}
	for key, o := range f.objects {
		if path, below := strings.CutPrefix(key, "clusters/prod/"); below {
			files[path] = o.content
		}
	}
	return files
}

func (f *fake) foreign(_ testing.TB, put map[string]string, remove ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for path, content := range put {
		f.put(httptest.NewRecorder(), "clusters/prod/"+path, content)
	}
	for _, path := range remove {
		delete(f.objects, "clusters/prod/"+path)
	}
}

func TestConformance(t *testing.T) {
	for name, etag := range map[string]func(string) string{
		"plain": nil,
		// As with encryption and uploads in parts.
		"opaque ETags": func(string) string { return "0123456789abcdef0123456789abcdef-2" },
	} {
		t.Run(name, func(t *testing.T) {
			storetest.Run(t, func(t testing.TB) storetest.Place {
				f := newFake(t)
				f.etag = etag
				return storetest.Place{Open: func(t testing.TB) statestore.Store { return f.open(t) }, Files: f.files, Foreign: f.foreign}
			})
		})
	}
}
