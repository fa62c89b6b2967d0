#!/usr/bin/env bash
# run_walk.sh: every command of the walk in runtime/README.md, in its order, and what it promises.
#
# The commands are the lines between ```sh and ``` there. They run in a directory of their own in
# which build and models look as they do at the top of the repository.
set -u
export LC_ALL=C OMP_NUM_THREADS=1
cd "$(dirname "$0")/.." || exit 1
root=$PWD
passed=0 failed=0
rm -rf build/walk && mkdir -p build/walk && cd build/walk || exit 1
mkdir build && ln -s "$root/build/nncc" build/nncc && ln -s "$root/models" models

# result STATUS NAME [OUTPUT]
result() {
	if [ "$1" -eq 0 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf 'FAIL %s\n%s\n' "$2" "${3:-}"
	fi
}

mapfile -t commands < <(sed -n '/^```sh$/,/^```$/p' "$root/runtime/README.md" | grep -v '^```')
for command in "${commands[@]}"; do
	said=$(bash -c "$command" 2>&1 </dev/null)
	result $? "$command" "$said"
	printf '== %s\n%s\n' "$command" "$said" >>said
done

# says PATTERN COMMAND: what the last command that begins so printed.
says() {
	awk -v command="== $2" 'index($0, "== ") == 1 { on = index($0, command) == 1; if (on) text = "" }
		on { text = text $0 "\n" } END { printf "%s", text }' said >part
	grep -qE -- "$1" part
	result $? "$2 prints '$1'" "$(cat part)"
}
[ "${#commands[@]}" -ge 12 ]
result $? 'there is a walk' "${commands[*]}"
says '^20 epochs, 1000 steps; best accuracy 1 ' './lenet5 train --overfit-batch'
says 'verdict: under-fitting' './lenet5 train --epochs 2'
says '1\. more epochs' './lenet5 train --epochs 2'
says '^6 epochs, 564 steps' './lenet5 train --epochs 6 --out runs/short --resume'
says 'nothing is damaged' './lenet5 data'
says 'Suggestion: --lr 0\.' './lenet5 train --lr-find'
says '^best: trial 1, val_accuracy 0\.' './lenet5 tune'
says 'verdict: over-fitting' './lenet5 train --epochs 40 --limit 200'
says '^10000 items, .* accuracy 0\.8' './lenet5 test'
says '"label":"ankle boot"' './lenet5 predict'
for file in runs/{short,slow,seed,few}/report.html weights.safetensors weights.npz best.xml \
	runs/slow/events.out.tfevents.nncc; do
	[ -s "$file" ]
	result $? "$file is there"
done

cd "$root" || exit 1
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
