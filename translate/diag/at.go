// SPDX-License-Identifier: Apache-2.0

package diag

import (
	"strconv"
	"strings"
)

// Pos is a place in a file. Line and Col count from 1, Col in characters;
// a zero Line means that only the file is known.
type Pos struct {
	File string
	Line int
	Col  int
}

func (p Pos) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Col == 0:
		return p.File + ":" + strconv.Itoa(p.Line)
	default:
		return p.File + ":" + strconv.Itoa(p.Line) + ":" + strconv.Itoa(p.Col)
	}
}

// Step is one element of a Path: a key of a mapping or an index of a list.
type Step struct {
	Key   string
	Index int
	List  bool
}

// Path leads from the root of a document to a value in it.
type Path []Step

// String is the spelling of kubectl: spec.containers[0].env, labels[a/b].
func (p Path) String() string {
	var b strings.Builder
	for _, s := range p {
		switch {
		case s.List:
			b.WriteString("[" + strconv.Itoa(s.Index) + "]")
		case strings.ContainsAny(s.Key, "./[] "):
			b.WriteString("[" + s.Key + "]")
		default:
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(s.Key)
		}
	}
	return b.String()
}

// Locator finds where the value at a path was written in a file. If the path was not written,
// it finds the nearest parent that was.
type Locator interface {
	Locate(Path) Pos
	// LocateKey finds the key of a value instead.
	LocateKey(Path) Pos
}

// At is a value in a user's document. Stages pass it on with the value, so that each stage can
// say where the value came from. The zero At is a value that no user wrote.
type At struct {
	Doc  Locator
	Path Path
	// key is set where the fault is the key's.
	key bool
}

// Field is the value of a key.
func (a At) Field(keys ...string) At {
	for _, k := range keys {
		a = a.join(Step{Key: k})
	}
	return a
}

// Index is an element of a list.
func (a At) Index(i int) At { return a.join(Step{Index: i, List: true}) }

// Pos looks the position up; the zero Pos when no user wrote the value.
func (a At) Pos() Pos {
	if a.Doc == nil {
		return Pos{}
	}
	if a.key {
		return a.Doc.LocateKey(a.Path)
	}
	return a.Doc.Locate(a.Path)
}

// Key is the value's key in its mapping.
func (a At) Key() At {
	a.key = true
	return a
}

func (a At) join(s Step) At {
	path := make(Path, len(a.Path), len(a.Path)+1)
	copy(path, a.Path)
	return At{Doc: a.Doc, Path: append(path, s)}
}

// Follow goes down a path in the spelling of Kubernetes, as in spec.list[0].map[a.b].
func (a At) Follow(path string) At {
	for path != "" {
		switch path[0] {
		case '.':
			path = path[1:]
		case '[':
			inside, rest, _ := strings.Cut(path[1:], "]")
			if i, err := strconv.Atoi(inside); err == nil {
				a = a.Index(i)
			} else {
				a = a.Field(inside)
			}
			path = rest
		default:
			end := strings.IndexAny(path, ".[")
			if end < 0 {
				end = len(path)
			}
			a, path = a.Field(path[:end]), path[end:]
		}
	}
	return a
}
