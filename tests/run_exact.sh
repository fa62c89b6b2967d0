#!/usr/bin/env bash
# run_exact.sh: on small whole numbers every build gives the same bits.
#
#     tests/run_exact.sh [N [SEED]]            default: 6 networks from seed 1
#
# Weights, inputs and targets are whole numbers so small that every sum stays below 2^24, the loss
# is a mean over a power of two, the learning rate 0 (tests/net_random.c): then float has nothing
# to round, whatever the order. The output, the loss and all gradients of each build must equal
# those of the plain build in double, number by number, on a full batch and on a part of one, with
# 1, 2, 3, 4 and 7 threads. clang optimises the three builds at -O2 alone: what it compiles takes
# most of the time, and whole numbers are the same at each level. Winograd's transforms have thirds
# in them, so they are off. A network whose results are mostly zeros proves nothing and counts as
# failed.
# JOBS: how many at a time (2).
set -u
cd "$(dirname "$0")/.." || exit 1
# shellcheck source=tests/nets.sh
. tests/nets.sh
me=tests/run_exact.sh out=build/fuzz/exact
variants=(-O0 -O1 -O2 "-O2 --threads 1" "-O2 --threads 7" -fno-fuse -fno-tile -fno-simd -fno-reuse
	-fno-parallel -march=x86-64-v3 -march=generic -flanes=images -flanes=channels
	"-flanes=channels -march=x86-64-v3" "-flanes=channels -fno-fuse")

# build_all DIR
build_all() {
	local dir=$1 i level
	compile "$dir" ref -O1 -O0 -fdouble || return 1
	for i in "${!variants[@]}"; do
		level=-O0
		[[ ${variants[i]} != -O2* ]] || level=-O2
		# shellcheck disable=SC2086 # a variant may be two words
		compile "$dir" "v$i" $level -fno-winograd ${variants[i]} || return 1
	done
}

# run_all DIR: the results of every build, as r.BATCH.BUILD.THREADS.
run_all() {
	local dir=$1 i threads batch
	for batch in b p; do
		step "$dir" ref "ref.$batch" 1 w $batch || return 1
		for i in "${!variants[@]}"; do
			for threads in 1 3; do
				step "$dir" "v$i" "r.$batch.$i.$threads" $threads w $batch || return 1
			done
		done
		for threads in 2 4 7; do
			step "$dir" v2 "r.$batch.2.$threads" $threads w $batch || return 1
		done
	done
}

one() {
	local seed=$1 dir=$out/$1 said batch how
	rm -rf "$dir" && mkdir -p "$dir"
	"$gen" integers "$seed" >"$dir/net.xml"
	said=$("$gen" whole "$seed" "$dir/net.xml" "$dir" 2>&1) ||
		{ echo "$seed: data: $(one_line "$said")"; return; }
	said=$(build_all "$dir") || { echo "$seed: $(one_line "$said")"; return; }
	said=$(run_all "$dir") || { echo "$seed: $(one_line "$said")"; return; }
	for batch in b p; do
		said=$("$diff" same "$dir/ref.$batch" "$dir"/r.$batch.*) && continue
		case $? in
		1) how="${said%%$'\n'*}" ;;
		3) how="proves nothing: ${said%%$'\n'*}" ;;
		*) how="cannot be compared: $(one_line "$said")" ;;
		esac
		[[ $said =~ /r\.$batch\.([0-9]+)\. ]] && how="${variants[BASH_REMATCH[1]]}: $how"
		echo "$seed: $how"
		return
	done
	rm -rf "$dir"
	echo "$seed: ok"
}

if [ "${1-}" = --one ]; then
	one "$2"
	exit 0
fi
need "$nncc" "$gen" "$diff" "$library"
mkdir -p "$out"
count=${1:-6} seed=${2:-1}
seq "$seed" $((seed + count - 1)) | xargs -n 1 -P "${JOBS:-2}" "$me" --one >$out/log
grep -v ': ok$' $out/log | sed 's/^/FAIL /'
passed=$(grep -c ': ok$' $out/log)
echo "$passed passed, $((count - passed)) failed"
[ "$passed" -eq "$count" ]
