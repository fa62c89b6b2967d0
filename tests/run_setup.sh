#!/usr/bin/env bash
# run_setup.sh: what a newcomer's `make` says where something to compile against is missing.
set -u
export LC_ALL=C
cd "$(dirname "$0")/.." || exit 1
mkdir -p build/setup
work=$(mktemp -d build/setup/run-XXXXXX)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

# says HEADER WANTED: make, with a compiler that has all headers but this one.
says() {
	local said
	cat >"$work/cc" <<-END
		#!/bin/sh
		case "\$*" in *-E*) ! grep -q '<$1>' ;; *) exit 1 ;; esac
	END
	chmod +x "$work/cc"
	said=$(make -s BUILD="$work/made" CC="$work/cc" 2>&1)
	if grep -qF -- "$2" <<<"$said" && [ "$(wc -l <<<"$said")" -le 4 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf 'FAIL without %s: %s\n' "$1" "$said"
	fi
}

says png.h 'apt-get install libpng-dev'
says jpeglib.h 'apt-get install libjpeg62-turbo-dev'
says zlib.h 'apt-get install zlib1g-dev'
says omp.h 'apt-get install libomp-19-dev'
says libxml/parser.h 'apt-get install libxml2-dev'
said=$(make -s BUILD="$work/made" CC=no-such-compiler 2>&1)
if grep -q "'no-such-compiler' is not installed" <<<"$said"; then
	passed=$((passed + 1))
else
	failed=$((failed + 1))
	echo "FAIL without a compiler: $said"
fi
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
