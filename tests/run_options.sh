#!/usr/bin/env bash
# run_options.sh: models with options compile, and their trainers' own `check` passes.
#
#     tests/run_options.sh [MODEL.xml...]      default: models/*.xml
#
# Options are the levels and each -fno-..., machines, and numbers of threads. Of the small models
# lenet5 takes them all and the others a third each, in rotation, so that two meet each option; one
# of more than 10 million multiply-accumulates an image takes one, another for each model; one of
# more than 100 million is only compiled to C. Small models that are named take all options, and
# with ALL=1 every model does. Batches are of 8 images. clang optimises the kernels for speed at
# -O2 alone, and little where they or the model are slow without it; a plain program that is the
# same for several options is compiled once. JOBS: how many at a time (2).
set -u
cd "$(dirname "$0")/.." || exit 1
# shellcheck source=tests/nets.sh
. tests/nets.sh
out=build/fuzz/options
me=tests/run_options.sh
export OBJECTS=$out/objects
export XDG_CACHE_HOME=$PWD/$out/cache # of -O3, empty at first
# The order is such that mlp, which is quickly measured, meets -O3, and unet -fno-winograd.
options=(-O0 -O1 -O2 -O3 -fno-fuse -fno-tile -fno-simd -fno-winograd -fno-parallel -fno-reuse
	-march=x86-64-v2 -march=x86-64-v3 -march=generic -flanes=images -flanes=channels
	"--threads 1" "--threads 3" -fdouble)

# one MODEL OPTION STEP: compiles to C, and unless STEP is "sources", to a trainer that checks
# itself; where it is "large", clang always optimises.
one() {
	local model=$1 option=$2 step=$3 dir said level=-O0
	dir=$out/$(basename "$model" .xml).${option// /}
	mkdir -p "$dir"
	cp "$model" "$dir/net.xml"
	case $option in
	-O2) level=-O3 ;;
	-O0 | -fno-simd) level=-O1 ;;
	esac
	[ $level != -O0 ] || [ "$step" != large ] || level=-O1
	# shellcheck disable=SC2086 # several words
	if [ "$step" != sources ]; then
		said=$(PLAIN=-O1 compile "$dir" trainer $level --batch-size 8 $option)
	else
		said=$(timeout 1800 "$nncc" --batch-size 8 $option -S -o "$dir/sources" "$model" 2>&1)
	fi || { echo "$model $option: ${said//$'\n'/; }"; return; }
	if [ "$step" != sources ]; then
		said=$(timeout 1800 "$dir/trainer" check -j 2 2>&1) ||
			{ echo "$model $option: check: status $? $(tail -n 1 <<<"$said")"; return; }
	fi
	rm -rf "$dir"
	echo "$model $option: ok"
}

# What a model is tried with: lines of model, option and step, each ended by a zero byte.
plan() {
	local model=$1 number=$2 macs option at
	macs=$("$nncc" --summary --json "$model" 2>/dev/null | grep -o '"macs": *[0-9]*' |
		tail -n 1 | grep -o '[0-9]*$')
	if [ "${ALL-}" = 1 ] || [ "${macs:-0}" -le 10000000 ]; then
		for at in "${!options[@]}"; do
			[ "$every" = 1 ] || [[ $model == */lenet5.xml ]] || [ $((at % 3)) = $((small % 3)) ] ||
				continue
			printf '%s\0%s\0check\0' "$model" "${options[at]}"
		done
		[[ $model == */lenet5.xml ]] || small=$((small + 1))
		return
	fi
	option=${options[number % ${#options[@]}]}
	[ "$option" != -O3 ] || option=-O2 # to measure a large one takes minutes
	if [ "$macs" -le 100000000 ]; then
		printf '%s\0%s\0large\0' "$model" "$option"
	else
		printf '%s\0%s\0sources\0' "$model" "$option"
	fi
}

if [ "${1-}" = --one ]; then
	one "$2" "$3" "$4"
	exit 0
fi
need "$nncc" "$library"
rm -rf "$XDG_CACHE_HOME" "$OBJECTS"
mkdir -p "$OBJECTS"
every=1
[ $# -gt 0 ] || { every=${ALL-}; set -- models/*.xml; }
number=2 small=2
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
