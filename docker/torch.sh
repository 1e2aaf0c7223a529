#!/bin/sh
# Installs torch first, so that what follows finds it: torch.sh VENV cpu|cuda.
# cpu takes the local version +cpu where the configured index offers it (PIP_EXTRA_INDEX_URL as a build secret or
# pip.conf names that index), since the plain build brings several GB of CUDA.
set -eu
version=$(sed -n 's/^torch==//p' constraints.txt)
case "$2" in
    cpu) "$1/bin/pip" install --no-cache-dir "torch==$version+cpu" || "$1/bin/pip" install --no-cache-dir "torch==$version" ;;
    cuda) "$1/bin/pip" install --no-cache-dir "torch==$version" ;;
    *) echo "TORCH must be cpu or cuda, not $2" >&2; exit 2 ;;
esac
