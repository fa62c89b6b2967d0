#!/usr/bin/env bash
# run_data.sh: trainers link what their data need and nothing else, and learn from it.
#
#     tests/run_data.sh            NNCC names another compiler than build/nncc
#
# Everything happens in a new directory under build/. Prints the failures and "N passed, N failed".
set -u
export LC_ALL=C
cd "$(dirname "$0")/.." || exit 1
nncc=$(realpath "${NNCC:-build/nncc}")
runtime=$PWD/runtime
mkdir -p build/data
work=$(mktemp -d "$PWD/build/data/run-XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
passed=0 failed=0

# check EXIT PATTERN COMMAND...: that exit code, and output (both streams) that matches.
check() {
	local want=$1 pattern=$2 said code
	shift 2
	said=$(timeout 1800 "$@" 2>&1 </dev/null)
	code=$?
	if [ $code = "$want" ] && grep -qE -- "$pattern" <<<"$said"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL exit $want, got $code, wanted /$pattern/: $*"
		head -5 <<<"$said" | sed 's/^/     /'
	fi
}

# network NAME INPUT FORMAT SOURCES: three classes, one dense layer.
network() {
	cat >"$1.xml" <<-END
		<network name="$1" version="1">
		  <input $2><normalize mode="auto"/></input>
		  <layers><dense units="3"/></layers>
		  <loss type="cross_entropy"/>
		  <data format="$3" validation="0.2" test="0.2">$4
		    <classes><class name="low"/><class name="middle"/><class name="high"/></classes></data>
		  <train epochs="20" batch_size="16"><optimizer type="adam" lr="0.1"/></train>
		</network>
	END
	check 0 . "$nncc" "$1.xml"
}

# links NAME LIBRARY...: of libpng, libjpeg and libz these and no others.
links() {
	local name=$1 library pattern=''
	shift
	for library; do pattern="$pattern$library "; done
	check 0 "^<$pattern>\$" sh -c "printf '<'; ldd ./$name |
		grep -oE 'lib(jpeg|png|z)' | sort -u | tr '\n' ' '; echo '>'"
}

# 300 rows: the class shows in the first column, which is small beside the second.
awk 'BEGIN {
	print "size,\"place, where\",kind"
	split("low middle high", name, " ")
	for (r = i = 0; i < 300; i++) {
		r = (r * 1103515245 + 12345) % 2147483648
		printf "%.4f,%d,%s\n", i % 3 + r % 97 / 200, i * 7919 % 100003, name[i % 3 + 1]
	}
}' >rows.csv

network rows 'features="2"' csv '<training file="rows.csv"/>'
links rows
check 0 '"items":180,"by_class":\[60,60,60\]' ./rows data --json -j 1
check 0 'nothing is damaged' ./rows data -j 1
check 0 '^$' ./rows train -q -j 1
check 0 '60 items, .* accuracy (1|0\.9)' ./rows test -j 1
printf '0.1,50000\n2.4,50000,high\n' >ask.csv
check 65 'line 2: 3 columns, expected 2' ./rows predict -j 1 ask.csv
printf '2.4,50000\n0.1,50000\n' >ask.csv
check 0 '"label":"high","index":2,' ./rows predict --json -j 1 ask.csv
check 65 'rows: no rows of numbers .* it is a program' ./rows predict -j 1 ./rows
check 66 'nowhere/rows.csv' ./rows test --data nowhere -j 1
check 0 . "$nncc" -S rows.xml
check 1 '^$' sh -c 'ls rows.c.d/runtime | grep -E "^(image|picture_png).*c$|data_(idx|npz|folder|cifar)"'
check 0 '^LIBS = -lm$' grep LIBS rows.c.d/Makefile
check 0 . env NNCC_RUNTIME="$runtime" "$nncc" -o rows2 rows.xml
links rows2
check 0 '^$' ./rows2 train -q -j 1 --out runs/rows2
check 0 '^$' cmp runs/rows/best.safetensors runs/rows2/best.safetensors

network picture 'channels="1" height="6" width="6"' folder '<training dir="pictures"/>'
links picture libjpeg libpng libz
check 66 'pictures: cannot open the directory' ./picture train -q -j 1
network archive 'features="2"' npz '<training file="rows.npz"/>'
links archive libz
network random 'channels="3" height="6" width="6"' synthetic ''
links random libjpeg libpng libz
check 0 '^$' ./random train -q -j 1 --epochs 1

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
