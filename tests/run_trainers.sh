#!/usr/bin/env bash
# run_trainers.sh: trainers that nncc compiled, from end to end on small idx files: every kind of
# target, every verb, early stopping, numbers of the update, what is not finite, too little memory.
#
#     tests/run_trainers.sh            NNCC names another compiler than build/nncc
#
# Everything happens in a new directory under build/. Prints the failures and "N passed, N failed".
set -u
export LC_ALL=C
cd "$(dirname "$0")/.." || exit 1
nncc=$(realpath "${NNCC:-build/nncc}")
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

differ() {
	! cmp -s "$1" "$2"
	result $? "$1 and $2 differ"
}

# Items 0..COUNT-1 in three classes that an image of 6 x 6 shows; KIND: x images, y labels, t two
# numbers, b two bits.
idx() {
	awk -v count="$2" -v kind="$1" 'BEGIN {
		printf "%c%c%c%c%c%c%c%c", 0, 0, 8, (kind == "x" ? 3 : kind == "y" ? 1 : 2), 0, 0, 0, count
		if (kind == "x")
			printf "%c%c%c%c%c%c%c%c", 0, 0, 0, 6, 0, 0, 0, 6
		else if (kind != "y")
			printf "%c%c%c%c", 0, 0, 0, 2
		r = 1
		for (i = 0; i < count; i++) {
			y = i % 7 < 4 ? 0 : i % 7 < 6 ? 1 : 2
			if (kind == "y")
				printf "%c", y
			else if (kind == "t")
				printf "%c%c", y, 2 - y
			else if (kind == "b")
				printf "%c%c", (y > 0), (y > 1)
			for (k = 0; kind == "x" && k < 36; k++) {
				r = (r * 1103 + 12345) % 65536
				printf "%c", int(r / 656) + (k % 3 == y) * 100
			}
		}
	}'
}

# trainer NAME LABELS OPTIMIZER LOSS LAYERS: compiles that network; epochs and patience are 9 and 2.
trainer() {
	cat >"$1.xml" <<-END
	<network name="$1" version="1">
	<param name="rate" value="0.05"/><param name="penalty" value="0.25"/><param name="none" value="0"/>
	<input channels="1" height="6" width="6"><normalize mode="auto"/></input>
	<layers>$5</layers>
	<loss $4/>
	<data format="idx" root="." validation="0.2">
	<training images="train-x" labels="train-$2"/><test images="test-x" labels="test-$2"/></data>
	<train epochs="9" batch_size="16" seed="3" grad_clip="{penalty * 40}">
	<optimizer $3/><early_stopping patience="2" monitor="val_loss" min_delta="0.3"/></train>
	</network>
	END
	"$nncc" -o "$1" "$1.xml" >said 2>&1
	result $? "nncc $1" "$(cat said)"
}

# tensors FILE HEADER DATA: a safetensors file; DATA as printf escapes.
tensors() {
	printf '\0\1\0\0\0\0\0\0%-256s'"$3" "$2" >"$1"
}

# What every trainer does, whatever its target is: NAME CLASSES ACCURACY PREDICTION.
every_verb() {
	check 0 "weights in runs/$1" "./$1" train
	local shape="\"parameters\":[0-9]+,\"input\":\[1,6,6\],\"classes\":$2,\"batch\":16,"
	check 0 "\"name\":\"$1\",\"architecture_hash\":\"[0-9a-f]{64}\",$shape" "./$1" info --json
	check 0 '^56 items, loss 0\.' "./$1" test
	check 0 "\"loss\":0\.[0-9]+,\"accuracy\":$3" "./$1" test --json
	check 0 '^test-x\[55\]: ' "./$1" predict test-x
	check 0 "^\{\"file\":\"test-x\[55\]\",$4" "./$1" predict --json test-x
	check 0 'all as it should be' "./$1" check
	check 0 '"kernels":\[\{"name"' "./$1" bench --steps 3 --profile --json
	check 80 "first tensor .* is (grad\.)?(conv|dense|batch_norm)[12]\.[a-z]+, in step [12]\." \
		"./$1" train --lr 3e38 -q --out "bad-$1"
}

