#!/usr/bin/env bash
# run_driver.sh: nncc as a command: options, exit codes, what it writes and what it leaves behind.
#
#     tests/run_driver.sh              NNCC names another compiler than build/nncc
#
# Everything happens in a new directory under build/; TMPDIR is in it, so a temporary file that
# stays behind is found. Prints the failures and "N passed, N failed".
set -u
export LC_ALL=C
cd "$(dirname "$0")/.." || exit 1
nncc=$(realpath "${NNCC:-build/nncc}")
runtime=$PWD/runtime models=$PWD/models
winograd=$PWD/tests/dual/winograd.xml past=$PWD/tests/found/384.xml
maker=$(cat "$(dirname "$nncc")/runtime/libnn.a.cc")
unset NNCC_CC
mkdir -p build/driver
work=$(mktemp -d "$PWD/build/driver/run-XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
mkdir tmp bin
export TMPDIR=$work/tmp XDG_CACHE_HOME=$work/cache
passed=0 failed=0

result() {
	if [ "$1" = 0 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf 'FAIL %s\n' "$2"
		[ -z "${3-}" ] || printf '%s\n' "$3" | head -5 | sed 's/^/     /'
	fi
}

# check EXIT PATTERN COMMAND...: that exit code, and output (both streams) that matches.
check() {
	local want=$1 pattern=$2 said code
	shift 2
	said=$(timeout 1800 "$@" 2>&1 </dev/null)
	code=$?
	[ $code = "$want" ] && grep -qE -- "$pattern" <<<"$said"
	result $? "exit $want, got $code, wanted /$pattern/: ${*/#$nncc/nncc}" "$said"
}

# holds NAME COMMAND...: the command succeeds.
holds() {
	local name=$1 said
	shift
	said=$(timeout 1800 "$@" 2>&1 </dev/null)
	result $? "$name" "$said"
}

network() {
	cat <<-END
	<network name="$1" version="1">
	<param name="width" value="5"/>
	<input features="4"/>
	<layers><dense units="{width}" activation="relu"/><dense units="3"/></layers>
	<loss type="cross_entropy"/>
	<data format="synthetic"><classes>
		<class name="&quot;*/??/&#9;#pragma"/><class name="%s%n\"/><class name="c&#9;'"/>
	</classes></data>
	<train epochs="1" batch_size="8"><optimizer type="sgd" lr="0.1"/></train>
	</network>
	END
}

fake_cc() {
	printf '#!/bin/sh\n%s\n' "$2" >"bin/$1"
	chmod +x "bin/$1"
}

usage() {
	local option
	for option in -o -S -O0 -O1 -O2 -O3 -march -D --batch-size --cc --threads --max-mem --static \
		-fno-fuse -fno-tile -fno-simd -fno-reuse -fno-parallel -fno-winograd -fsyntax-only \
		-d -v '-###' -ferror-limit -fdiagnostics-color --summary --json --emit-graph \
		--explain --print-schema --help --version; do
		check 0 "^  $option\b|^  $option" "$nncc" --help
	done
	check 0 '^nncc [0-9.]+$' "$nncc" --version
	check 2 'no file to compile' "$nncc"
	check 2 "did you mean '--summary'" "$nncc" --summry tiny.xml
	check 2 "did you mean '-march='" "$nncc" -mrach=native tiny.xml
	check 2 "unknown option '--xyzzy'" "$nncc" --xyzzy tiny.xml
	check 2 "did you mean 'native'" "$nncc" -march=nativ tiny.xml
	check 2 "x86-64-v3.*not 'z80'" "$nncc" -march=z80 tiny.xml
	check 2 '-o needs its PATH' "$nncc" tiny.xml -o
	check 2 'at least 1' "$nncc" --batch-size 0 tiny.xml
	check 2 'whole number' "$nncc" --threads=2x tiny.xml
	check 2 '512M' "$nncc" --max-mem 12Q tiny.xml
	check 2 'one of the letters x a e g r f l p k s' "$nncc" -d z tiny.xml
	check 2 'name=value' "$nncc" -D width tiny.xml
	check 2 'one file at a time' "$nncc" tiny.xml tiny.xml
	check 2 '--json goes with' "$nncc" --json tiny.xml
	check 2 'auto' "$nncc" -fdiagnostics-color=sometimes tiny.xml
	check 2 "rng, md" "$nncc" --print-schema=xsd
	check 1 'absent.xml' "$nncc" absent.xml
	check 1 'standard output' sh -c "'$nncc' --help >/dev/full"
}

prints() {
	local letter
	check 0 . "$nncc" --print-schema
	check 0 . "$nncc" --print-schema=md
	check 0 dense1 "$nncc" --summary tiny.xml
	check 0 '^\{|^\[' "$nncc" --summary --json tiny.xml
	check 0 '^\{|^\[' "$nncc" --emit-graph tiny.xml
	check 0 'refused 2 n|refused [0-9]+ k.*%\)' "$nncc" --explain tiny.xml
	check 0 'predicted 0\.[0-9]+ ms on one thread' "$nncc" --explain tiny.xml
	check 0 'Winograd wants channels there' "$nncc" --explain -flanes=images tiny.xml
	sed 's:</train>:<schedule type="onecycle"/>&:' tiny.xml >cycle.xml
	check 0 'momentum_buffer\[k\] := hyper1 \* ' "$nncc" -d g cycle.xml
	for letter in forward 'gradient of the data' 'gradient of weights'; do
		check 0 "Winograd F\(4x4, 3x3\), $letter: expected relative error [1-9]\.[0-9]e-0[67]" \
			"$nncc" --explain -flanes=channels -fwinograd "$winograd"
		check 0 "Winograd F\(2x2, 3x3\), $letter: expected relative error [1-9]\.[0-9]e-0[67]" \
			"$nncc" --explain -flanes=channels -fwinograd "${winograd%.xml}_small.xml"
	done
	check 0 'Winograd refused: predicted [0-9.]+ of the plain' "$nncc" --explain -flanes=channels "$winograd"
	check 0 '^$' "$nncc" -fsyntax-only tiny.xml
	check 0 '^    3:1 +input features="4"' "$nncc" -d x tiny.xml
	check 0 'dense1  dense' "$nncc" tiny.xml -d a
	check 0 'units=7' "$nncc" -D width=7 -d a tiny.xml
	check 0 'units=7' "$nncc" -Dwidth=7 -d a -- tiny.xml
	for letter in e g r f l p k s; do
		check 0 . "$nncc" -d $letter tiny.xml
	done
	check 0 '^  g grad +[0-9.]+ ms  append' "$nncc" -v -d s tiny.xml
	check 0 'tune: [1-9][0-9]* kernels with tiles, [1-9]' "$nncc" -O3 -v --explain tiny.xml
	holds 'none of these wrote a file' test ! -e tiny -a ! -e tiny.c.d
}

clean_tmp() {
	holds "nothing stays in TMPDIR after $1" test -z "$(ls -A tmp)"
}

compilers() {
	local pid code said
	check 1 "'nocc' of --cc is not installed" "$nncc" --cc nocc tiny.xml
	check 1 'apt install clang-19 libomp-19-dev' env PATH="$work/tmp" "$nncc" tiny.xml
	check 2 'no static form' "$nncc" --static --cc clang-19 tiny.xml
	check 1 'NNCC_RUNTIME' env NNCC_RUNTIME=/nowhere "$nncc" tiny.xml
	check 0 'bin/show.* -c -o .*net\.o' "$nncc" '-###' --cc bin/show tiny.xml
	clean_tmp '-###'
	check 1 'no such vector' "$nncc" --cc bin/refuse tiny.xml
	clean_tmp 'a failing C compiler'
	env SECRET=1 LD_PRELOAD= "$nncc" --cc bin/env tiny.xml >/dev/null 2>&1
	said=$(sort -u seen | grep -vE '^(PATH|HOME|TMPDIR|LANG|PWD|OLDPWD|SHLVL|_)=')
	holds "the C compiler's environment is minimal, not: $said" test -s seen -a -z "$said"
	"$nncc" --cc bin/slow tiny.xml 2>/dev/null &
	pid=$!
	for _ in {1..100}; do
		[ -s slow.started ] && break
		sleep 0.05
	done
	kill -TERM $pid
	wait $pid
	code=$?
	holds "SIGTERM ends nncc with 143, not $code" test $code = 143
	holds 'SIGTERM ended the C compiler' sh -c "test -s slow.started && ! kill -0 $(cat slow.started)"
	clean_tmp SIGTERM
	holds 'no trainer after failures' test ! -e tiny
}

trainers() {
	mkdir folder
	check 1 'is a directory' "$nncc" -o folder tiny.xml
	check 1 'cannot make the directory tiny.xml: File exists|Not a directory' "$nncc" -o tiny.xml/x tiny.xml
	check 0 '^new/er/tiny: 43 parameters' "$nncc" -o new/er/tiny tiny.xml
	holds 'missing directories are made' test -x new/er/tiny
	check 1 'needs .* more than the .* of --max-mem' "$nncc" --max-mem 10K tiny.xml
	check 0 '^tiny: 43 parameters, .* of memory, .* s$' "$nncc" tiny.xml
	clean_tmp 'a build'
	check 0 ' ([0-9]{3}|[0-9]{2}\.[0-9]|[0-9]\.[0-9]{2}) [kMG]B of memory' "$nncc" -S tiny.xml
	check 0 . "$nncc" -S -march=x86-64-v3 -o past "$past"
	holds 'every kernel that writes past the caches settles that' awk '/^NN_KERNEL/ { open = 0 }
		/NN_STREAM/ { open = ++wrote } /NN_SETTLE/ { open = 0 } /^}/ && open { bad++ }
		END { exit !wrote || bad }' past/net*.c
	holds 'the trainer is under 1 MB' test -n "$(find tiny -size -1000000c)"
	holds 'the trainer runs' ./tiny info --json
	check 0 '"predicted_ms":[0-9.e-]+' ./tiny bench --profile --json --steps 2
	holds 'a trainer with Winograd' "$nncc" -flanes=channels -fwinograd -o transformed "$winograd"
	check 0 '^Winograd in 4 kernels: .* expected [0-9.e-]+ to .* measured [0-9.]+e-0[67]' ./transformed check
	check 0 '"winograd":\{"kernels":4,.*"output":[0-9.]+e-0[67]\}' ./transformed check --json
	cp tiny.xml ./-x.xml
	check 0 '^\./-out:' "$nncc" -o -out -- -x.xml
	holds 'output with a leading dash' test -x ./-out
	check 0 . "$nncc" --static -o fixed tiny.xml
	holds 'the static trainer needs no library' sh -c 'test -x fixed && ! ldd fixed'
	holds 'the static trainer runs' ./fixed info --json
}

# -O3: what was measured stays in the cache, whose loss does no harm.
tuned() {
	check 0 'tune: [0-9]+ kernels with tiles, [1-9]' "$nncc" -O3 -v -o measured tiny.xml
	clean_tmp '-O3'
	holds 'the cache has tiles' grep -qE '^[0-9a-f]{32} [0-9]+ [a-z]' cache/nncc/tiles
	cp cache/nncc/tiles before
	check 0 'tune: [0-9]+ kernels with tiles, 0 to measure' "$nncc" -O3 -v -o again tiny.xml
	holds 'nothing was added to it' cmp before cache/nncc/tiles
	holds 'the same cache gives the same trainer' cmp measured again
	check 0 'all as it should be' ./measured check
	sed -i 's/ .*/ 1 x/; 1s/^/rubbish\n/' cache/nncc/tiles
	check 0 'tune: .* [1-9][0-9]* to measure' "$nncc" -O3 -v -o measured tiny.xml
	check 0 'cache .* cannot be written' env XDG_CACHE_HOME="$work/tiny.xml" "$nncc" -O3 -v \
		-o measured tiny.xml
	check 0 'does not run here' "$nncc" -O3 -march=armv8-a -S tiny.xml
	check 0 'nothing could be measured' "$nncc" -O3 --cc bin/refuse -S tiny.xml
	rm -r tiny.c.d
}

# The archive of the compiled runtime: which compilers link it, and that it changes no result.
library() {
	local links='bin/clang -fopenmp .*libnn\.a.? ' compiles='-c -o .*runtime/kernel/team\.o'
	check 0 "$links" "$nncc" '-###' --cc bin/clang tiny.xml
	printf 'clang version 99\n' >version
	check 0 "$compiles" "$nncc" '-###' --cc bin/clang tiny.xml
	printf '%s\n' "$maker" >version
	check 0 "$compiles" "$nncc" '-###' --cc 'bin/clang -g' tiny.xml
	check 0 "$compiles" env NNCC_RUNTIME="$runtime" "$nncc" '-###' --cc bin/clang tiny.xml
	holds 'a trainer with the archive' "$nncc" -o linked tiny.xml
	holds 'a trainer without' env NNCC_RUNTIME="$runtime" "$nncc" -o compiled tiny.xml
	holds 'training with one' ./linked train --out a -q
	holds 'training with the other' ./compiled train --out b -q
	holds 'the archive gives the same weights' cmp a/last.safetensors b/last.safetensors
}

sources() {
	mkdir elsewhere
	cp tiny.xml elsewhere
	check 0 '^tiny.c.d:' "$nncc" -S tiny.xml
	check 0 '^new/est/c:' "$nncc" -S -o new/est/c tiny.xml
	(cd elsewhere && LC_ALL=C.UTF-8 TZ=Asia/Tokyo "$nncc" -S tiny.xml 2>/dev/null)
	holds 'same network, same C' diff -r tiny.c.d elsewhere/tiny.c.d
	holds 'make with clang' make -s -C tiny.c.d CC=clang-19
	holds 'the trainer made by clang runs' tiny.c.d/tiny info --json
	holds 'make clean' make -s -C tiny.c.d clean
	holds 'make with gcc' make -s -C tiny.c.d CC=gcc
	holds 'the trainer made by gcc runs' tiny.c.d/tiny info --json
}

# A network whose kernels fill several files; at -O0, which is soon compiled.
several() {
	local layers file said
	layers=$(seq 6 45 | sed 's|.*|<dense units="&" activation="tanh"/>|' | tr -d '\n')
	network many | sed "s|<layers>|<layers>$layers|" >many.xml
	check 0 '^many.c.d:' "$nncc" -O0 -S many.xml
	"$nncc" -O0 -S -o again.c.d many.xml 2>/dev/null
	holds 'same network, same files' diff -r many.c.d again.c.d
	for file in net.h net_1.c net_2.c plain.h plain_1.c plain_2.c; do
		holds "$file is there" test -s many.c.d/$file
	done
	said=$("$nncc" -O0 '-###' --cc bin/show many.xml)
	for file in net net_1 net_2 plain plain_1 plain_2 model; do
		holds "-### compiles and links $file" \
			test "$(grep -cE "(-c .*|show .*-o many .*)/nncc-[^/]*/$file\.(c'?|o'? .*)$" <<<"$said")" = 2
	done
	check 0 '-c -o .*/net_2\.o.* .*/net_2\.c.?$' "$nncc" -O0 -v --cc bin/show -o shown many.xml
	check 0 '^many:' "$nncc" -O0 many.xml
	holds 'it trains' ./many train --out c -q
	holds 'make -j with clang' make -s -j2 -C many.c.d CC=clang-19
	holds 'training with it' many.c.d/many train --out d -q
	holds 'make gives the same weights' cmp c/last.safetensors d/last.safetensors
	holds 'make clean' make -s -C many.c.d clean
	holds 'make -j with gcc' make -s -j2 -C many.c.d CC=gcc
	holds 'the trainer made by gcc checks itself' many.c.d/many check
}

# Tensors that are asked for before they are needed: not behind their ends, of which gcc would warn.
far() {
	local march net="
	<network name='far' version='1'><input channels='3' height='32' width='32'/><layers>
	<conv filters='64' kernel_size='3' padding='1'/><batch_norm activation='relu'/>
	<depthwise_conv kernel_size='3' padding='1'/><batch_norm activation='relu'/>
	<conv filters='128' kernel_size='1' activation='relu'/>
	<conv filters='128' kernel_size='1' stride='2' activation='relu'/>
	<conv filters='128' kernel_size='5' padding='2' stride='2' activation='relu'/>
	<dense units='10'/></layers><loss type='cross_entropy'/><data format='synthetic'/>
	<train epochs='1' batch_size='64'><optimizer type='sgd' lr='0.1'/></train></network>"
	echo "$net" >far.xml
	for march in x86-64-v4 x86-64-v3; do
		check 0 '^far.c.d:' "$nncc" -march=$march -S far.xml
		holds "$march: a band asks for the next" grep -q 'NN_FETCH(.*row_to <' far.c.d/net.c
		holds "$march: gcc does not warn" make -s -C far.c.d CC=gcc net.o
		if [ $march = x86-64-v4 ]; then
			holds "sums over images ask for weights" grep -q 'NN_FETCH(weight.*, 1' far.c.d/net.c
		fi
		rm -r far.c.d
	done
}

# Of few channels in large images a thread sums over the images that it made, of many over all.
shares() {
	"$nncc" -march=x86-64-v4 --threads 2 --explain "$models/vgg11_bn.xml" >shares 2>&1
	holds "64 channels: by shares" grep -q 'dconv2_weight_S\[share,' shares
	holds "64 channels: the shares' sums" grep -q 'dconv2_weight_T\[.*sum{share}' shares
	holds "512 channels: by p" grep -q 'dconv8_weight_S\[[0-9]*g+p,' shares
}

network tiny >tiny.xml
printf '%s\n' "$maker" >version
fake_cc show 'exit 0'
fake_cc refuse 'echo "error: no such vector" >&2; exit 1'
fake_cc env "env >>'$work/seen'; exit 1"
fake_cc clang 'case $1 in -print*) echo /libomp.so ;; *) cat version ;; esac'
fake_cc slow "case \$1 in --version | -dump* | -print*) exit ;; esac; echo \$\$ >'$work/slow.started'; exec sleep 20"
usage
prints
compilers
trainers
tuned
library
sources
several
far
shares
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
