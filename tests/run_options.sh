#!/usr/bin/env bash
# run_options.sh: every model with every option compiles, and its trainer's own `check` passes.
#
#     tests/run_options.sh [MODEL.xml...]      default: models/*.xml
#
# Options are the levels and each -fno-..., machines, and numbers of threads. Small models take them
# all; one of more than 10 million multiply-accumulates an image takes one, another for each
# model, and one of more than 100 million is only compiled to C, unless ALL=1. Batches are of
# 8 images. clang optimises for speed at -O2 alone. JOBS: how many at a time (2).
set -u
cd "$(dirname "$0")/.." || exit 1
# shellcheck source=tests/nets.sh
. tests/nets.sh
out=build/fuzz/options
me=tests/run_options.sh
export XDG_CACHE_HOME=$PWD/$out/cache # of -O3, empty at first
options=(-O0 -O1 -O2 -O3 -fno-fuse -fno-tile -fno-simd -fno-reuse -fno-parallel -fno-winograd
	-march=x86-64-v2 -march=x86-64-v3 -march=generic -flanes=images -flanes=channels
	"--threads 1" "--threads 3" -fdouble)

# one MODEL OPTION STEP: compiles, and where STEP is "check", checks.
one() {
	local model=$1 option=$2 step=$3 dir said level=-O1
	dir=$out/$(basename "$model" .xml).${option// /}
	mkdir -p "$dir"
	cp "$model" "$dir/net.xml"
	[ "$option" != -O2 ] || level=-O3
	# shellcheck disable=SC2086 # several words
	if [ "$step" = check ]; then
		said=$(PLAIN=-O1 compile "$dir" trainer $level --batch-size 8 $option)
	else
		said=$(timeout 1800 "$nncc" --batch-size 8 $option -S -o "$dir/sources" "$model" 2>&1)
	fi || { echo "$model $option: ${said//$'\n'/; }"; return; }
	if [ "$step" = check ]; then
		said=$(timeout 1800 "$dir/trainer" check -j 2 2>&1) ||
			{ echo "$model $option: check: status $? $(tail -n 1 <<<"$said")"; return; }
	fi
	rm -rf "$dir"
	echo "$model $option: ok"
}

# What a model is tried with: lines of model, option and step, each ended by a zero byte.
plan() {
	local model=$1 number=$2 macs option
	macs=$("$nncc" --summary --json "$model" 2>/dev/null | grep -o '"macs": *[0-9]*' |
		tail -n 1 | grep -o '[0-9]*$')
	if [ "${ALL-}" = 1 ] || [ "${macs:-0}" -le 10000000 ]; then
		for option in "${options[@]}"; do
			printf '%s\0%s\0check\0' "$model" "$option"
		done
		return
	fi
	option=${options[number % ${#options[@]}]}
	[ "$option" != -O3 ] || option=-O2 # to measure a large one takes minutes
	if [ "$macs" -le 100000000 ]; then
		printf '%s\0%s\0check\0' "$model" "$option"
	else
		printf '%s\0%s\0sources\0' "$model" "$option"
	fi
}

if [ "${1-}" = --one ]; then
	one "$2" "$3" "$4"
	exit 0
fi
need "$nncc" "$library"
rm -rf "$XDG_CACHE_HOME"
mkdir -p "$out"
[ $# -gt 0 ] || set -- models/*.xml
number=2
for model; do
	plan "$model" $number
	number=$((number + 1))
done >"$out/plan"
xargs -0 -n 3 -P "${JOBS:-2}" "$me" --one <"$out/plan" >"$out/log"
grep -v ': ok$' "$out/log" | sed 's/^/FAIL /'
passed=$(grep -c ': ok$' "$out/log")
failed=$(($(tr -cd '\0' <"$out/plan" | wc -c) / 3 - passed))
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
