#!/usr/bin/env bash
# all.sh: runs the tests it is given and adds up what they say.
#
#     tests/all.sh PROGRAM...
#
# A program is a Criterion binary, which ends with a line "Synthesis: Tested: n | Passing: n ...", or
# a script that ends with "n passed, n failed". One that says neither, or fails while claiming that
# all passed, or takes more than LIMIT seconds, counts as one failure. At the end stand the seconds
# that each took and a line that adds up all; the exit status is 0 when nothing failed.
set -u
export LC_ALL=C
limit=${LIMIT:-1800}
passed=0 failed=0 seconds=()
log=$(mktemp)
trap 'rm -f "$log"' EXIT

for program; do
	printf '== %s\n' "$program"
	start=$SECONDS
	timeout -k 10 "$limit" "$program" </dev/null 2>&1 | tee "$log"
	status=${PIPESTATUS[0]}
	plain=$(sed 's/\x1b\[[0-9;]*m//g' "$log")
	good=0 bad=0
	if [[ $plain =~ Tested:\ ([0-9]+)\ \|\ Passing:\ ([0-9]+) ]]; then
		good=${BASH_REMATCH[2]} bad=$((BASH_REMATCH[1] - good))
	elif [[ $(tail -n 1 <<<"$plain") =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
		good=${BASH_REMATCH[1]} bad=${BASH_REMATCH[2]}
	fi
	if [ "$bad" -eq 0 ] && { [ "$status" -ne 0 ] || [ "$good" -eq 0 ]; }; then
		echo "FAIL $program: status $status after $((SECONDS - start)) s, $good tests seen"
		bad=1
	fi
	passed=$((passed + good)) failed=$((failed + bad))
	seconds+=("$(printf '%5d s  %s' $((SECONDS - start)) "$program")")
done
printf '%s\n' "${seconds[@]}" "$(printf '%5d s  together' $SECONDS)"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
