// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var testTime = time.Unix(1_000_000_000, 0)

func small() Limits {
	return Limits{Bytes: 100, FileBytes: 60, MetadataBytes: 20, Entries: 4, PathBytes: 30}
}

func TestScanRefuses(t *testing.T) {
	socket := func(name string) func(t *testing.T, d Directories) {
		return func(t *testing.T, d Directories) {
			listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(d.Output, name)})
			require.NoError(t, err)
			t.Cleanup(func() { _ = listener.Close() })
		}
	}
	for _, c := range []struct {
		name  string
		files files
		then  func(t *testing.T, d Directories)
		want  string
	}{
		{
			name: "link", then: func(t *testing.T, d Directories) {
				require.NoError(t, os.Symlink("/etc/passwd", filepath.Join(d.Output, "link")))
			}, want: `"output/link" is a symbolic link; write the file itself there (cp -L)`,
		}, {
			name: "link to a directory", then: func(t *testing.T, d Directories) {
				require.NoError(t, os.Symlink("..", filepath.Join(d.Output, "up")))
			}, want: `"output/up" is a symbolic link; write the file itself there (cp -L)`,
		}, {
			name: "link as metadata", then: func(t *testing.T, d Directories) {
				require.NoError(t, os.Symlink("../output", filepath.Join(d.Metadata, "status.yaml")))
			}, want: `"metadata/status.yaml" is a symbolic link; write the file itself there (cp -L)`,
		}, {
			name: "directory as metadata", files: files{"metadata/status.yaml/": ""},
			want: `"metadata/status.yaml" is no ordinary file, which no State Store can keep; remove it at the end of the container that makes it`,
		}, {
			name: "pipe", then: func(t *testing.T, d Directories) {
				require.NoError(t, syscall.Mkfifo(filepath.Join(d.Output, "pipe"), 0o600))
			}, want: `"output/pipe" is a named pipe, which no State Store can keep; remove it at the end of the container that makes it`,
		}, {
			name: "socket", then: socket("s"),
			want: `"output/s" is a socket, which no State Store can keep; remove it at the end of the container that makes it`,
		}, {
			name: "repository", files: files{"output/x/.git/config": "", "output/x/.GIT ./a": ""},
			want: `"output/x/.GIT .": the name ".GIT ." is reserved by Git, and no repository would take it; rename it
"output/x/.git": the name ".git" is reserved by Git, and no repository would take it; rename it`,
		}, {
			name: "newline", files: files{"output/a\nb": ""},
			want: `"output/a\nb": the name "a\nb" has a backslash or a character that cannot be seen; rename it`,
		}, {
			name: "not UTF-8", files: files{"output/\xff": ""},
			want: `"output/\xff" is not a clean relative path; write files below /kratix/output`,
		}, {
			name: "long path", files: files{"output/" + strings.Repeat("d/", 15) + "f": ""},
			want: `there are more than 4 files and directories; write fewer, or several documents into one file`,
		}, {
			name: "long name", files: files{"output/" + strings.Repeat("n", 31): ""},
			want: `"output/` + strings.Repeat("n", 31) + `" has a path of 31 bytes; use at most 30`,
		}, {
			name: "large file", files: files{"output/f": strings.Repeat("x", 61)},
			want: `"output/f" has 61 bytes; a file there may have 60`,
		}, {
			name: "large metadata", files: files{"metadata/status.yaml": strings.Repeat("x", 21)},
			want: `"metadata/status.yaml" has 21 bytes; a file there may have 20`,
		}, {
			name: "much", files: files{"output/a": strings.Repeat("x", 60), "output/b": strings.Repeat("x", 41)},
			want: `the files have more than 100 bytes together; write less, or keep large files elsewhere and refer to them`,
		}, {
			name: "many", files: files{"output/a/1": "", "output/a/2": "", "output/a/3": "", "output/a/4": ""},
			want: `there are more than 4 files and directories; write fewer, or several documents into one file`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			dirs := c.files.lay(t)
			if c.then != nil {
				c.then(t, dirs)
			}
			_, err := Scan(dirs, small())
			require.Error(t, err)
			assert.Equal(t, c.want, err.Error())
		})
	}
}

func TestScanTellsOfTenProblems(t *testing.T) {
	dirs := files{}.lay(t)
	for i := range 13 {
		require.NoError(t, os.Symlink("x", filepath.Join(dirs.Output, strings.Repeat("l", i+1))))
	}
	_, err := Scan(dirs, DefaultLimits())
	lines := strings.Split(err.Error(), "\n")
	assert.Len(t, lines, 11)
	assert.Equal(t, "and 3 more", lines[10])
}

func TestScanWithoutDirectories(t *testing.T) {
	_, err := Scan(Directories{Metadata: t.TempDir(), Output: "/nowhere/at/all"}, DefaultLimits())
	assert.ErrorIs(t, err, os.ErrNotExist)
	assert.ErrorContains(t, err, "must run in the Pod of the Pipeline")
}

func TestAFileThatChanges(t *testing.T) {
	for name, change := range map[string]func(file string) error{
		"grows":             func(file string) error { return os.WriteFile(file, []byte("longer"), 0o600) },
		"becomes a link":    func(file string) error { return replace(file, os.Symlink("/etc/hostname", file+".new")) },
		"becomes a pipe":    func(file string) error { return replace(file, syscall.Mkfifo(file+".new", 0o600)) },
		"becomes a way out": func(file string) error { return replace(file, os.Symlink("../../../etc/passwd", file+".new")) },
	} {
		t.Run(name, func(t *testing.T) {
			dirs := files{"output/f": "long"}.lay(t)
			tree, err := Scan(dirs, DefaultLimits())
			require.NoError(t, err)
			require.NoError(t, change(filepath.Join(dirs.Output, "f")))
			_, _, err = tree.Digest()
			assert.ErrorIs(t, err, ErrChanged)
			assert.ErrorContains(t, err, `"output/f"`)
		})
	}
}

func replace(file string, err error) error {
	if err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}

func TestUnreadable(t *testing.T) {
	err := unreadable("output/x", &os.PathError{Op: "open", Path: "x", Err: syscall.EACCES})
	assert.ErrorContains(t, err, `"output/x" cannot be read by the harvest, which is user`)
	assert.ErrorContains(t, err, "chmod -R a+rX")
}
