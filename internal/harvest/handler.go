// SPDX-License-Identifier: Apache-2.0

package harvest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/kratix-compile/kratix-compile/internal/harvest/bundle"
	"github.com/kratix-compile/kratix-compile/internal/harvest/protocol"
	"github.com/kratix-compile/kratix-compile/internal/harvest/record"
	"github.com/kratix-compile/kratix-compile/internal/serving"
	"github.com/kratix-compile/kratix-compile/internal/tracing"
)

// Options are what a Handler is made of. Every field is needed unless its comment says
// otherwise.
type Options struct {
	Reviewer Reviewer
	Runs     Runs
	Records  Records
	Check    Check
	// SpoolDir must have room for Uploads times bundle.DefaultLimits().Size() bytes,
	// about 94 MiB each. Empty means the system's directory for temporary files.
	SpoolDir string
	// Uploads is how many bundles are received and stored at once, at most half of them from
	// one namespace; further steps are asked to come back. 0 means 8.
	Uploads int
	// Registerer takes the metrics, as controller-runtime's metrics.Registry does. Nil
	// registers none.
	Registerer prometheus.Registerer
	// Tracer may be nil.
	Tracer *tracing.Tracer
	// Log never gets a token or the content of a file.
	Log logr.Logger
}

const (
	defaultUploads = 8
	// reviewsPerUpload is how many tokens may be under review for each upload. So strangers
	// can neither flood the API server nor take the places of uploads.
	reviewsPerUpload = 4
	// reviewTime bounds the requests to the API server before the upload.
	reviewTime = 30 * time.Second
	// maxToken is longer than any token of a service account.
	maxToken = 16 << 10
)

// Handler serves protocol.Path.
type Handler struct {
	Options
	limits  bundle.Limits
	reviews chan struct{}
	uploads *places
	metrics *metrics
	// Tests have less time.
	reviewTime time.Duration
	uploadTime func(size int64) time.Duration
}

// NewHandler fails if the metrics are registered already.
func NewHandler(o Options) (*Handler, error) {
	if o.Uploads == 0 {
		o.Uploads = defaultUploads
	}
	h := &Handler{
		Options: o, limits: bundle.DefaultLimits(), metrics: newMetrics(),
		reviews: make(chan struct{}, reviewsPerUpload*o.Uploads), uploads: newPlaces(o.Uploads),
		reviewTime: reviewTime, uploadTime: protocol.UploadTime,
	}
	if o.Registerer == nil {
		return h, nil
	}
	return h, h.metrics.register(o.Registerer)
}

// call is one request of a step.
type call struct {
	digest bundle.Digest
	size   int64
	caller Caller
	run    Run
}

// ServeHTTP answers one call.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begin := time.Now()
	var c call
	// A caller that sends nothing must not hold a connection, whatever the answer is.
	_ = http.NewResponseController(w).SetReadDeadline(begin.Add(2 * h.reviewTime))
	a := h.serve(w, r, &c)
	h.metrics.results.WithLabelValues(a.result).Inc()
	h.metrics.seconds.WithLabelValues(a.result).Observe(time.Since(begin).Seconds())
	h.log(c, a, time.Since(begin))
	h.trace(c, a, begin)
	a.write(w)
}

func (h *Handler) log(c call, a answer, took time.Duration) {
	log := h.Log.WithValues("result", a.result, "status", a.status, "namespace", c.caller.Namespace, "pod", c.caller.Pod,
		"run", c.run.Run, "bytes", c.size, "sha256", c.digest.String(), "seconds", took.Seconds())
	if a.result == "failed" {
		log.Error(a.cause, "Harvest failed")
		return
	}
	if a.cause != nil {
		log = log.WithValues("cause", a.cause.Error())
	}
	log.Info("Harvest answered")
}

// trace records a span. Of a failure it says the kind and nothing else.
func (h *Handler) trace(c call, a answer, begin time.Time) {
	about := tracing.Labelled(c.run.Labels)
	about.Run, about.Phase = c.run.Run, a.result
	s := tracing.Span{Name: "harvest", Start: begin, About: about}
	if a.status >= http.StatusBadRequest && a.status != http.StatusGone {
		s.Err = fmt.Errorf("%d, %s", a.status, a.result)
	}
	h.Tracer.Record(c.run.Annotations, s)
}

