module github.com/kratix-compile/kratix-compile/internal/tools/addlicense

go 1.26.0

tool github.com/google/addlicense

require (
	github.com/bmatcuk/doublestar/v4 v4.0.2 // indirect
	github.com/google/addlicense v1.1.1 // indirect
	golang.org/x/sync v0.0.0-20190911185100-cd5d95a43a6e // indirect
)
