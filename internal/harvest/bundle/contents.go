// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"errors"
	"io"
	"path"
	"strings"
)

// Contents are what can be said of a bundle without its files of the output.
type Contents struct {
	// Metadata has the metadata files, by their names.
	Metadata map[string][]byte
	// Directories are those right below output, also empty ones, in order.
	Directories []string
	// Files and Bytes count the output.
	Files int
	Bytes int64
}

// Inspect reads a whole bundle, as Reader does, and keeps what it says.
func Inspect(r io.Reader, limits Limits) (Contents, error) {
	contents := Contents{Metadata: map[string][]byte{}}
	reader := NewReader(r, limits)
	for {
		entry, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return contents, nil
		}
		if err != nil {
			return Contents{}, err
		}
		if err := contents.add(entry, reader); err != nil {
			return Contents{}, err
		}
	}
}

func (c *Contents) add(entry Entry, content io.Reader) error {
	half, rest, _ := strings.Cut(entry.Path, "/")
	if half == Metadata {
		data, err := io.ReadAll(content)
		c.Metadata[path.Base(entry.Path)] = data
		return err
	}
	if dir, _, nested := strings.Cut(rest, "/"); nested || entry.Dir {
		if n := len(c.Directories); n == 0 || c.Directories[n-1] != dir {
			c.Directories = append(c.Directories, dir)
		}
	}
	if entry.Dir {
		return nil
	}
	c.Files++
	c.Bytes += entry.Size
	_, err := io.Copy(io.Discard, content)
	return err
}
