// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"time"

	"golang.org/x/term"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/kratix-compile/kratix-compile/internal/cli/console"
	"github.com/kratix-compile/kratix-compile/internal/status"
)

// view reads the cluster and shows what it has read.
type view struct {
	*statusFlags
	cluster  *clusterClient
	gatherer *status.Gatherer
	subject  status.Subject
	out, err io.Writer

	// seen is what was shown last. gone is true if the object is not there any more.
	seen   status.List
	gone   bool
	screen *screen
	// complaint is the last error of a watch.
	complaint string
}

// object shows one object.
func (v *view) object(ctx context.Context) ([]status.Scope, bool, error) {
	facts, scopes, err := v.gatherer.Gather(ctx, v.subject)
	switch {
	case apierrors.IsNotFound(err) && len(v.seen.Items) > 0:
		v.screen.leave()
		again := v.gone
		if v.gone = true; v.output == "" && !again {
			fmt.Fprintf(v.out, "%s %s is gone\n", v.subject.Kind.Kind, v.subject.Name)
		}
		return scopes, true, nil
	case err != nil:
		return v.trouble(ctx, scopes, v.cluster.explain(v.subject, err))
	}
	t := status.Read(facts, v.cluster.flags...)
	return scopes, t.Settled, v.show(status.List{Items: []status.Trail{t}}, t)
}

// overview shows all Promises and requests.
func (v *view) overview(ctx context.Context) ([]status.Scope, bool, error) {
	all, missing, scopes, err := v.gatherer.Overview(ctx, v.cluster.chosenNamespace)
	if err != nil {
		return v.trouble(ctx, scopes, err)
	}
	list, settled := status.List{Items: []status.Trail{}, Missing: missing}, true
	for _, facts := range all {
		t := status.Read(facts, v.cluster.flags...)
		list.Items = append(list.Items, t)
		settled = settled && t.Settled && !slices.ContainsFunc(t.Requests, func(r status.Trail) bool { return !r.Settled })
	}
	if len(all) == 0 && len(missing) > 0 {
		return scopes, true, console.Exit{Code: console.Usage, Message: "you may not list promises.platform.kratix.io; name an object, as in: kratix-runner status KIND/NAME"}
	}
	return scopes, settled, v.show(list, list)
}

// trouble ends the first look with the error. Later looks are repeated: API servers
// restart.
func (v *view) trouble(ctx context.Context, scopes []status.Scope, err error) ([]status.Scope, bool, error) {
	if !v.watch || len(v.seen.Items) == 0 || ctx.Err() != nil {
		return scopes, false, err
	}
	if text := err.Error(); text != v.complaint {
		v.complaint = text
		fmt.Fprintln(v.err, "kratix-runner: trying again:", text)
	}
	return scopes, false, nil
}

// show prints a list if it is not what was printed last; data is the list for JSON and
// YAML.
func (v *view) show(list status.List, data any) error {
	v.complaint = ""
	if reflect.DeepEqual(v.seen, list) {
		return nil
	}
	before := v.seen
	v.seen = list
	switch {
	case v.output != "":
		return status.Print(v.out, data, v.output)
	case v.screen != nil:
		v.screen.draw(func(now time.Time) string { return v.render(list, now) })
	case v.watch:
		v.lines(before)
	default:
		_, err := io.WriteString(v.out, v.render(list, time.Now()))
		return err
	}
	return nil
}

func (v *view) render(list status.List, now time.Time) string {
	var text bytes.Buffer
	palette := status.Palette{Color: console.Colored(v.color, v.out)}
	if v.subject.Name != "" {
		_ = status.Tree(&text, list.Items[0], palette, now) // a buffer takes everything
	} else {
		_ = status.Table(&text, list.Items, list.Missing, palette, now)
	}
	return text.String()
}

// lines prints a line for each object that has changed, as for a log.
func (v *view) lines(before status.List) {
	known := map[string]bool{}
	for _, t := range flat(before.Items) {
		known[status.Line(t)] = true
	}
	for _, t := range flat(v.seen.Items) {
		if line := status.Line(t); !known[line] {
			fmt.Fprintf(v.out, "%s %s\n", time.Now().UTC().Format(time.RFC3339), line)
		}
	}
}

// flat are Promises and their requests in one list.
func flat(all []status.Trail) []status.Trail {
	var out []status.Trail
	for _, t := range all {
		out = append(append(out, t), t.Requests...)
	}
	return out
}

// begin prepares the terminal for a watch. The function that it returns prints the last
// state.
func (v *view) begin(ctx context.Context) (end func()) {
	file, ok := v.out.(*os.File)
	if v.output != "" || !ok || !term.IsTerminal(int(file.Fd())) {
		return func() {
			if v.output == "" && !v.gone && len(v.seen.Items) > 0 {
				fmt.Fprintf(v.out, "\n%s", v.render(v.seen, time.Now()))
			}
		}
	}
	v.screen = newScreen(ctx, file)
	return func() {
		v.screen.leave()
		if !v.gone && len(v.seen.Items) > 0 {
			fmt.Fprint(v.out, v.render(v.seen, time.Now()))
		}
	}
}

// verdict is the exit code of what was shown last.
func (v *view) verdict() error {
	if v.gone {
		return nil
	}
	all := v.seen.Items
	if v.subject.Name == "" { // with a Promise as the subject, its requests do not count
		all = flat(all)
	}
	if slices.ContainsFunc(all, func(t status.Trail) bool {
		return t.State == status.Failed || t.State == status.Failing || v.watch && t.State != status.Ready
	}) {
		return console.Exit{Code: console.Failed}
	}
	return nil
}
