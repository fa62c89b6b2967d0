#!/usr/bin/env bash
# run_fuzz_nets.sh: random networks, compiled in several ways, must compute the same.
#
#     tests/run_fuzz_nets.sh [N [SEED]]          default: 50 networks from seed 1, tests/found and crowds
#
# Each network is built without any transformation in double (the reference), as by default, and
# with one variant that its seed chooses; clang optimises the second, and the variant of every
# fifth seed, which in 90 seeds is each once: elsewhere it would take most of the time. Two
# optimizer steps on a full batch, one on a part of a batch, and an evaluation must agree within
# rounding (tests/net_diff.c); one and three threads must give the same bytes. A difference counts
# when two further draws of the data show it too: a rectifier or a pooling window may stand exactly
# between two answers.
#
# A network that fails is made simpler as long as it fails in the same way, and left in
# tests/found/SEED.xml; its first line says how it failed. Those files are tried first, always.
# JOBS: how many at a time (2). REDUCE: seconds for making one simpler (120).
set -u
cd "$(dirname "$0")/.." || exit 1
# shellcheck source=tests/nets.sh
. tests/nets.sh
me=tests/run_fuzz_nets.sh out=build/fuzz
variants=(-O1 -fno-fuse -fno-tile -fno-simd -fno-reuse -fno-parallel -march=x86-64-v3
	-march=generic "--threads 1" "--threads 5" "-O1 -fno-reuse" "-fno-tile -march=x86-64-v2"
	-flanes=channels -flanes=images "-flanes=channels -fwinograd"
	"-flanes=channels -fwinograd -march=x86-64-v3" "-flanes=channels -fno-fuse" "-flanes=channels -fno-tile")

# Inputs of a join, readers of a tensor with sums, layers with dropouts, layers: SEED:MANY.
crowds=(4:12 8:20 1:16 2:8 3:30)

# run DIR TAG: the three results of one build. The reference also runs on the neighbouring data.
run() {
	local dir=$1 tag=$2 threads=$3
	step "$dir" "$tag" "$tag.full" "$threads" w b --steps 2 &&
		step "$dir" "$tag" "$tag.part" "$threads" w p &&
		step "$dir" "$tag" "$tag.eval" "$threads" w p --eval || return 1
	[ "$tag" = ref ] || return 0
	step "$dir" "$tag" twin.full 1 w1 b1 --steps 2 && step "$dir" "$tag" twin.part 1 w1 p1 &&
		step "$dir" "$tag" twin.eval 1 w1 p1 --eval
}

# compare DIR SEED TAGS: runs the builds on the data of this seed.
compare() {
	local dir=$1 seed=$2 tags=$3 kind said tag found
	said=$("$gen" data "$seed" "$dir/net.xml" "$dir" 2>&1) || { echo "data: $said"; return 1; }
	run "$dir" ref 1 || return 1
	for tag in $tags; do
		run "$dir" "$tag" 2 || return 1
	done
	for kind in full part eval; do
		found=
		for tag in $tags; do
			found+=" $dir/$tag.$kind"
		done
		# shellcheck disable=SC2086 # several files
		said=$("$diff" near "$dir"/{ref,twin}.$kind $found) ||
			{ echo "differs: ${said#"$dir"/}"; return 1; }
	done
	for tag in $tags; do
		step "$dir" "$tag" threads 3 w b --steps 2 || return 1
		cmp -s "$dir/threads" "$dir/$tag.full" ||
			{ echo "threads: 3 of them give other bytes than 2 of $tag"; return 1; }
	done
}

# check DIR SEED VARIANT [TAG]: "ok" or what is wrong. TAG: only this build, fast or other.
check() {
	local dir=$1 seed=$2 variant=$3 tags=${4:-fast other} said='' more level=-O0
	[ $((seed % 5)) -ne 0 ] || level=-O2
	said=$(compile "$dir" ref -O0 -O0 -fdouble) || { one_line "$said"; return 1; }
	[ "$tags" = other ] || said=$(compile "$dir" fast -O3 -O2) ||
		{ one_line "$said"; return 1; }
	# shellcheck disable=SC2086 # a variant may be two words
	[ "$tags" = fast ] || said=$(compile "$dir" other $level $variant) ||
		{ one_line "$said"; return 1; }
	for more in 0 1000000 2000000; do
		said=$(compare "$dir" $((seed + more)) "$tags") && { echo ok; return 0; }
		[[ $said == differs:* ]] || break
	done
	if [[ $said == differs:* ]] && only_rounding "$dir" "$seed" "$variant" "$tags"; then
		echo ok
		return 0
	fi
	one_line "$said"
	return 1
}

