// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// A folder is where a cluster lives: bin, source and logs stay, run goes with it.
type folder string

func (f folder) path(elements ...string) string {
	return filepath.Join(append([]string{string(f)}, elements...)...)
}

func (f folder) run(elements ...string) string {
	return f.path(append([]string{"run"}, elements...)...)
}

// id tells the clusters of two folders apart in what they share: the kernel's names.
func (f folder) id() string {
	sum := sha256.Sum256([]byte(f))
	return hex.EncodeToString(sum[:4])
}

// Folder is the place of the cluster: E2E_DIR, or a folder of the user's cache.
func Folder() (string, error) {
	if dir := os.Getenv("E2E_DIR"); dir != "" {
		return filepath.Abs(dir)
	}
	cache, err := os.UserCacheDir()
	return filepath.Join(cache, "kratix-compile-e2e"), err
}

var errRunning = errors.New("a cluster is running already")

// lock makes its caller the only one with a cluster in this folder. The
// kernel lets go of it with the process, whatever the process dies of.
func (f folder) lock() (*os.File, error) {
	if err := os.MkdirAll(f.path("bin"), 0o755); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(f.path("lock"), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("%w in %s", errRunning, f)
	}
	if err := file.Truncate(0); err != nil {
		return nil, err
	}
	_, err = fmt.Fprintf(file, "%d\n", os.Getpid())
	return file, err
}

// owner is the process whose cluster runs in the folder, 0 for nobody.
func (f folder) owner() int {
	file, err := os.Open(f.path("lock"))
	if err != nil {
		return 0
	}
	defer func() { _ = file.Close() }()
	if syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) == nil {
		return 0
	}
	data, err := os.ReadFile(f.path("lock"))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		return 0
	}
	return pid
}
