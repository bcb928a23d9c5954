#!/bin/bash
# build.sh VERSION DIR makes in DIR what a release has besides its images: programs with
# their completions, a chart, manifests, the checks for other people's CI, SBOMs, manifests for krew,
# and the checksums of all of it. The same commit gives the same bytes.
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

executable() { # PROGRAM OS
	if [ "$2" = windows ]; then echo "$1.exe"; else echo "$1"; fi
}

completions() { # PROGRAM DIR
	mkdir "$2"
	for shell in bash zsh fish powershell; do "$work/$1" completion $shell >"$2/$1.$shell"; done
}

archive() { # PROGRAM OS ARCH
	local name=$1_$2_$3
	echo "$name" >&2
	mkdir "$work/$name"
	cp LICENSE README.md "$work/$name"
	# kratix-harvest has no commands to complete.
	if [ "$1" != kratix-harvest ]; then completions "$1" "$work/$name/completions"; fi
	compile "$1" "$2" "$3" "$work/$name/$(executable "$1" "$2")"
	tar --create --directory "$work/$name" --sort=name --owner=0 --group=0 --mode=a+rX,u+w,go-w --mtime="@$time" . | gzip -n -9 >"$out/$name.tar.gz"
	rm -r "${work:?}/$name"
}

krew() { # PLUGIN PROGRAM
	sed "s/VERSION/$version/" "deploy/release/krew/$1.yaml" >"$out/$1.yaml"
	for platform in $platforms; do
		local os=${platform%/*} arch=${platform#*/} file=$2_${platform/\//_}.tar.gz sum bin
		sum=$(sha256sum "$out/$file") bin=$(executable "$2" "$os")
		cat >>"$out/$1.yaml" <<-END
		    - selector: {matchLabels: {os: $os, arch: $arch}}
		      uri: https://$module/releases/download/$version/$file
		      sha256: ${sum%% *}
		      bin: $bin
		      files: [{from: ./$bin, to: .}, {from: ./LICENSE, to: .}]
		END
	done
}

for program in kratix-compile kratix-runner kratix-harvest; do
	compile $program "$(go env GOHOSTOS)" "$(go env GOHOSTARCH)" "$work/$program"
	tool syft scan --quiet "file:$work/$program" --source-name $program --source-version "$version" -o "spdx-json=$out/$program.spdx.json"
	for platform in $platforms; do
		# kratix-harvest is the last container of a run, and nobody's command.
		[[ $program != kratix-harvest || $platform = linux/* ]] || continue
		archive $program "${platform%/*}" "${platform#*/}"
	done
done
krew kratix-compile kratix-compile
krew kratix-status kratix-runner

manifests() { # FOLDER FILE
	tool kustomize build "deploy/$1" | sed "s|\(kratix-compile/kratix-[a-z]*\):v[0-9.]*|\1:$version|" >"$out/$2"
}
manifests base install.yaml
manifests jobs install-jobs.yaml
for check in tekton-task argo-workflowtemplate; do
	sed "s|kratix-compile/kratix-compile:v[0-9.]*|kratix-compile/kratix-compile:$version|" deploy/ci/$check.yaml >"$out/$check.yaml"
done
for chart in kratix-runner kratix-jobs; do
	tool helm package deploy/chart/$chart --version "${version#v}" --app-version "$version" --destination "$out" >&2
done
cd "$out" && sha256sum ./*.tar.gz ./*.tgz ./*.yaml ./*.json | sed 's| \./| |' >SHA256SUMS
