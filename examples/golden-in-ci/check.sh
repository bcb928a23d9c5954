#!/bin/sh
# Fails if a Promise has findings worse than notes, or if the golden files are
# not what the Promises compile to.
set -eu
cd "$(dirname "$0")"

kratix-compile diff golden/ -f promises/ --backend all --strict
