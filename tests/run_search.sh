#!/usr/bin/env bash
# run_search.sh: searches over <param>s and augmented trainings, with trainers that nncc compiled: every
# sampler, values that change shapes, a search that is killed, what is refused; mixed labels and
# clean targets.
#
#     tests/run_search.sh            NNCC names another compiler than build/nncc
#
# Everything happens in a new directory under build/. Prints the failures and "N passed, N failed".
set -u
export LC_ALL=C
cd "$(dirname "$0")/.." || exit 1
nncc=$(realpath "${NNCC:-build/nncc}")
unset NNCC
mkdir -p build/trainers
work=$(mktemp -d "$PWD/build/trainers/run-XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
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
	result $? "exit $want, got $code, wanted /$pattern/: $*" "$said"
}

same() {
	cmp -s "$1" "$2"
	result $? "$1 and $2 are the same"
}

# 150 images of 6 x 6 that show one of three classes.
awk 'BEGIN {
	printf "%c%c%c%c%c%c%c%c%c%c%c%c%c%c%c%c", 0, 0, 8, 3, 0, 0, 0, 150, 0, 0, 0, 6, 0, 0, 0, 6
	for (i = r = 1; i <= 150; i++)
		for (k = 0; k < 36; k++) {
			r = (r * 1103 + 12345) % 65536
			printf "%c", int(r / 656) + (k % 3 == i % 3) * 60
		}
}' >train-x
awk 'BEGIN {
	printf "%c%c%c%c%c%c%c%c", 0, 0, 8, 1, 0, 0, 0, 150
	for (i = 1; i <= 150; i++)
		printf "%c", i % 3
}' >train-y

# The test images are missing: no search may look at them.
cat >net.xml <<'END'
<network name="net" version="1">
<param name="lr" value="1e-6" min="1e-6" max="10" scale="log"/>
<param name="width" value="3" choices="3 5"/>
<param name="decay" value="0" min="0" max="0.001"/><param name="times" value="1"/>
<input channels="1" height="6" width="6"><normalize mode="auto"/></input>
<layers><dense units="{width}" activation="relu"/><dense units="3"/></layers>
<loss type="cross_entropy" label_smoothing="0.1"/>
<data format="idx" root="." validation="0.3">
<training images="train-x" labels="train-y"/><test images="none" labels="none"/></data>
<train epochs="4" batch_size="16"><optimizer type="sgd" lr="{lr * times}" momentum="0.9"
	weight_decay="{decay}"/><schedule type="cosine"/>
<augment><random_rotation degrees="2"/><brightness/><mixup alpha="0.3"/></augment></train>
<tune trials="7" epochs="3"/>
</network>
END
cp "$nncc" compiler
NNCC_CC=${NNCC_CC-} ./compiler -O1 -o net net.xml >said 2>&1
result $? 'nncc net.xml' "$(cat said)"

# Mixed labels: the same bits on any number of threads and in parts, and not those of plain ones.
check 0 '^$' ./net -q -j1 --lr 0.1 --out whole
check 0 '^$' ./net -q -j3 --lr 0.1 --out threads
check 0 '^$' ./net -q -j1 --lr 0.1 --out parts --until 1
check 0 '^1,' tail -n 1 parts/log.csv
check 0 '^$' ./net -q -j1 --lr 0.1 --out parts --until 3 --resume
check 0 '^3,' tail -n 1 parts/log.csv
check 0 '^$' ./net -q -j1 --lr 0.1 --out parts --resume
same whole/last.safetensors threads/last.safetensors
same whole/last.safetensors parts/last.safetensors
check 0 'all as it should be' ./net check -j1
check 2 'expected random, grid or halving' ./net tune --sampler best

# rows FILE: without the times.
rows() {
	cut -d, -f1-7,9 "$1"
}

# A search in one piece, and killed twice in the middle: the same trials, none of them lost or twice.
search=(./net tune -j1 --trials 6)
check 0 '^best: trial [2-6], val_accuracy 0\.[5-9].*; as written 0\.' "${search[@]}" --out all
[ "$(wc -l <all/trials.csv)" = 7 ]
result $? 'a line a trial' "$(cat all/trials.csv)"
grep -qE '^[0-9],3,[^,]*,5,' all/trials.csv && grep -qE '^[0-9],3,[^,]*,3,' all/trials.csv
result $? 'both widths were tried' "$(cat all/trials.csv)"
[ "$(find all/trainers -type f -executable | wc -l)" -ge 1 ]
result $? 'trainers are kept'
for trials in 2 4; do
	"${search[@]}" --out cut >/dev/null 2>&1 &
	pid=$!
	for _ in $(seq 3000); do
		[ "$(cat cut/trials.csv 2>/dev/null | wc -l)" -gt $trials ] && break
		sleep 0.01
	done
	kill -9 $pid
	wait $pid 2>/dev/null
