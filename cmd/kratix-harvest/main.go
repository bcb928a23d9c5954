// SPDX-License-Identifier: Apache-2.0

// Command kratix-harvest is the last container of a run. It sends /kratix/output and
// /kratix/metadata to the runner, and ends when the runner has stored them
// (docs/harvest.md).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/kratix-compile/kratix-compile/internal/harvest/bundle"
	"github.com/kratix-compile/kratix-compile/internal/release"
)

// Exit codes.
const (
	exitStored     = 0 // or nobody waits for it any more
	exitRefused    = 1 // the files, the token or the runner are not as they must be
	exitUsage      = 2
	exitTerminated = 128 + int(syscall.SIGTERM)
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	code := run(ctx, os.Args[1:], os.Getenv("KRATIX_WORKFLOW_ACTION"), os.Stderr)
	stop()
	os.Exit(code)
}

// options are the command line.
type options struct {
	endpoint    *url.URL
	credentials string
	dirs        bundle.Directories
	version     bool
}

func run(ctx context.Context, args []string, action string, stderr io.Writer) int {
	say := func(format string, values ...any) {
		fmt.Fprintf(stderr, "kratix-harvest: "+format+"\n", values...)
	}
	o, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitStored
	case err != nil:
		say("%v", err)
		return exitUsage
	case o.version:
		fmt.Fprintln(stderr, release.Version())
		return exitStored
	}
	if action == "delete" {
		o.dirs.Output = "" // docs/kratix-contract.md 3.4
	}
	h, err := prepare(o, say)
	if err == nil {
		err = h.send(ctx)
	}
	switch {
	case err == nil:
		return exitStored
	case ctx.Err() != nil:
		say("ended before the runner had the bundle")
		return exitTerminated
	default:
		say("%s", strings.ReplaceAll(err.Error(), "\n", "\nkratix-harvest: "))
		return exitRefused
	}
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	set := flag.NewFlagSet("kratix-harvest", flag.ContinueOnError)
	set.SetOutput(stderr)
	endpoint := set.String("endpoint", "", "`URL` of the runner, https://host:port")
	set.StringVar(&o.credentials, "credentials", "/var/run/secrets/kratix-harvest", "`directory` with the files token and ca.crt")
	set.StringVar(&o.dirs.Output, "output", "/kratix/output", "`directory` with the files to deliver")
	set.StringVar(&o.dirs.Metadata, "metadata", "/kratix/metadata", "`directory` with the metadata files")
	set.BoolVar(&o.version, "version", false, "print the version")
	if err := set.Parse(args); err != nil || o.version {
		return o, err
	}
	if set.NArg() > 0 {
		return o, fmt.Errorf("%q is not expected; all options begin with --", set.Arg(0))
	}
	var err error
	if o.endpoint, err = url.Parse(*endpoint); err != nil || o.endpoint.Scheme != "https" || o.endpoint.Host == "" {
		return o, errors.New("--endpoint must be the URL of the runner, as in https://kratix-runner.kratix-platform-system.svc:9443")
	}
	return o, nil
}
