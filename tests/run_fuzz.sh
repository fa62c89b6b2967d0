#!/usr/bin/env bash
# run_fuzz.sh: every parser under libFuzzer, AddressSanitizer and UBSan, from the seeds in
# tests/fuzz/corpus.
#
#     tests/run_fuzz.sh [TARGET...]            default: all of tests/fuzz
#
# A fixed number of inputs from a fixed seed, so that a run does what the last one did; with
# SECONDS_EACH=n as many as that time allows, which is what `make fuzz` does. What ends a target is
# left in build/fuzz/TARGET-..., and what reached new branches in that time in build/fuzz/TARGET.
# Give such a file to build/asan/tests/fuzz/TARGET to see it again. JOBS at a time (1).
set -u
export LC_ALL=C ASAN_OPTIONS=detect_leaks=1
cd "$(dirname "$0")/.." || exit 1
me=tests/run_fuzz.sh built=build/asan/tests/fuzz out=build/fuzz

# Bytes of input, seeds and inputs to run of a target. An input of front and nncc is a process.
one() {
	local target=$1 length=4096 runs=10000 seeds="tests/fuzz/corpus/$1" how said
	case $target in
	front) length=3000 runs=600 seeds="tests/bad tests/dump tests/oracle" ;;
	nncc) length=2000 runs=150 seeds="tests/dual tests/oracle" ;;
	calc | options) length=256 ;;
	cifar) length=12 runs=2000 ;;
	esac
	how="-runs=$runs -seed=1"
	# What is found goes into the first directory; a short run forgets it.
	if [ -n "${SECONDS_EACH-}" ]; then
		mkdir -p $out/"$target"
		how="-max_total_time=$SECONDS_EACH" seeds="$out/$target $seeds"
	else
		rm -rf $out/"$target".new && mkdir -p $out/"$target".new
		seeds="$out/$target.new $seeds"
	fi
	if [ "$target" = front ] || [ "$target" = nncc ]; then
		how+=" -dict=$out/words"
		[ -n "${SECONDS_EACH-}" ] || how+=" -prefer_small=1"
	fi
	# shellcheck disable=SC2086 # several words
	if said=$($built/"$target" $how -max_len=$length -timeout=60 -rss_limit_mb=1024 \
		-malloc_limit_mb=64 -artifact_prefix=$out/"$target"- $seeds 2>&1 </dev/null); then
		echo "$target: ok, $(grep -oE '^#[0-9]+[[:space:]]+DONE +cov: [0-9]+' <<<"$said" | tr '\t' ' ')"
	else
		echo "$target: $(grep -aE 'ERROR:|runtime error|^fuzz:' <<<"$said" | head -1)"
		grep -aE '^ +#[0-9]|Test unit written' <<<"$said" | head -12
	fi
}

if [ "${1-}" = --one ]; then
	one "$2"
	exit 0
fi
[ $# -gt 0 ] || set -- $(cd tests/fuzz && grep -l LLVMFuzzerTestOneInput -- *.c | sed 's/\.c$//')
for target; do
	[ -x $built/"$target" ] && continue
	echo "$me: needs $built/$target: run 'make asan' first" >&2
	echo "0 passed, 1 failed"
	exit 1
done
mkdir -p $out
# Names of elements and attributes, for descriptions.
build/asan/nncc --print-schema=md | grep -oE '`[a-z_0-9]+`' | sort -u | tr '`' '"' >$out/words
printf '%s\n' "$@" | xargs -n 1 -P "${JOBS:-1}" "$me" --one >$out/said
passed=$(grep -c ': ok' $out/said) failed=$(($# - passed))
if [ -n "${SECONDS_EACH-}" ]; then
	cat $out/said
else
	grep -v ': ok' $out/said | sed 's/^\([a-z]\)/FAIL \1/'
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