done
printf '5,3,0.0' >>cut/trials.csv
check 0 'going on after [2-6] results' "${search[@]}" --out cut
rows all/trials.csv >all/rows
rows cut/trials.csv >cut/rows
same all/rows cut/rows
check 0 '"objective":"val_accuracy","trials":6,"best":\{"trial":[2-6],"epochs":3,"value":0\.' \
	"${search[@]}" --out all --json --write best.xml
check 0 '<param name="lr" value="[0-9.e-]*" min="1e-6" max="10" scale="log"/>' cat best.xml
check 0 '' "$nncc" -fsyntax-only best.xml
! grep -q 'name="lr" value="1e-6"' best.xml
result $? 'best.xml has another rate' "$(cat best.xml)"

# More trials begin with the same ones; another seed does not.
check 0 'trial 7/7' ./net tune -j1 --out all
check 76 'another --seed, range or grid' "${search[@]}" --seed 2 --out all
check 76 "begins with 'trial,epochs,lr,width,decay,val_" "${search[@]}" --set lr=0.1 --out all
flock all sleep 0.1 &
check 0 '^best: trial' ./net tune -j1 --out all
check 74 'another training or search' flock all "${search[@]}" --out all

# A signal: the trial saves, the search says how to go on.
"${search[@]}" --trials 99 --out term >said 2>&1 &
pid=$!
while ! [ -s term/trials.csv ]; do sleep 0.01; done
kill -TERM $pid
wait $pid
[ $? = 143 ] && grep -q 'go on with: ./net tune --out term' said
result $? 'SIGTERM' "$(cat said)"

# Halving: 9 trials of an epoch, 3 of 3, 1 of 9. A grid: the ends of a range; too large a rate.
fixed=(--set decay=0 -j1 -q)
NNCC=$nncc check 0 '^ *[0-9]+ +9 .* ok$' ./net tune --sampler halving --trials 9 --epochs 9 \
	--out half "${fixed[@]}"
[ "$(cut -d, -f2 half/trials.csv | sort | uniq -c | xargs)" = '9 1 3 3 1 9 1 epochs' ]
result $? 'rungs of halving' "$(cat half/trials.csv)"
grid=(./net tune --sampler grid --trials 5 --epochs 1 "${fixed[@]}")
check 0 '^ *[23] +1 +1e-06 +5 +0\.[0-9]+  ok$' "${grid[@]}" --out grid
cut -d, -f3,4,8 grid/trials.csv | sort >grid/points
printf '%s\n' 10,3,ok 10,5,ok 1e-06,3,ok 1e-06,5,ok lr,width,outcome >grid/wanted
check 1 '^no trial gave a number$' "${grid[@]}" --out large --set times=1e36 --write none.xml
cut -d, -f3,4,8 large/trials.csv | grep -c diverged >large/diverged
check 0 '^4$' cat large/diverged
same grid/points grid/wanted

# Values that change shapes want nncc.
rm compiler
check 66 'compiler is gone, and PATH has none. Set NNCC=' env PATH=/nowhere ./net tune "${fixed[@]}" \
	--trials 9 --out nothing
check 66 'NNCC=/nowhere is no program' env NNCC=/nowhere ./net tune "${fixed[@]}" --out nothing
check 0 'trial 3' env NNCC="$nncc" ./net tune --trials 3 --epochs 1 -j1 --out found

# Of an auto-encoder that gives back what it gets, noise is all the loss there is: the target has
# the same light, and no noise. Validation has neither.
cat >clean.xml <<'END'
<network name="clean" version="1">
<input channels="1" height="6" width="6"/>
<layers><conv filters="1" kernel_size="1" init="ones" bias="false"/></layers>
<loss type="mse" target="input"/>
<data format="idx" root="." validation="0.3"><training images="train-x"/></data>
<train epochs="1" batch_size="16"><optimizer type="sgd" lr="0"/>
<augment><random_zoom/><brightness amount="0.5"/><random_flip/><gaussian_noise std="0.5"/></augment>
</train></network>
END
"$nncc" -O1 -o clean clean.xml >said 2>&1
result $? 'nncc clean.xml' "$(cat said)"
check 0 '^$' ./clean -q -j2 --out clean.r
check 0 '^1,7,0\.2[3-6][0-9]*,,0,,0,' tail -n 1 clean.r/log.csv
check 2 'nothing to search: no <param> has min and max' ./clean tune

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
