#!/usr/bin/env bash
# run_sanitize_runs.sh: ten trainers, kernels and runtime, under AddressSanitizer and UBSan through
# all that a trainer does, on every format of data; then on data that are damaged.
#
#     tests/run_sanitize_runs.sh [NAME...]     default: all of tests/sanitize
#
# Needs `make asan`. The kernels are what nncc makes at -O0, -O1 and -O2, compiled without
# optimisation, which would take a minute a network. Everything happens in a new directory under
# build/. Prints the failures and "N passed, N failed".
set -u
export LC_ALL=C ASAN_OPTIONS=detect_leaks=1:max_allocation_size_mb=512 OMP_NUM_THREADS=2
cd "$(dirname "$0")/.." || exit 1
top=$PWD built=$PWD/build/asan seeds=$PWD/tests/fuzz/corpus
mkdir -p build/sanitize
work=$(mktemp -d "$PWD/build/sanitize/run-XXXXXX")
trap 'rm -rf "$work"' EXIT
sanitize="-fsanitize=address,undefined,float-cast-overflow -fno-sanitize-recover=all"
# The linker takes from the archive what a file of the network names, and the readers by these.
readers=$(awk 'NF > 2 { printf "-Wl,-u,%s ", $3 }' runtime/files.txt)
passed=0 failed=0
[ $# -gt 0 ] || set -- $(cd tests/sanitize && echo *.xml | sed 's/\.xml//g')
cd "$work" || exit 1

# check EXIT COMMAND...: that exit code and no report.
check() {
	local want=$1 said code
	shift
	said=$(timeout 300 "$@" 2>&1 </dev/null)
	code=$?
	if [ $code = "$want" ] && ! grep -aqE 'Sanitizer|runtime error' <<<"$said"; then
		passed=$((passed + 1))
		return 0
	fi
	failed=$((failed + 1))
	printf 'FAIL exit %s, got %s: %s\n' "$want" $code "${*/#"$built"/build/asan}"
	{ grep -aE -m 1 -A 6 'ERROR|runtime error' <<<"$said" || tail -n 3 <<<"$said"; } | sed 's/^/     /'
	return 1
}

# bytes NUMBER...
bytes() {
	local number
	for number; do
		# shellcheck disable=SC2059 # the number is the format
		printf "\\$(printf %o $((number & 255)))"
	done
}

# What the networks read: 24 items of three classes, or what the seeds of tests/fuzz hold.
make_data() {
	local i k file
	{
		echo 'size,"place, where",kind'
		for i in {0..23}; do
			echo "$((i % 3)).$((i * 7 % 10)),$((i * 79 % 101)),$(set -- low middle high; shift $((i % 3)); echo "$1")"
		done
	} >rows.csv
	sed 's/,[a-z]*$//; 1d' rows.csv >ask.csv
	awk -F, 'NR == 1 { print "a,b,t" } NR > 1 { print $1 "," $2 "," $1 * 2 }' rows.csv >targets.csv
	awk -F, 'NR == 1 { print "a,b,yes" } NR > 1 { print $1 "," $2 "," NR % 2 }' rows.csv >yesno.csv
	{
		bytes 0 0 8 3 0 0 0 24 0 0 0 4 0 0 0 4
		for i in {0..23}; do bytes $(for k in {1..16}; do echo $((i * k * 37)); done); done
	} >images
	{
		bytes 0 0 8 1 0 0 0 24
		bytes $(for i in {0..23}; do echo $((i % 3)); done)
	} >labels
	gzip -nk labels
	mkdir -p pictures/{a,b,c}
	for i in {1..6}; do
		for file in png/grey png/colour png/palette jpeg/grey jpeg/colour pnm/grey pnm/colour; do
			cp "$seeds/$file" "pictures/$(cut -c $((i % 3 + 1)) <<<abc)/$i-${file//\//.}"
		done
	done
	for file in pictures/*/*; do mv "$file" "$file.$(sed 's/.*-\(...\).*/\1/; s/jpe/jpg/; s/pnm/ppm/' <<<"$file")"; done
	cp "$seeds/npz/deflated" d.npz
	cp "$seeds/npy/rows" x.npy
	cp "$seeds/npy/classes" y.npy
	for i in {0..5}; do bytes $i; head -c 3072 /dev/zero | tr '\0' "\\$(printf %o $((i * 40)))"; done >one.bin
	cp one.bin two.bin
	{ echo P6 32 32 255; head -c 3072 one.bin; } >one.ppm
	{ echo P5 4 4 255; head -c 16 images; } >one.pgm
	{
		bytes 147
		printf 'NUMPY\1\0\166\0%-117s\n' "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 2, 5, 7), }"
		head -c 210 images
	} >ask.npy
}

# trainer NAME OPTION...: ./NAME from tests/sanitize/NAME.xml.
trainer() {
	local name=$1
	shift
	ASAN_OPTIONS=detect_leaks=0 check 0 "$built/nncc" "$@" -S -o "$name.c" "$top/tests/sanitize/$name.xml" &&
		check 0 make -s -C "$name.c" CC="clang-19 $sanitize -g1" LEVEL=-O0 \
			$(cd "$name.c" && printf '%s.o ' {net,plain,model}*.c | sed 's/\.c\.o/.o/g') &&
		check 0 clang-19 ${sanitize%% *} -fopenmp $readers -o "$name" "$name.c"/{net,plain,model}*.o \
			"$built/runtime/libnn.a" -ljpeg -lpng -lz -lm
}

# verbs NAME FILE...: everything a trainer does; the files are to predict.
verbs() {
	local name=$1 t=./$1 out=runs/$1 batch=$1.batch
	shift
	check 0 $t data
	check 0 $t train --dry-run
	check 0 $t train -q --until 1 --log csv,jsonl,tensorboard
	check 0 $t train -q --resume --log csv,jsonl,tensorboard -j 1
	check 0 $t test --json
	check 0 $t predict --json "$@"
	check 0 $t export --safetensors w.safetensors --npz w.npz
	mkdir -p "$batch"
	check 0 "$built/tests/net_gen" data 1 "$top/tests/sanitize/$name.xml" "$batch"
	check 0 $t step --weights "$batch/w.safetensors" --batch "$batch/b.safetensors" --out o --steps 2
	check 0 $t step --weights "$batch/w.safetensors" --batch "$batch/p.safetensors" --out o --eval
	check 0 $t report
	check 0 $t check
	check 0 $t bench --steps 2 --profile --json
	check 0 $t info --json
	check 0 $t train -q --overfit-batch --epochs 2 --out runs/batch
	check 76 $t predict --weights "$top/tests/fuzz/corpus/safetensors/two" "$@"
	[ -s "$out/report.html" ] && [ -s "$out/state.safetensors" ] || check 0 false
}

one() {
	case $1 in
	table) trainer table -O2 && verbs table ask.csv && {
		check 0 ./table train -q --lr-find --out runs/find
		check 0 ./table tune --trials 2 --epochs 1 --out runs/tune --write best.xml
		check 0 ./table train -q --set rate=0.5 --limit 9 --seed 3 --lr 0.2 --out runs/set
	} ;;
	folders) trainer folders -O2 -flanes=channels -fwinograd && verbs folders pictures/a/* ;;
	digits) trainer digits -O1 && verbs digits images one.pgm ;;
	regress) trainer regress -O0 && verbs regress ask.csv ;;
	archive) trainer archive -O2 && verbs archive ask.csv ;;
	arrays) trainer arrays -O1 && verbs arrays x.npy ;;
	records) trainer records -O2 -flanes=channels && verbs records one.ppm ;;
	coder) trainer coder -O2 -flanes=images && verbs coder images ;;
	branches) trainer branches -O2 && verbs branches ask.npy ;;
	binary) trainer binary -O1 && verbs binary ask.csv ;;
	esac
}

# Halves of files, and files of another format.
damaged() {
	local name file
	mkdir bad
	for name in "$@"; do
		for file in rows.csv targets.csv yesno.csv images labels labels.gz d.npz x.npy y.npy one.bin two.bin; do
			head -c $(($(wc -c <$file) / 2 + 1)) $file >bad/$file
		done
		case $name in
		table | regress | binary) cp images "bad/$(sed -n 's/.*file="\([^"]*\)".*/\1/p' "$top/tests/sanitize/$name.xml")" ;;
		folders | branches) continue ;;
		esac
		[ -x "$name" ] && check 65 "./$name" train -q --data bad --out runs/bad
		for file in rows.csv images one.bin d.npz x.npy; do
			cp ask.csv bad/$file
		done
		[ -x "$name" ] && [ "$name" != table ] && check 65 "./$name" train -q --data bad --out runs/bad
	done
}

for tool in nncc tests/net_gen runtime/libnn.a; do
	[ -e "$built/$tool" ] && continue
	echo "tests/run_sanitize_runs.sh: needs build/asan/$tool: run 'make asan' first" >&2
	echo "0 passed, 1 failed"
	exit 1
done
make_data
for name; do one "$name"; done
damaged "$@"
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
