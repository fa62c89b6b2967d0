#!/usr/bin/env bash
# run_oracle.sh: every network of tests/oracle against what PyTorch made of it.
#
#     tests/run_oracle.sh [CASE...]          default: all of them
#
# Each case is compiled at -O0 and at -O2 (f32, relative norm 1e-4 a tensor) and, where nncc knows
# it, with -fdouble (1e-10), the first and the last without optimisation by clang, which would take
# longer than all that it speeds up; each trainer takes the steps for which there is an expected
# file, and one evaluation. Two cases run at a time. A failure prints one line and leaves its files
# in build/oracle/CASE.OPTION. NNCC names another compiler; JOBS another number at a time.
set -u
export LC_ALL=C
cd "$(dirname "$0")/.." || exit 1
# shellcheck source=tests/nets.sh
. tests/nets.sh
export compare=build/tests/compare out=build/oracle
me=tests/run_oracle.sh

# One network with one option; prints "ok" or the first thing that went wrong.
check() {
	local name=$1 option=$2 tolerance=$3 level=$4
	local case=tests/oracle/$name dir=$out/$name.${option// /} expected steps said
	rm -rf "$dir" && mkdir -p "$dir"
	cp "$case.xml" "$dir/net.xml"
	said=$(compile "$dir" trainer "$level" "$option") || { echo "${said//$'\n'/; }"; return; }
	for expected in "$case".o*.safetensors; do
		[ -e "$expected" ] || continue
		steps=${expected#"$case".o} steps=${steps%.safetensors}
		said=$(take "$case" "$dir" "${steps:-1}") || { echo "step: status $? ${said%%$'\n'*}"; return; }
		said=$("$compare" "$expected" "$dir/out" "$tolerance" 2>&1) ||
			{ echo "${steps:-1} steps: ${said//$'\n'/; }"; return; }
	done
	expected=$case.e.safetensors
	[ -e "$expected" ] || expected=$case.o.safetensors
	said=$(take "$case" "$dir" 1 --eval) || { echo "step --eval: status $? ${said%%$'\n'*}"; return; }
	said=$("$compare" "$expected" "$dir/out" "$tolerance" loss output 2>&1) ||
		{ echo "eval: ${said//$'\n'/; }"; return; }
	rm -rf "$dir"
	echo ok
}

take() {
	local case=$1 dir=$2 steps=$3
	shift 3
	rm -f "$dir/out"
	timeout 1800 "$dir/trainer" step --weights "$case.w.safetensors" \
		--batch "$case.b.safetensors" --out "$dir/out" --steps "$steps" "$@" 2>&1
}

if [ "${1-}" = --one ]; then
	said=$(check "$2" "$3" "$4" "$5")
	echo "$2 $3: $said"
	exit 0
fi

[ -x "$nncc" ] && [ -x "$compare" ] || {
	echo "run_oracle: needs $nncc and $compare: run 'make all $compare' first" >&2
	echo "0 passed, 1 failed"
	exit 1
}
mkdir -p "$out"
[ $# -gt 0 ] || set -- $(cd tests/oracle && ls ./*.xml | sed 's|^\./||; s|\.xml$||')
options=("-O0 1e-4 -O0" "-O2 1e-4 -O3")
if "$nncc" -fdouble -fsyntax-only "tests/oracle/$1.xml" >/dev/null 2>&1; then
	options+=("-fdouble 1e-10 -O0")
else
	echo "run_oracle: $nncc has no -fdouble; comparing in f32 only"
fi
log=$out/log
for name; do
	for option in "${options[@]}"; do
		# shellcheck disable=SC2086 # three words
		printf '%s\0' "$name" $option
	done
done | xargs -0 -n 4 -P "${JOBS:-2}" "$me" --one >"$log"
grep -v ': ok$' "$log" | sed 's/^/FAIL /'
passed=$(grep -c ': ok$' "$log")
failed=$(($# * ${#options[@]} - passed))
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
