#!/usr/bin/env bash
# setup.sh: installs the Debian packages that are missing.
#
#     tests/setup.sh PART...         parts: build demo test style bench neon
#     tests/setup.sh --check CC      whether CC finds what nncc and trainers are compiled against;
#                                    on any system, and installs nothing
#
# As root on Debian it installs them; otherwise it says what to install and fails. When nothing is
# missing it takes a few milliseconds and touches neither the network nor the package lists.
set -u
build="make clang-19 libomp-19-dev libc6-dev libxml2-dev libpng-dev libjpeg62-turbo-dev zlib1g-dev pkg-config"
demo="dataset-fashion-mnist"
test="gcc libcriterion-dev libcjson-dev libclang-rt-19-dev libdnnl-dev libxml2-utils dataset-fashion-mnist"
style="clang-format-19 clang-tidy-19"
neon="gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user libcjson-dev"
bench="gcc libdnnl-dev libcjson-dev python3 dataset-fashion-mnist"

# What a compiler looks for, and the Debian package that holds it.
check() {
	local cc=$1 missing="" header package
	command -v "${cc%% *}" >/dev/null || {
		echo "setup: the C compiler '$cc' is not installed (on Debian: apt-get install clang-19);" \
			"make CC=gcc takes another" >&2
		return 1
	}
	while read -r package header; do
		# shellcheck disable=SC2086 # CC may be several words
		printf '#include <stdio.h>\n#include <%s>\n' "$header" |
			$cc -fopenmp $(pkg-config --cflags libxml-2.0 2>/dev/null) -E - >/dev/null 2>&1 ||
			missing="$missing $package"
	done <<-END
		libc6-dev stdlib.h
		libomp-19-dev omp.h
		libxml2-dev libxml/parser.h
		libpng-dev png.h
		libjpeg62-turbo-dev jpeglib.h
		zlib1g-dev zlib.h
	END
	command -v pkg-config >/dev/null || missing="$missing pkg-config"
	[ -z "$missing" ] && return 0
	echo "setup: what to compile against is missing. On Debian: sudo apt-get install$missing" >&2
	command -v dpkg-query >/dev/null ||
		echo "setup: on another system: what these Debian packages hold, with its headers" >&2
	return 1
}
if [ "${1-}" = --check ]; then
	check "$2"
	exit
fi

packages=""
for part; do
	case $part in
	build | demo | test | style | bench | neon) packages="$packages ${!part}" ;;
	*) echo "setup: unknown part '$part'; parts are build, demo, test, style, bench and neon" >&2; exit 2 ;;
	esac
done

if ! command -v dpkg-query >/dev/null; then
	command -v clang-19 >/dev/null && exit 0 # another system: trust that it was prepared
	echo "setup: not a Debian system; install what these Debian packages hold:$packages" >&2
	exit 1
fi

missing=""
# shellcheck disable=SC2086 # a list of words
installed=" $(dpkg-query -W -f '${db:Status-Abbrev}${Package} ' $packages 2>/dev/null) "
for package in $packages; do
	case $installed in
	*"ii $package "*) ;;
	*) missing="$missing $package" ;;
	esac
done
[ -z "$missing" ] && exit 0

if [ "$(id -u)" -ne 0 ]; then
	echo "setup: missing packages. Run: sudo apt-get install$missing" >&2
	exit 1
fi
echo "setup: installing$missing"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086
{ apt-get update && apt-get install -y --no-install-recommends $missing; } >"$log" 2>&1 || {
	tail -n 15 "$log" >&2
	echo "setup: apt-get could not install$missing (see above)" >&2
	exit 1
}
