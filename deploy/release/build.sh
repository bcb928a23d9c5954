#!/bin/bash
# build.sh VERSION DIR makes in DIR what a release has besides its images: programs with
# their completions, a chart, manifests, SBOMs, a manifest for krew, and the checksums of
# all of it. The same commit gives the same bytes.
#
#   PLATFORMS  all six unless set, as in "linux/amd64 darwin/arm64"
set -euo pipefail
version=$1
out=$(mkdir -p "$2" && cd "$2" && pwd)
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export GOFLAGS=
module=github.com/kratix-compile/kratix-compile
platforms=${PLATFORMS:-linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64}
time=$(git log -1 --format=%ct)

tool() { go tool -modfile="internal/tools/$1/go.mod" "$@"; }

compile() { # PROGRAM OS ARCH FILE
	CGO_ENABLED=0 GOOS=$2 GOARCH=$3 go build -trimpath -ldflags "-s -w -X $module/internal/release.version=$version" -o "$4" "./cmd/$1"
}

mkdir "$work/completions"
compile kratix-compile "$(go env GOHOSTOS)" "$(go env GOHOSTARCH)" "$work/host"
for shell in bash zsh fish powershell; do
	"$work/host" completion $shell >"$work/completions/kratix-compile.$shell"
done

for platform in $platforms; do
	os=${platform%/*} arch=${platform#*/} name=kratix-compile_${platform/\//_}
	echo "$name" >&2
	mkdir "$work/$name"
	cp -r LICENSE README.md "$work/completions" "$work/$name"
	program=kratix-compile
	[ "$os" = windows ] && program+=.exe
	compile kratix-compile "$os" "$arch" "$work/$name/$program"
	tar --create --directory "$work/$name" --sort=name --owner=0 --group=0 --mode=a+rX,u+w,go-w --mtime="@$time" . | gzip -n -9 >"$out/$name.tar.gz"
done

tool syft scan --quiet "file:$work/host" --source-name kratix-compile --source-version "$version" -o "spdx-json=$out/kratix-compile.spdx.json"
tool kustomize build deploy/base | sed "s|\(kratix-compile/kratix-[a-z]*\):v[0-9.]*|\1:$version|" >"$out/install.yaml"
tool helm package deploy/chart/kratix-runner --version "${version#v}" --app-version "$version" --destination "$out" >&2

cp deploy/release/krew.yaml "$out/kratix-compile.yaml"
sed -i "s/VERSION/$version/g" "$out/kratix-compile.yaml"
for platform in $platforms; do
	name=kratix-compile_${platform/\//_}
	sum=$(sha256sum "$out/$name.tar.gz")
	sed -i "s/SHA256-${platform/\//-}/${sum%% *}/" "$out/kratix-compile.yaml"
done
cd "$out" && sha256sum ./*.tar.gz ./*.tgz ./*.yaml ./*.json | sed 's| \./| |' >SHA256SUMS