# only_rounding DIR SEED VARIANT TAGS: do the same schedules in double agree with the reference? Then
# the network is ill-conditioned (a norm of nearly equal values, say) and float's rounding is what
# differed: an error of a schedule shows in double as well.
only_rounding() {
	local dir=$1 seed=$2 variant=$3 tags=$4
	# shellcheck disable=SC2086 # a variant may be two words
	{ [ "$tags" = other ] || compile "$dir" fast -O1 -O2 -fdouble; } &&
		{ [ "$tags" = fast ] || compile "$dir" other -O1 $variant -fdouble; } &&
		compare "$dir" "$seed" "$tags"
} >/dev/null

# How it failed, without the details: "differs", "threads", "nncc: status 70".
manner() {
	[[ $1 =~ ^[a-z]*(: status [0-9]+)? ]] && echo "${BASH_REMATCH[0]}"
}

# smaller DIR SEED VARIANT SAID: the simplest network that fails as this one, as DIR/net.xml.
smaller() {
	local dir=$1 seed=$2 variant=$3 said=$4 number=0 found=0 end=$((SECONDS + ${REDUCE:-120})) new
	local try=$dir/try tag='' how="seed $seed, $variant"
	[[ $said == differs:\ fast* || $said == *\ fast ]] && tag=fast
	[[ $said == differs:\ other* || $said == *\ other ]] && tag=other
	mkdir -p "$try"
	while [ $SECONDS -lt $end ]; do
		"$gen" reduce $number "$dir/net.xml" "${how//--/-}" >"$try/net.xml" 2>/dev/null
		if [ $? = 3 ]; then
			[ $found = 1 ] || break
			number=0 found=0
			continue
		fi
		new=$(check "$try" "$seed" "$variant" $tag)
		if [ "$(manner "$new")" = "$(manner "$said")" ]; then
			how="seed $seed, $variant: $new"
			mv "$try/net.xml" "$dir/net.xml"
			found=1
		else
			number=$((number + 1))
		fi
	done
}

# One network: a seed, SEED:MANY for one of which something is many, or a file that was found.
one() {
	local seed=${1%:*} many='' dir variant said
	[[ $1 != *:* ]] || many=${1#*:}
	dir=$out/$seed${many:+_$many}
	[ ! -f "$seed" ] || dir=$out/found_$(basename "$seed" .xml) # its seed may run beside it
	rm -rf "$dir" && mkdir -p "$dir"
	if [ -f "$seed" ]; then
		cp "$seed" "$dir/net.xml"
		seed=$(basename "$seed" .xml)
	else
		if [ -n "$many" ]; then
			"$gen" crowd "$seed" "$many" >"$dir/net.xml"
		else
			"$gen" make "$seed" >"$dir/net.xml"
		fi
	fi
	variant=${variants[$((seed * 7 % ${#variants[@]}))]}
	said=$(check "$dir" "$seed" "$variant") && { rm -rf "$dir"; echo "$1: ok"; return; }
	echo "$1: $variant: $said"
	[ -f "$1" ] && return
	cp "$dir/net.xml" "$dir/whole.xml"
	[[ $said == nncc:\ status\ 1\ * ]] || smaller "$dir" "$seed" "$variant" "$said"
	[ -z "$many" ] || seed=$((1000000 + seed * 1000 + many))
	cp "$dir/net.xml" "tests/found/$seed.xml"
	echo "$1: kept as tests/found/$seed.xml"
}

if [ "${1-}" = --one ]; then
	one "$2"
	exit 0
fi
need "$nncc" "$gen" "$diff" "$library"
mkdir -p "$out" tests/found
count=${1:-50} seed=${2:-1}
{
	ls tests/found/*.xml 2>/dev/null
	seq "$seed" $((seed + count - 1))
	printf '%s\n' "${crowds[@]}"
} >$out/list
xargs -n 1 -P "${JOBS:-2}" "$me" --one <$out/list >$out/log
grep -v ': ok$' $out/log | sed 's/^/FAIL /'
passed=$(grep -c ': ok$' $out/log)
failed=$(($(wc -l <$out/list) - passed))
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
