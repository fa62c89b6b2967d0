#!/usr/bin/env bash
# all.sh: runs the tests it is given and adds up what they say.
#
#     tests/all.sh PROGRAM...
#
# A program is a Criterion binary, which ends with a line "Synthesis: Tested: n | Passing: n ...", or
# a script that ends with "n passed, n failed". One that says neither, or fails while claiming that
# all passed, or takes more than LIMIT seconds, counts as one failure. LANES programs (default: the
# processors) run side by side, in the order given, each told by JOBS=1 to do one thing at a time;
# what one says is shown when it has ended. At the end stand the seconds that each took and a line
# that adds up all; the exit status is 0 when nothing failed.
set -u
export LC_ALL=C LIMIT=${LIMIT:-7200} logs
me=$0

# Runs a program, shows what it said, and leaves its line of the sum: good, bad, seconds, name.
one() {
	local program=$1 log status plain good=0 bad=0 start=$SECONDS
	log=$(mktemp -p "$logs")
	timeout -k 10 "$LIMIT" "$program" </dev/null >"$log" 2>&1
	status=$?
	plain=$(sed 's/\x1b\[[0-9;]*m//g' "$log")
	if [[ $plain =~ Tested:\ ([0-9]+)\ \|\ Passing:\ ([0-9]+) ]]; then
		good=${BASH_REMATCH[2]} bad=$((BASH_REMATCH[1] - good))
	elif [[ $(tail -n 1 <<<"$plain") =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
		good=${BASH_REMATCH[1]} bad=${BASH_REMATCH[2]}
	fi
	if [ "$bad" -eq 0 ] && { [ "$status" -ne 0 ] || [ "$good" -eq 0 ]; }; then
		echo "FAIL $program: status $status after $((SECONDS - start)) s, $good tests seen" >>"$log"
		bad=1
	fi
	{
		flock 9
		printf '== %s\n' "$program"
		cat "$log"
		echo "$good $bad $((SECONDS - start)) $program" >>"$logs/sum"
	} 9>"$logs/lock"
}

if [ "${1-}" = --one ]; then
	one "$2"
	exit 0
fi
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
: >"$logs/sum"
[ $# -eq 0 ] || printf '%s\0' "$@" | JOBS=${JOBS:-1} xargs -0 -n 1 -P "${LANES:-$(nproc)}" "$me" --one
passed=0 failed=0 ended=0
while read -r good bad took program; do
	passed=$((passed + good)) failed=$((failed + bad)) ended=$((ended + 1))
	printf '%5d s  %s\n' "$took" "$program"
done <"$logs/sum"
printf '%5d s  together\n' $SECONDS
if [ "$ended" -ne $# ]; then
	echo "FAIL: $(($# - ended)) of $# programs were not run to their end"
	failed=$((failed + $# - ended))
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
