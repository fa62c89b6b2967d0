#!/usr/bin/env bash
# run_newcomer.sh: what a newcomer does first, from files to an answer, without a look at a source.
#
#     tests/run_newcomer.sh          NNCC names another compiler than build/nncc
#
# A table with a line of names and words in it; a regression; a run that Ctrl-C stops and --resume
# ends, with options; a trainer that is carried to an older processor (qemu's Nehalem, where qemu-user
# is installed). Cats and dogs from folders are in run_verdicts.sh. The data are made here.
set -u
export LC_ALL=C OMP_NUM_THREADS=1
cd "$(dirname "$0")/.." || exit 1
nncc=$(realpath "${NNCC:-build/nncc}")
mkdir -p build/newcomer
work=$(mktemp -d "$PWD/build/newcomer/run-XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
passed=0 failed=0

# check EXIT PATTERN COMMAND...: that exit code, and output (both streams) that matches.
check() {
	local want=$1 pattern=$2 said code
	shift 2
	said=$(timeout 600 "$@" 2>&1 </dev/null)
	code=$?
	if [ $code = "$want" ] && grep -qE -- "$pattern" <<<"$said"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL exit $want, got $code, wanted /$pattern/: $*"
		head -5 <<<"$said" | sed 's/^/     /'
	fi
}

# ---- a table: sizes of three birds, with a name and an island that are no numbers ---------------
awk 'BEGIN {
	print "id,species,island,bill,flipper,mass"
	split("Adelie Chinstrap Gentoo", species, " ")
	split("Dream Biscoe", island, " ")
	split("38 49 47", bill, " ")
	split("190 196 217", flipper, " ")
	split("3700 3730 5080", mass, " ")
	r = 1
	for (i = 0; i < 300; i++) {
		k = i % 3 + 1
		for (j = 0; j < 3; j++) {
			r = (r * 1103515245 + 12345) % 2147483648
			noise[j] = r / 2147483648 - 0.5
		}
		printf "n%d,%s,%s,%.1f,%.0f,%.0f\n", i, species[k], island[i % 2 + 1],
			bill[k] + 4 * noise[0], flipper[k] + 9 * noise[1], mass[k] + 500 * noise[2]
	}
}' >birds.csv
cat >birds.xml <<'EOX'
<network name="birds" version="1">
  <input features="3"><normalize mode="auto"/></input>
  <layers><dense units="16" activation="relu"/><dense units="3"/></layers>
  <loss type="cross_entropy"/>
  <data format="csv" validation="0.2" test="0.2">
    <training file="birds.csv" label_column="species" columns="bill flipper mass"/>
  </data>
  <train epochs="30" batch_size="16"><optimizer type="adam" lr="0.01"/></train>
</network>
EOX
check 0 . "$nncc" birds.xml
check 0 'Gentoo' ./birds data
check 0 . ./birds train --progress none
check 0 'accuracy (1|0\.9)' ./birds test
printf 'mass,bill,flipper\n3700,38,190\n5080,47,217\n' >ask.csv
check 0 '^ask.csv\[1\]: Gentoo' ./birds predict ask.csv
check 0 '"label":"Adelie"' ./birds predict --json ask.csv
printf 'mass,bill\n3700,38\n' >less.csv
check 65 "no column 'flipper'" ./birds predict less.csv
sed 's/columns="bill flipper mass"//' birds.xml >all.xml
check 0 . "$nncc" -o all all.xml
check 65 'columns="\.\.\." chooses' ./all train --progress none --out all_run

# ---- a regression: the price of a house by its size and age -------------------------------------
awk 'BEGIN {
	print "size;age;price"
	r = 7
	for (i = 0; i < 400; i++) {
		r = (r * 1103515245 + 12345) % 2147483648; size = 40 + r % 160
		r = (r * 1103515245 + 12345) % 2147483648; age = r % 80
		printf "%d;%d;%.4f\n", size, age, (2 * size - age) / 100
	}
}' >houses.csv
cat >houses.xml <<'EOX'
<network name="houses" version="1">
  <input features="2"><normalize mode="auto"/></input>
  <layers><dense units="16" activation="relu"/><dense units="1"/></layers>
  <loss type="mse"/>
  <data format="csv" validation="0.2" test="0.2"><training file="houses.csv"/></data>
  <train epochs="60" batch_size="16"><optimizer type="adam" lr="0.01"/></train>
</network>
EOX
check 0 . "$nncc" houses.xml
check 0 . ./houses train --progress none
check 0 '80 items, loss 0\.00' ./houses test
printf 'age;size\n10;100\n' >ask.csv
check 0 '^ask.csv\[0\]: 1\.[89]' ./houses predict ask.csv
printf 'size;age;price\n100;10;many\n' >bad.csv
sed 's/houses.csv/bad.csv/' houses.xml >bad.xml
check 0 . "$nncc" -o bad bad.xml
check 65 "bad.csv: line 2, column 3: expected a number, found 'many'" ./bad train --progress none --out bad_run

# ---- Ctrl-C, and going on with the options of the run -------------------------------------------
check 0 . ./birds train --progress none --epochs 400 --lr 0.003 --limit 120 --out whole
./birds train --progress none --epochs 400 --lr 0.003 --limit 120 --out stopped >said 2>&1 &
pid=$!
until [ -s stopped/log.csv ] || ! kill -0 $pid 2>/dev/null; do sleep 0.01; done
kill -INT $pid 2>/dev/null
wait $pid
check 0 '^(130|0)$' echo $?
check 0 'stopped.*--resume|--resume.*stopped' cat said
check 0 . ./birds train --progress none --out stopped --resume
check 0 '^$' cmp whole/last.safetensors stopped/last.safetensors
check 2 '--overwrite' ./birds train --progress none --out stopped

# ---- an older processor -------------------------------------------------------------------------
if command -v qemu-x86_64 >/dev/null && grep -qw avx /proc/cpuinfo; then
	check 70 'compiled for .*lacks' qemu-x86_64 -cpu Nehalem ./birds test
	check 0 . "$nncc" -march=x86-64-v2 -o old birds.xml
	check 0 'accuracy (1|0\.9)' qemu-x86_64 -cpu Nehalem ./old test --out runs/birds
fi

cd - >/dev/null || exit 1
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