for part in train:203 test:56; do
	for kind in x y t b; do
		idx $kind ${part#*:} >${part%:*}-$kind
	done
done
dense='<dense units="8" activation="tanh"/><dense units="2"/>'
image='<dense units="12" activation="relu"/><dense units="36"/>
	<reshape channels="1" height="6" width="6"/>'
sgd='type="sgd" lr="{rate}" momentum="0.9" l1="{penalty / 1000}"'

# A bias before batch norm has a gradient of nothing but noise, which adam makes large.
trainer classes y 'type="adam" lr="{rate}"' 'type="cross_entropy" class_weights="balanced"' \
	'<conv filters="4" kernel_size="3" bias="true"/><batch_norm activation="relu"/><max_pool
	kernel_size="2"/><dense units="3"/>'
every_verb classes 3 \
	'[01].?[0-9]*,"top5":1,"count":56,"confusion"' '"label":"[012]","index":[012],"probability":0\.[0-9]+,"top5":\['
trainer mse t "$sgd" 'type="mse"' "$dense"
every_verb mse 0 'null,"top5":null,"count":56,' '"output":\[-?[0-9.e-]+,-?[0-9.e-]+\]'
trainer bce b 'type="rmsprop" lr="{rate / 10}" decay="{0.9 + none}"' \
	'type="binary_cross_entropy"' "$dense"
# Its outputs are logits; what it tells are probabilities.
every_verb bce 0 'null,"top5":null,"count":56,' '"output":\[0\.[0-9]+,0\.[0-9]+\]'
trainer encoder y 'type="adamw" lr="{rate}" weight_decay="{penalty}" l1="{none}"' \
	'type="mse" target="input"' "$image"
every_verb encoder 0 'null,"top5":null,"count":56,' '"output":\[(-?[0-9.e-]+,){35}'

# Early stopping: nothing gets better by 0.3 for long; the best weights come back; resuming ends.
check 0 '^[345] epochs, ' ./classes train --out stop --progress none
same stop/best.safetensors stop/last.safetensors
cp stop/last.safetensors before
check 0 '^[345] epochs, ' ./classes train --out stop --progress none --resume
same stop/last.safetensors before

# Numbers of the update come from the command line, by whatever name.
sgd() {
	check 0 '^$' ./mse train -q --epochs 2 --out "$@"
}
sgd plain
sgd lr --lr 0.1
sgd set --set rate=0.1
sgd penalty --set rate=0.1 --set penalty=0
sgd clip --set rate=0.1 --set penalty=0.0001
differ plain/last.safetensors lr/last.safetensors
same lr/last.safetensors set/last.safetensors
differ set/last.safetensors penalty/last.safetensors
differ penalty/last.safetensors clip/last.safetensors
# One that was 0 when it was compiled, but is an expression, too.
check 0 '^$' ./encoder train -q --epochs 2 --out without
check 0 '^$' ./encoder train -q --epochs 2 --out with --set none=1
differ without/last.safetensors with/last.safetensors

# What is compiled into a layer is fixed, whether a shape comes from it or not, and named.
cat >fixed.xml <<'END'
<network name="fixed" version="1"><param name="slope" value="0.1"/><param name="rate" value="0.05"/>
<input channels="1" height="6" width="6"/>
<layers><dense units="6"/><activation type="leaky_relu" alpha="{slope}"/>
<dense units="6"/></layers>
<loss type="cross_entropy"/><data format="idx" root=".">
<training images="train-x" labels="train-y"/><test images="test-x" labels="test-y"/></data>
<train epochs="2" batch_size="8"><optimizer type="sgd" lr="{rate}"/></train></network>
END
check 0 parameters "$nncc" -o fixed fixed.xml
check 2 "'slope' is compiled into <activation alpha>, .* again with nncc -D slope=0.2" \
	./fixed train --set slope=0.2
check 0 'param slope = 0.1 \(fixed: compiled into <activation alpha>\)' ./fixed info
check 0 'param rate = 0.05$' ./fixed info
check 0 '^$' ./fixed train -q --set rate=0.1
# Of six classes, five may be without the right one; of five or fewer they never are.
check 0 'accuracy [01][.][0-9]+, top-5 [01][.][0-9]+$' ./fixed test
check 0 '"accuracy":[0-9.]+,"top5":[0-9.]+,"count":56,' ./fixed test --json
check 0 '^56 items, loss [0-9.]+, accuracy [01][.][0-9]+$' ./classes test
# Weights as other programs keep them.
printf 'PK\3\4\0\0\0\0net/data.pkl' >net.pth
check 76 'net.pth: not a safetensors file: it is a PyTorch file; .*torch.save_file' \
	./fixed train --weights net.pth --out none
check 76 'net.pth: .* a PyTorch file; ' ./fixed test --weights net.pth
printf 'GIF89a\1\0\1\0' >net.gif
check 76 'it is a GIF picture; weights are read from safetensors' ./fixed test --weights net.gif

# The bar fits the terminal, whatever its width is, and tells what is left.
for columns in 40 80 200; do
	COLUMNS=300 script -qec "stty cols $columns && ./fixed train --out bar$columns --epochs 20" /dev/null \
		</dev/null >said 2>&1
	result $? "a training on $columns columns" "$(cat said)"
	tr '\r' '\n' <said | sed -n 's/^\x1b\[K\(epoch .* left\)$/\1/p' >bars
	awk -v most="$columns" 'length >= most || !/^epoch [0-9]+\/20 \[.*\] .* [0-9:]+\/[0-9:]+ left$/ {
		exit bad = 1 } END { exit bad || !NR }' bars
	result $? "the bar fits $columns columns" "$(cat bars)"
