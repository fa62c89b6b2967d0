#!/usr/bin/env bash
# run_sanitize.sh: AddressSanitizer and UBSan over nncc, on every description in the repository, good
# and bad, and over the unit tests of compiler and runtime. Neither says a word.
#
# Needs `make asan`. Left out are test_dual and test_threads, which walk through each point of whole
# networks and would take half an hour, and test_runtime_pace, which compares times.
set -u
export LC_ALL=C ASAN_OPTIONS=detect_leaks=0    # the compiler frees nothing: see compiler/base/base.h
cd "$(dirname "$0")/.." || exit 1
built=build/asan out=build/sanitize
mkdir -p $out
[ -x $built/nncc ] || { echo "$0: needs $built/nncc: run 'make asan' first" >&2; echo "0 passed, 1 failed"; exit 1; }
passed=0 failed=0

# check MOST COMMAND...: an exit code up to that and no report.
check() {
	local most=$1 code
	shift
	timeout 600 "$@" >$out/stdout 2>$out/stderr </dev/null
	code=$?
	if [ $code -le "$most" ] && ! grep -aqE 'Sanitizer|runtime error' $out/stdout $out/stderr; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL status $code: $*"
		grep -ahE -m 1 'Sanitizer|runtime error|FAIL' $out/stderr $out/stdout | head -3
	fi
}

for file in tests/{bad,oracle,dual,dump,found,sanitize}/*.xml models/*.xml; do
	[ -f "$file" ] && check 1 $built/nncc -S -o $out/c "$file"
done
for file in tests/dump/*.xml; do
	for letter in x a e g r f l p k s; do
		check 1 $built/nncc -d $letter "$file"
	done
	check 1 $built/nncc --explain "$file"
	check 1 $built/nncc --summary --json "$file"
	check 1 $built/nncc --emit-graph "$file"
done
for file in tests/test_*.c; do
	name=$(basename "$file" .c)
	case $name in
	test_dual | test_threads | test_runtime_pace) ;;
	test_team) check 0 $built/tests/test_team --filter '!(peak/*)' ;; # which measures the processor
	*) check 0 $built/tests/"$name" ;;
	esac
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
