package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// The versions that are known to work together; see kube/go.mod for the first.
const (
	kubeVersion   = "v1.34.4"
	tektonVersion = "v1.15.0"
	argoVersion   = "v3.7.16"
)

const (
	ownModule    = "github.com/kratix-compile/kratix-compile/e2e"
	tektonModule = "github.com/tektoncd/pipeline"
	argoModule   = "github.com/argoproj/argo-workflows/v3"
)

// A binary is a program that the cluster is made of, built once a version.
type binary struct {
	name    string
	version string
	module  string // empty for a program of our own
	dir     string // below our own module, for a program with a module of its own
	target  string // the package to build, relative to the module
	ldflags string
}

var (
	kube = binary{
		name: "kube", version: kubeVersion, dir: "kube", target: ".",
		ldflags: "-s -w" + kubeVersionFlags("gitVersion="+kubeVersion, "gitMajor=1", "gitMinor=34"),
	}
	tektonController = binary{name: "tekton-controller", version: tektonVersion, module: tektonModule, target: "./cmd/controller", ldflags: "-s -w"}
	tektonEntrypoint = binary{name: "tekton-entrypoint", version: tektonVersion, module: tektonModule, target: "./cmd/entrypoint", ldflags: "-s -w"}
	tektonNop        = binary{name: "tekton-nop", version: tektonVersion, module: tektonModule, target: "./cmd/nop", ldflags: "-s -w"}
	tektonWorkingDir = binary{name: "tekton-workingdirinit", version: tektonVersion, module: tektonModule, target: "./cmd/workingdirinit", ldflags: "-s -w"}
	argoController   = binary{name: "argo-controller", version: argoVersion, module: argoModule, target: "./cmd/workflow-controller", ldflags: "-s -w"}
	argoExecutor     = binary{name: "argoexec", version: argoVersion, module: argoModule, target: "./cmd/argoexec", ldflags: "-s -w"}
)

// kubeVersionFlags tells the API server its version: engines refuse v0.0.0.
func kubeVersionFlags(values ...string) string {
	var flags strings.Builder
	for _, value := range values {
		flags.WriteString(" -X k8s.io/component-base/version." + value)
	}
	return flags.String()
}

func (f folder) binary(b binary) string { return f.path("bin", b.name+"-"+b.version) }

// build makes the binaries that are not there yet, one after the other: each
// of them keeps all processors busy by itself.
func (f folder) build(ctx context.Context, say func(string, ...any), binaries ...binary) error {
	for _, b := range binaries {
		out := f.binary(b)
		if _, err := os.Stat(out); err == nil {
			continue
		}
		say("building %s %s%s", b.name, b.version, f.lastTime(b))
		begin := time.Now()
		if err := f.buildOne(ctx, b, out); err != nil {
			return fmt.Errorf("build %s: %w", b.name, err)
		}
		f.remember(b, time.Since(begin))
	}
	return nil
}

func (f folder) buildOne(ctx context.Context, b binary, out string) error {
	source, err := f.source(ctx, b)
	if err != nil {
		return err
	}
	args := []string{"build", "-C", source, "-mod=readonly", "-ldflags", b.ldflags, "-o", out, b.target}
	return goTool(ctx, nil, args...)
}

// source is the folder in which a binary is built: modules bring their own
// go.mod, so what runs here has the dependencies that its authors chose.
func (f folder) source(ctx context.Context, b binary) (string, error) {
	if b.module == "" {
		own, err := moduleDir(ctx)
		return filepath.Join(own, b.dir), err
	}
	module, err := download(ctx, b.module, b.version)
	if err != nil || b.module != argoModule {
		return module, err
	}
	return f.repairArgo(module, b.version)
}

// repairArgo copies Argo's module and adds a file to it: the repository has it
// as a symlink, and the module's archive lacks symlinks.
func (f folder) repairArgo(module, version string) (string, error) {
	repaired := f.path("source", "argo-"+version)
	missing := filepath.Join(repaired, "workflow", "executor", "osspecific", "signal_linux.go")
	if _, err := os.Stat(missing); err == nil {
		return repaired, nil
	}
	if err := os.RemoveAll(repaired); err != nil {
		return "", err
	}
	if err := os.CopyFS(repaired, os.DirFS(module)); err != nil {
		return "", err
	}
	same, err := os.ReadFile(filepath.Join(module, "workflow", "executor", "osspecific", "signal_darwin.go"))
	if err != nil {
		return "", err
	}
	return repaired, os.WriteFile(missing, same, 0o644)
}

// download is the folder of a module in Go's cache.
func download(ctx context.Context, module, version string) (string, error) {
	var out strings.Builder
	if err := goTool(ctx, &out, "mod", "download", "-json", module+"@"+version); err != nil {
		return "", err
	}
	var found struct{ Dir string }
	err := json.Unmarshal([]byte(out.String()), &found)
	return found.Dir, err
}

func moduleDir(ctx context.Context) (string, error) {
	var out strings.Builder
	err := goTool(ctx, &out, "list", "-m", "-f", "{{.Dir}}", ownModule)
	return strings.TrimSpace(out.String()), err
}

// goTool runs go for static binaries, and shows what it says only when it fails.
func goTool(ctx context.Context, stdout *strings.Builder, args ...string) error {
	command := exec.CommandContext(ctx, "go", args...)
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
	if stdout != nil {
		command.Stdout = stdout
	}
	var stderr strings.Builder
	command.Stderr = &stderr
	if err := command.Run(); err != nil {
		return errors.Join(fmt.Errorf("go %s: %w", args[0], err), errors.New(strings.TrimSpace(stderr.String())))
	}
	return nil
}

func (f folder) durations() map[string]string {
	durations := map[string]string{}
	if data, err := os.ReadFile(f.path("bin", "durations.json")); err == nil {
		_ = json.Unmarshal(data, &durations) // a hint for people, not worth a failure
	}
	return durations
}

func (f folder) lastTime(b binary) string {
	if took, ok := f.durations()[b.name]; ok {
		return " (took " + took + " last time)"
	}
	return " (minutes, once)"
}

func (f folder) remember(b binary, took time.Duration) {
	durations := f.durations()
	durations[b.name] = took.Round(time.Second).String()
	if data, err := json.MarshalIndent(durations, "", "  "); err == nil {
		_ = os.WriteFile(f.path("bin", "durations.json"), data, 0o644)
	}
}