done
# Without a terminal, COLUMNS tells.
COLUMNS=40 ./fixed train --out bar --progress bar 2>&1 | tr '\r' '\n' |
	sed -n 's/^\x1b\[K\(epoch .* left\)$/\1/p' >bars
awk 'length >= 40 { exit bad = 1 } END { exit bad || !NR }' bars
result $? "the bar fits COLUMNS" "$(cat bars)"

# Compiled anew it is another.
check 0 parameters "$nncc" -D slope=0.2 -o fixed fixed.xml
check 0 'param slope = 0.2 ' ./fixed info

# What is not finite is refused where it comes in, and named.
f32='"dtype":"F32","shape"'
zero='\0\0\0\0' one='\0\0\200\077' nan='\0\0\300\177'
small='<network name="small" version="1"><input features="2"/><layers><dense units="1"/></layers>
<loss type="mse"/><data format="synthetic"/><train epochs="1" batch_size="4">
<optimizer type="sgd" lr="1"/></train></network>'
echo "$small" >small.xml
check 0 parameters "$nncc" -o small small.xml
weight="\"dense1.weight\":{$f32:[1,2],\"data_offsets\":[0,8]}"
tensors weights "{$weight,\"dense1.bias\":{$f32:[1],\"data_offsets\":[8,12]}}" "$one$one$zero"
batch="{\"x\":{$f32:[2,2],\"data_offsets\":[0,16]},\"y\":{$f32:[2,1],\"data_offsets\":[16,24]}}"
tensors batch "$batch" "$one$zero$zero$one$zero$one"
tensors nan-x "$batch" "$one$zero$nan$one$zero$one"
tensors nan-y "$batch" "$one$zero$zero$one$zero$nan"
sed 's/\x00\x00\x80\x3f\x00/\x00\x00\xc0\x7f\x00/' weights >nan-weights
# Outputs 1 and 1, targets 0 and 1: the loss is 1/2.
check 0 '^$' ./small step --weights weights --batch batch --out out
tensors wanted "{\"loss\":{$f32:[1],\"data_offsets\":[0,4]}}" '\0\0\0\077'
[ ! -x ../../tests/compare ] || check 0 '' ../../tests/compare wanted out 1e-7 loss
check 80 "nan-x: 'x' holds a NaN" ./small step --weights weights --batch nan-x --out out
check 80 "nan-y: 'y' holds a NaN" ./small step --weights weights --batch nan-y --out out
check 80 "'dense1.weight' holds a NaN" ./small step --weights nan-weights --batch batch --out out
check 80 "'dense1.weight' holds a NaN" ./small train --weights nan-weights --out none
check 80 'not finite in step [0-9]+; the first tensor .* is (grad\.)?dense1\.' \
	./small step --weights weights --batch batch --out out --steps 9 --lr 1e30

