// SPDX-License-Identifier: Apache-2.0

// Package bundle is what a run leaves behind, as one stream of bytes: the files of
// /kratix/output and /kratix/metadata in a tar archive whose headers say nothing but paths
// and sizes. The same files give the same bytes, and so the same Digest, on every machine.
//
// It does not use Kubernetes' packages, so that kratix-harvest stays a small program.
package bundle

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
)

// The two directories of a bundle, below which every path of it is.
const (
	Output   = "output"
	Metadata = "metadata"
)

// MetadataFiles are what a bundle may have below metadata: the three files of Kratix
// (docs/kratix-contract.md 5), one of them also with the underscore that some of Kratix's
// texts have.
var MetadataFiles = []string{
	"destination-selectors.yaml",
	"destination_selectors.yaml",
	"status.yaml",
	"workflow-control.yaml",
}

func isMetadataFile(name string) bool { return slices.Contains(MetadataFiles, name) }

// Digest is the SHA-256 of a bundle's bytes.
type Digest [sha256.Size]byte

// String is the digest in hexadecimal digits.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// Entry is a file, or an empty directory, of a bundle.
type Entry struct {
	// Path is relative, clean, and begins with output/ or metadata/.
	Path string
	// Size is in bytes; 0 for a directory.
	Size int64
	// Dir is true for a directory right below output that has no files:
	// destination-selectors.yaml may name it (docs/kratix-contract.md 5.2). Other empty
	// directories are left out.
	Dir bool
}

// Limits bound a bundle. They belong to the format: both ends use DefaultLimits, and only
// tests have others.
type Limits struct {
	// Bytes is how much all files may have together, FileBytes one of the output, and
	// MetadataBytes one of the metadata.
	Bytes, FileBytes, MetadataBytes int64
	// Entries is how many files and directories a tree may have.
	Entries int
	// PathBytes is how long a path may be, without output/ or metadata/. A State Store
	// puts its own path before it, and S3 ends at 1024 bytes.
	PathBytes int
}

// DefaultLimits are 64 MiB in 10000 files.
func DefaultLimits() Limits {
	return Limits{Bytes: 64 << 20, FileBytes: 64 << 20, MetadataBytes: 1 << 20, Entries: 10_000, PathBytes: 512}
}

const (
	block = 512
	// entryBytes bounds what an entry adds to its content: a header, padding, and for a
	// long path one more header and the path itself.
	entryBytes = 5 * block
	// trailerBytes end an archive.
	trailerBytes = 2 * block
)

// Size is more than a bundle within the limits can have, in bytes.
func (l Limits) Size() int64 {
	return l.Bytes + int64(l.Entries)*(entryBytes+int64(l.PathBytes)) + trailerBytes
}