func (h *Handler) serve(w http.ResponseWriter, r *http.Request, c *call) answer {
	if a, ok := h.head(r, c); !ok {
		return a
	}
	if a, ok := h.identify(r, c); !ok {
		return a
	}
	if !h.uploads.take(c.caller.Namespace) {
		return busy("the runner receives as many bundles as it can", 2)
	}
	defer h.uploads.leave(c.caller.Namespace)
	if !serving.Keep(r.Context()) {
		return cutOff(net.ErrClosed)
	}
	h.metrics.inFlight.Inc()
	defer h.metrics.inFlight.Dec()
	return h.receive(w, r, c)
}

// head checks the headers. It makes no request to the API server.
func (h *Handler) head(r *http.Request, c *call) (answer, bool) {
	if r.Method != http.MethodPost {
		return answer{status: http.StatusMethodNotAllowed, result: "malformed", text: "POST a bundle here"}, false
	}
	if r.Header.Get("Content-Type") != protocol.MediaType {
		return answer{status: http.StatusUnsupportedMediaType, result: "malformed", text: "a bundle is " + protocol.MediaType}, false
	}
	var err error
	if c.digest, err = protocol.ParseDigest(r.Header.Get(protocol.DigestHeader)); err != nil {
		return malformed("%v", err), false
	}
	c.size = r.ContentLength
	if c.size < 0 {
		return answer{status: http.StatusLengthRequired, result: "malformed", text: "Content-Length is missing"}, false
	}
	if limit := h.limits.Size(); c.size > limit {
		return tooLarge(c.size, limit), false
	}
	return answer{}, true
}

// identify finds the caller and its run. It is false if the answer needs no body.
func (h *Handler) identify(r *http.Request, c *call) (answer, bool) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || token == "" || len(token) > maxToken {
		return unauthenticated(fmt.Errorf("%w: there is none", ErrUnauthenticated)), false
	}
	select {
	case h.reviews <- struct{}{}:
		defer func() { <-h.reviews }()
	default:
		return busy("the runner is asked by too many", 1), false
	}
	ctx, cancel := context.WithTimeout(r.Context(), h.reviewTime)
	defer cancel()
	var err error
	if c.caller, err = h.Reviewer.Review(ctx, token); err != nil {
		return of(err), false
	}
	if c.run, err = h.Runs.Of(ctx, c.caller); err != nil {
		return of(err), false
	}
	have, err := h.Records.Get(ctx, c.run.Key)
	switch {
	case errors.Is(err, record.ErrNotFound):
		return answer{}, true
	case err != nil:
		return of(err), false
	case have.Digest != c.digest.String():
		return of(fmt.Errorf("%s: %w", c.run.Key, record.ErrConflict)), false
	default:
		return repeated(nil), false
	}
}

// receive takes the body, checks it and stores it.
func (h *Handler) receive(w http.ResponseWriter, r *http.Request, c *call) answer {
	spool, err := newSpool(h.SpoolDir)
	if err != nil {
		return failed(err)
	}
	defer func() { _ = spool.Close() }()
	// The server has no deadlines of its own, and must not wait for a slow sender for ever.
	control, now := http.NewResponseController(w), time.Now()
	received := now.Add(h.uploadTime(c.size))
	if err := errors.Join(control.SetReadDeadline(received), control.SetWriteDeadline(received.Add(2*protocol.StoreTime))); err != nil {
		return failed(err)
	}
	digest, err := spool.fill(http.MaxBytesReader(w, r.Body, c.size), c.size)
	switch {
	case errors.Is(err, errDisk):
		return failed(err)
	case err != nil:
		return cutOff(err)
	case digest != c.digest:
		return malformed("the body has sha256 %s, the header says %s", digest, c.digest)
	}
	return h.store(r.Context(), spool, c)
}

// store checks the bundle and stores it. It goes on when the sender has gone away: the step
// comes back for the answer.
func (h *Handler) store(ctx context.Context, spool *spooled, c *call) answer {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), protocol.StoreTime)
	defer cancel()
	content, err := spool.rewound()
	if err != nil {
		return failed(err)
	}
	contents, err := bundle.Inspect(content, h.limits)
	if _, faulty := errors.AsType[*bundle.Fault](err); faulty {
		return refused(err)
	}
	if err != nil {
		return failed(err)
	}
	warnings, err := h.Check(c.run, contents)
	if err != nil {
		return refused(err)
	}
	if content, err = spool.rewound(); err != nil {
		return failed(err)
	}
	from := record.Origin{Pod: c.caller.Pod, PodUID: c.caller.PodUID, RunUID: c.run.UID, Labels: c.run.Labels}
	_, existed, err := h.Records.Put(ctx, c.run.Key, from, c.digest.String(), c.size, content)
	if err != nil {
		return of(err)
	}
	h.metrics.bytes.Observe(float64(c.size))
	if existed {
		return repeated(warnings)
	}
	return stored(warnings)
}