# More memory than there is.
sed 's/units="1"/units="5000"\/><dense units="5000"/' small.xml >large.xml
check 0 parameters "$nncc" -o large large.xml
check 71 'not enough memory: this network needs [0-9.]+ MiB .* 4, [0-9.]+ MiB are available' \
	bash -c 'ulimit -v 150000; exec ./large bench -j1'

# A used directory is refused; the command that a stopped run prints, given to a shell, goes on to
# the same bits, with the options that it was started with.
check 2 'runs/mse: holds a run already.*--overwrite' ./mse train --epochs 1
check 0 '^$' ./mse train -q --epochs 3 --overwrite
mkdir "a b"
ln -s ../mse "a b/mse"
run=(train -q --lr 0.02 --epochs 60 --limit 90 --set penalty=0 --batch-size 5)
check 0 '^$' ./mse "${run[@]}" --out whole
"./a b/mse" "${run[@]}" --out "a b/it's" >said 2>&1 &
for _ in $(seq 3000); do
	[ -s "a b/it's/log.csv" ] && break
	sleep 0.002
done
kill -INT $!
wait $!
result $(($? != 130)) 'stopped by SIGINT' "$(cat said)"
command=$(sed -n 's/.*go on with: //p' said)
check 0 "with the run's --epochs 60 --lr 0.02 --limit 90" bash -c "$command"
same whole/last.safetensors "a b/it's/last.safetensors"
same whole/best.safetensors "a b/it's/best.safetensors"

# Weights go into what is no file as it stands; what cannot be written is exit 74 and a sentence.
export=(./mse export --out whole)
mkfifo pipe
for form in safetensors npz; do
	check 0 '^$' "${export[@]}" --$form good
	cat pipe >piped &
	check 0 '^$' "${export[@]}" --$form pipe
	wait $!
	same good piped
	timeout 1800 "${export[@]}" --$form /dev/stdout | cat >piped
	same good piped
	(printf before && "${export[@]}" --$form /dev/stdout) >piped
	printf before | cat - good >wanted
	same wanted piped
	# A pipe whose reader has gone.
	check 74 'cannot write: Broken pipe' \
		bash -c "exec 8<>pipe 9>pipe 8>&-; exec ${export[*]} --$form /dev/fd/9"
	check 74 'cannot write: No space left' "${export[@]}" --$form /dev/full
	check 74 'cannot write: File too large' \
		bash -c "ulimit -f 0; exec ${export[*]} --$form grown"
done
[ -p pipe ] && [ -c /dev/full ] && [ ! -e grown ]
result $? 'the pipe is a pipe and the device a device'
check 74 'cannot write to standard output' bash -c './mse info >/dev/full'

# A million classes: everything that the end needs is there before the first step.
sed 's/units="1"/units="1000000"/; s/loss type="mse"/loss type="cross_entropy"/; s/"4"/"2"/' \
	small.xml >million.xml
check 0 parameters "$nncc" -O1 -o million million.xml
check 0 'weights in' ./million train --limit 4 --out million-run

# The memory of a training is what nncc said, within 3 %: the mark that the kernel keeps.
cat >wide.xml <<'EOF'
<network name="wide" version="1">
  <input features="1500"/>
  <layers><dense units="2000" activation="relu"/><dense units="2000"/><dense units="10"/></layers>
  <loss type="cross_entropy"/>
  <data format="synthetic"/>
  <train epochs="1" batch_size="16"><optimizer type="sgd" lr="0.01" momentum="0.9"/></train>
</network>
EOF
predicted=$("$nncc" -o wide wide.xml 2>&1 | sed -n 's/.* \([0-9.]*\) MB of memory.*/\1/p')
./wide train --out wide-run >wide-said 2>&1 &
while kill -0 $! 2>/dev/null; do
	now=$(sed -n 's/^VmHWM:[[:space:]]*\([0-9]*\) kB/\1/p' /proc/$!/status 2>/dev/null)
	most=${now:-${most-0}}
	sleep 0.002
done
wait $!
result $? "a training of wide.xml ends well" "$(cat wide-said)"
# 20 batches of a byte a value and 4 a label are data.
awk -v a="$predicted" -v b="${most:-0}" \
	'BEGIN { b = b * 1024e-6 - 320 * 1504e-6; exit !(a > 0 && b > 0.97 * a && b < 1.03 * a) }'
result $? "predicted $predicted MB, the kernel's mark is ${most:-0} kB"

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
