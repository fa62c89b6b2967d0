#!/usr/bin/env bash
# run_models.sh: every network of models/ is what its README says: valid, compiled, and it runs.
#
#     tests/run_models.sh [NAME...]    default: all of models/*.xml; NNCC names another compiler
#
# A description opens with a comment that says what it is, its data and what to expect; it is valid
# by the schema that nncc prints; it compiles at -O2, with a small batch so that it is quick. The
# trainer of a small network then checks itself (fast kernels against plain ones, gradients against
# the loss); a large one, for which that takes too long, takes one training step. Two networks at
# a time, or JOBS. A line a network; a failure leaves its trainer and log in build/models/run.
set -u
export LC_ALL=C
cd "$(dirname "$0")/.." || exit 1
export nncc=${NNCC:-build/nncc} out=build/models/run
me=tests/run_models.sh

# What the trainer of a network does, and its batch.
plan() {
	case $1 in
	resnet18) echo step 2 ;;
	resnet50 | mobilenet_v1 | mobilenet_v2 | inception) echo step 1 ;;
	vgg11_bn) echo step 16 ;;
	resnet20 | senet | fashion_best) echo check 4 ;;
	*) echo check 16 ;;
	esac
}

# Prints "ok" and figures, or the first thing that is wrong.
model() {
	local xml=models/$1.xml trainer=$out/$1 log=$out/$1.log verb batch made start
	read -r verb batch < <(plan "$1")
	grep -q "^| \`$1.xml\`" models/README.md || { echo "models/README.md has no row for it"; return; }
	head -n 1 "$xml" | grep -q '^<!-- ' || { echo "does not open with a comment"; return; }
	grep -q '^     Data: ' "$xml" || { echo "says nothing of its data"; return; }
	xmllint --noout --relaxng "$out/nncc.rng" "$xml" >"$log" 2>&1 ||
		{ echo "not valid by --print-schema: $(head -n 1 "$log")"; return; }
	start=$SECONDS
	made=$(timeout 1800 "$nncc" -O2 --batch-size "$batch" -o "$trainer" "$xml" 2>&1) ||
		{ echo "nncc: status $?: $(head -n 3 <<<"$made")"; return; }
	made="compiled in $((SECONDS - start)) s, $(stat -c %s "$trainer") bytes"
	start=$SECONDS
	if [ "$verb" = check ]; then
		timeout 1800 "$trainer" check >"$log" 2>&1 ||
			{ echo "check: $(grep -m 3 -E 'WRONG|:' "$log")"; return; }
	else
		timeout 1800 "$trainer" train --dry-run --out "$out/$1.run" >"$log" 2>&1 ||
			{ echo "train --dry-run: status $?: $(head -n 3 "$log")"; return; }
	fi
	echo "ok: $made; $verb with batch $batch in $((SECONDS - start)) s"
	rm -f "$trainer" "$log"
}

if [ "${1-}" = --one ]; then
	echo "$2: $(model "$2")"
	exit 0
fi

rm -rf "$out" && mkdir -p "$out"
"$nncc" --print-schema=rng >"$out/nncc.rng" ||
	{ echo "run_models: needs $nncc: run 'make' first" >&2; echo "0 passed, 1 failed"; exit 1; }
if [ $# -eq 0 ]; then
	# The slowest first, so that two lanes end together.
	mapfile -t names < <(grep -lE 'height="224"' models/*.xml; grep -LE 'height="224"' models/*.xml)
	names=("${names[@]#models/}")
	set -- "${names[@]%.xml}"
fi
printf '%s\n' "$@" | xargs -n 1 -P "${JOBS:-2}" "$me" --one | tee "$out/all.log"
passed=$(grep -c '^[a-z0-9_]*: ok:' "$out/all.log")
failed=$(($# - passed))
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
