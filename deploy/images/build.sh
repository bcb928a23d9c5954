#!/bin/bash
# build.sh DIR [IMAGE...] makes images in DIR, all or those that are named, as OCI layouts that
# any tool can copy into a registry, each with an SBOM of all that is in it. The same commit and
# the same packages of Debian give the same digests.
#
#   PLATFORMS  linux/amd64,linux/arm64 unless set
#   VERSION    what the programs call themselves
#   MIRROR     of Debian, mmdebstrap's own unless set; one of a moment fixes the packages
set -euo pipefail
out=$(mkdir -p "$1" && cd "$1" && pwd)
images=("${@:2}")
((${#images[@]})) || images=(kratix-runner kratix-harvest kratix-compile kratix-jobs)
cd "$(dirname "$0")/../.."
tools=$PWD/internal/tools
work=$(mktemp -d)
export GOFLAGS= SOURCE_DATE_EPOCH=0

# Images are put together in a registry, so there is one for a moment.
crane=$work/crane
go build -modfile="$tools/crane/go.mod" -o "$crane" github.com/google/go-containerregistry/cmd/crane
mkdir "$work/blobs"
"$crane" registry serve --address 127.0.0.1:0 --disk "$work/blobs" 2>"$work/log" &
trap 'kill %1; rm -rf "$work"' EXIT
until port=$(grep -o '[0-9]*$' "$work/log"); do sleep 0.1; done

# packages ARCH TAR: git and ssh are for State Stores; dash is for git, which starts ssh with it.
packages() {
	mmdebstrap --quiet --variant=extract --architectures="$1" \
		--include=base-files,ca-certificates,dash,git,openssh-client --extract-hook="$PWD/deploy/images/root.sh"' "$1"' \
		trixie "$2" ${MIRROR:+"$MIRROR"}
}

# program NAME ARCH TAR
program() {
	mkdir -p "$work/$2"
	CGO_ENABLED=0 GOOS=linux GOARCH=$2 go build -trimpath -ldflags "-s -w ${VERSION:+-X github.com/kratix-compile/kratix-compile/internal/release.version=$VERSION}" -o "$work/$2" "./cmd/$1"
	tar --create --file "$3" --directory "$work/$2" --owner=0 --group=0 --mtime=@0 --mode=755 "$1"
}

for name in "${images[@]}"; do
	image=localhost:$port/$name manifests=()
	for platform in $(tr , ' ' <<<"${PLATFORMS:-linux/amd64,linux/arm64}"); do
		arch=${platform#linux/} layers=()
		echo "$name for $platform" >&2
		if [ $name = kratix-runner ]; then
			packages "$arch" "$work/packages.tar"
			layers+=(-f "$work/packages.tar")
		fi
		program $name "$arch" "$work/program.tar"
		layers+=(-f "$work/program.tar")
		{
			"$crane" append --oci-empty-base "${layers[@]}" -t "$image:$arch"
			"$crane" mutate --set-platform "$platform" --user 65532:65532 --entrypoint /$name -t "$image:$arch" "$image:$arch"
		} >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
		manifests+=(-m "$image:$arch")
	done
	"$crane" index append "${manifests[@]}" -t "$image" 2>"$work/log"
	rm -rf "${out:?}/$name"
	"$crane" pull --format=oci "$image" "$out/$name"
	go tool -modfile="$tools/syft/go.mod" syft scan --quiet "oci-dir:$out/$name" --source-name "$name" -o "spdx-json=$out/$name.spdx.json"
	"$crane" digest "$image"
done
