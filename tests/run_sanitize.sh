#!/usr/bin/env bash
# run_sanitize.sh: nncc under AddressSanitizer and UBSan over every description in the repository, good
# and bad: it prints what it always prints, and neither sanitizer says a word.
set -u
export LC_ALL=C ASAN_OPTIONS=detect_leaks=0    # nothing is freed: see compiler/nncc.h
cd "$(dirname "$0")/.." || exit 1
out=build/sanitize
mkdir -p $out
clang-19 -std=c17 -D_GNU_SOURCE -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined \
	$(pkg-config --cflags libxml-2.0) -DNNCC_RUNTIME='"runtime"' -DNNCC_LIBRARY='""' \
	-o $out/nncc compiler/*.c runtime/calc.c runtime/sha256.c -lxml2 -lm || { echo "0 passed, 1 failed"; exit 1; }
passed=0 failed=0
for file in tests/{bad,oracle,dual,dump,found}/*.xml models/*.xml; do
	[ -f "$file" ] || continue
	timeout 120 $out/nncc -S -o $out/c "$file" >$out/stdout 2>$out/stderr
	if [ $? -gt 1 ] || grep -qE 'Sanitizer|runtime error' $out/stderr; then
		failed=$((failed + 1))
		echo "FAIL $file: $(grep -m1 -E 'Sanitizer|runtime error' $out/stderr)"
	else
		passed=$((passed + 1))
	fi
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
