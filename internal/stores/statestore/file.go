// SPDX-License-Identifier: Apache-2.0

package statestore

import (
	"bytes"
	"fmt"
	"io"
)

// ReadFile puts the content of a file into the buffer, instead of what is in it. The error
// names the file.
func ReadFile(f File, into *bytes.Buffer) error {
	into.Reset()
	return CopyFile(f, into)
}

// CopyFile writes the content of a file. The error names the file.
func CopyFile(f File, to io.Writer) error {
	content, err := f.Open()
	if err != nil {
		return fmt.Errorf("read %s: %w", f.Path, err)
	}
	n, err := io.Copy(to, io.LimitReader(content, MaxFileBytes+1))
	switch {
	case err != nil:
		return fmt.Errorf("read %s: %w", f.Path, err)
	case n > MaxFileBytes:
		return fmt.Errorf("%s has more than %d MiB, which a State Store does not take; write less or in several files", f.Path, MaxFileBytes>>20)
	}
	return nil
}
