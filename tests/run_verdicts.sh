#!/usr/bin/env bash
# run_verdicts.sh: trainings whose truth is known by how they were made, and what is said of each.
#
#     tests/run_verdicts.sh        NNCC names another compiler than build/nncc
#
# Pictures of cats and dogs (tests/shapes.c) in folders: enough of them for a network that can tell
# them apart; a network of a single filter; three steps' worth of training; few noisy pictures learnt
# for too long. Tables of numbers: a plane with little noise; one seen through a rate that is too
# small, too large; targets that have nothing to do with their rows; more weights than rows. Then
# --lr-find over six seeds.
set -u
export LC_ALL=C OMP_NUM_THREADS=1
cd "$(dirname "$0")/.." || exit 1
nncc=$(realpath "${NNCC:-build/nncc}") shapes=$PWD/build/tests/shapes
passed=0 failed=0
rm -rf build/verdicts && mkdir -p build/verdicts && cd build/verdicts || exit 1
[ -x "$shapes" ] || make -s -C ../.. build/tests/shapes || exit 1

# result STATUS NAME [OUTPUT]
result() {
	if [ "$1" -eq 0 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf 'FAIL %s\n%s\n' "$2" "${3:-}"
	fi
}

# verdict WANTED COMMAND...: that line, and after it the same verdict from the verb report.
verdict() {
	local wanted=$1 said again out data=()
	shift
	[[ " $* " =~ " --data "([^ ]*) ]] && data=(--data "${BASH_REMATCH[1]}")
	said=$("$@" 2>&1)
	grep -qx "verdict: $wanted" <<<"$said"
	result $? "$*: wanted $wanted" "$said"
	out=${*: -1}
	again=$("$1" report --json "${data[@]}" --out "$out" 2>&1)
	grep -qF "\"verdict\":\"$wanted\"" <<<"$again"
	result $? "report of $out: wanted $wanted" "$again"
}

# network NAME INPUT LAYERS LOSS DATA TRAIN: compiled.
network() {
	cat >"$1.xml" <<-END
		<network name="$1" version="1">
		<input $2</input>
		<layers>$3</layers>
		<loss type="$4"/>
		<data $5</data>
		<train $6</train>
		</network>
	END
	local said
	said=$("$nncc" -o "$1" "$1.xml" 2>&1)
	result $? "nncc $1.xml" "$said"
}

# ---- cats and dogs --------------------------------------------------------------------------
mkdir many few
"$shapes" many/train 600 30 1 && "$shapes" many/val 200 30 2 &&
	"$shapes" few/train 30 60 3 && "$shapes" few/val 200 60 4
result $? 'pictures'
folders='format="folder" root="many"><training dir="train"/><validation dir="val"/>'
grey='channels="1" height="24" width="24"><normalize mode="auto"/>'
network pets "$grey" '<conv filters="8" kernel_size="3" padding="1" activation="relu"/>
	<max_pool kernel_size="2"/><conv filters="16" kernel_size="3" padding="1" activation="relu"/>
	<max_pool kernel_size="2"/><dense units="32" activation="relu"/><dense units="2"/>' \
	cross_entropy "$folders" 'epochs="10" batch_size="32"><optimizer type="adam" lr="0.002"/>'
network tiny "$grey" '<conv filters="2" kernel_size="3" stride="2" activation="relu"/>
	<max_pool kernel_size="4"/><dense units="2"/>' \
	cross_entropy "$folders" 'epochs="10" batch_size="32"><optimizer type="adam" lr="0.002"/>'
for seed in 1 2 3 4 5; do
	verdict 'no problem found' ./pets train --seed $seed --out right$seed
	verdict under-fitting ./tiny train --seed $seed --out tiny$seed
	verdict under-fitting ./pets train --epochs 1 --lr 0.0003 --seed $seed --out short$seed
	verdict over-fitting ./pets train --data few --epochs 50 --seed $seed --out long$seed
done
verdict diverged ./pets train --lr 10 --epochs 2 --out wild
verdict 'not learning' ./pets train --lr 1e-9 --epochs 2 --out still

# ---- tables ---------------------------------------------------------------------------------
# rows COUNT SEED FORMULA: x1 to x4 in -1 to 1, r standard normal, and y.
rows() {
	awk -v n="$1" -v seed="$2" 'function u() { return 2 * rand() - 1 }
	BEGIN {
		srand(seed)
		print "a,b,c,d,y"
		for (i = 0; i < n; i++) {
			a = u(); b = u(); c = u(); d = u()
			for (r = k = 0; k < 12; k++) r += u() / 2
			printf "%.5f,%.5f,%.5f,%.5f,%.5f\n", a, b, c, d, '"$3"'
		}
	}'
}
for part in "train 600 1" "val 300 2"; do
	read -r name count seed <<<"$part"
	mkdir -p plane noise few-rows
	rows "$count" "$seed" '3 * a - 2 * b + 20 + 0.2 * r' >"plane/$name.csv"
	rows "$count" "$seed" 'r' >"noise/$name.csv"
	rows "$count" "$seed" 'a - 2 * b + r' >"few-rows/$name.csv"
done
rows 24 3 'a - 2 * b + r' >few-rows/train.csv
csv='root="plane" format="csv"><training file="train.csv" label_column="y"/>
	<validation file="val.csv" label_column="y"/>'
network table 'features="4"><normalize mode="auto"/>' '<dense units="64" activation="relu"/>
	<dense units="64" activation="relu"/><dense units="1"/>' mse "$csv" \
	'epochs="30" batch_size="32"><optimizer type="adam" lr="0.01"/>'
for seed in 1 2 3; do
	verdict 'no problem found' ./table train --seed $seed --out plane$seed
	verdict 'not learning' ./table train --lr 1e-7 --seed $seed --out slow$seed
	verdict diverged ./table train --lr 100 --epochs 3 --seed $seed --out fast$seed
	verdict over-fitting ./table train --data few-rows --epochs 300 --seed $seed --out rows$seed
	verdict 'nothing carries over' ./table train --data noise --epochs 300 --seed $seed --out noise$seed
done
grep -q 'guessing' plane1/report.html
result $? 'the page tells of guessing'

# ---- learning rates -------------------------------------------------------------------------
# finds TRAINER: of six seeds, four or more get a suggestion, and each is a rate that trains.
finds() {
	local seed found=()
	for seed in 1 2 3 4 5 6; do
		"$1" train --lr-find --seed $seed -q --out find
		found+=("$(grep -oE '"suggestion":[0-9.e+-]+' find/lr_find.json | cut -d: -f2)")
	done
	printf '%s\n' "${found[@]}" | awk '$1 != "" { n++; bad += $1 < 2e-4 || $1 > 0.05 }
		END { exit !(n >= 4 && !bad) }'
	result $? "$1 --lr-find: rates that train" "${found[*]}"
}
finds ./pets
finds ./table

cd ../.. || exit 1
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
