#!/usr/bin/env bash
# setup.sh: a virtual environment with the newest PyTorch of PyPI, for the comparison of networks.
#
#     tests/torch/setup.sh [VENV]        default: build/venv
#
# One in which `import torch` works is left as it is. PyPI's wheel for x86-64 does not start without
# NVIDIA's libraries, even where there is no GPU. Where the CUDA toolkit is installed the few that it
# lacks are enough; otherwise pip fetches all of them, several gigabytes. PIP_EXTRA_INDEX_URL or
# PIP_FIND_LINKS may name a place that has the much smaller wheels for processors.
set -eu
cd "$(dirname "$0")/../.."
venv=${1:-build/venv}
works() {
	"$venv/bin/python" -c 'import torch' 2>/dev/null
}
[ -x "$venv/bin/python" ] && works && exit 0

if ! python3 -c 'import ensurepip' 2>/dev/null; then
	[ "$(id -u)" -eq 0 ] || { echo "setup: run: sudo apt-get install python3-venv" >&2; exit 1; }
	apt-get update && apt-get install -y --no-install-recommends python3-venv
fi
echo "setup: PyTorch into $venv"
python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --no-deps torch typing_extensions filelock sympy mpmath networkx \
	jinja2 markupsafe fsspec numpy setuptools
works && exit 0
if [ -e /usr/local/cuda/lib64 ]; then
	"$venv/bin/pip" install --quiet --no-deps nvidia-cufile nvidia-cusparselt-cu13 \
		nvidia-nvshmem-cu13 nvidia-nccl-cu13
	works && exit 0
fi
"$venv/bin/pip" install --quiet torch
works || { echo "setup: torch is installed in $venv, but does not start:" >&2
	"$venv/bin/python" -c 'import torch'; }
