// SPDX-License-Identifier: Apache-2.0

package tracing

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// protocol is the only one that is supported; every collector has a port for it.
const protocol = "http/protobuf"

// FromEnvironment exports spans as the standard OTEL_* variables say. Without an endpoint
// among them the Tracer is nil. Stop sends what is left and must be called.
func FromEnvironment(ctx context.Context, log logr.Logger) (t *Tracer, stop func(context.Context) error, err error) {
	stop = func(context.Context) error { return nil }
	if !wanted() {
		return nil, stop, nil
	}
	if asked := setting("PROTOCOL"); asked != "" && asked != protocol {
		return nil, stop, fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL is %q; traces are sent as %s only, to a collector usually at port 4318", asked, protocol)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Error(err, "Traces were not sent") }))
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, stop, err
	}
	of, err := resource.New(ctx, resource.WithTelemetrySDK(), resource.WithAttributes(attribute.String("service.name", "kratix-runner")), resource.WithFromEnv())
	if err != nil {
		return nil, stop, err
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(of))
	return New(provider), provider.Shutdown, nil
}

func wanted() bool {
	off := strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") || os.Getenv("OTEL_TRACES_EXPORTER") == "none"
	return !off && setting("ENDPOINT") != ""
}

// setting is of traces, or else of all that is exported.
func setting(name string) string {
	return cmp.Or(os.Getenv("OTEL_EXPORTER_OTLP_TRACES_"+name), os.Getenv("OTEL_EXPORTER_OTLP_"+name))
}
