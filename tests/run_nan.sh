#!/usr/bin/env bash
# run_nan.sh: a NaN never passes without a word, whatever layer meets it first.
#
#     tests/run_nan.sh                 NNCC names another compiler than build/nncc
#
# One value of the input is NaN, in the middle of windows, at their ends and in their beginnings.
# A greatest value must become NaN with it at every level of optimisation, in every layout and for
# every width of a vector, so that the loss tells. Files that are too large to be looked at in
# advance must end the training too. Prints the failures and "N passed, N failed".
set -u
export LC_ALL=C
cd "$(dirname "$0")/.." || exit 1
nncc=$(realpath "${NNCC:-build/nncc}")
mkdir -p build/nan
work=$(mktemp -d "$PWD/build/nan/run-XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
passed=0 failed=0

# check EXIT PATTERN COMMAND...
check() {
	local want=$1 pattern=$2 said code
	shift 2
	said=$(timeout 120 "$@" 2>&1 </dev/null)
	code=$?
	if [ $code = "$want" ] && grep -qE -- "$pattern" <<<"$said"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf 'FAIL exit %s, got %s: %s\n%s\n' "$want" "$code" "${*/#$nncc/nncc}" \
			"$(head -5 <<<"$said")"
	fi
}

# network NAME LAYERS DATA: 2 x 6 x 6 values to 3 numbers.
network() {
	cat <<-END
	<network name="$1" version="1">
	<input channels="2" height="6" width="6"/>
	<layers>$2<dense units="3"/></layers>
	<loss type="mse"/>
	$3
	<train epochs="1" batch_size="4"><optimizer type="sgd" lr="0.001"/></train>
	</network>
	END
}

# floats COUNT PLACE BYTES: little-endian ones, and at that place what the bytes say.
floats() {
	local i
	for ((i = 0; i < $1; i++)); do
		if [ $i = "$2" ]; then
			printf '%b' "$3"
		else
			printf '\0\0\200\077'
		fi
	done
}

# batch PLACE: three images whose value PLACE (of 216) is -3e38, with their targets.
batch() {
	local head='{"x":{"dtype":"F32","shape":[3,2,6,6],"data_offsets":[0,864]},'
	head+='"y":{"dtype":"F32","shape":[3,3],"data_offsets":[864,900]}}'
	printf "\\x$(printf %x ${#head})\\0\\0\\0\\0\\0\\0\\0%s" "$head"
	floats 216 "$1" '\0231\0262\0141\0377'
	floats 9 -1
}

# array PLACE SHAPE COUNT BYTES: npy, with these bytes at that place.
array() {
	local head="{'descr': '<f4', 'fortran_order': False, 'shape': ($2), }"
	printf '\x93NUMPY\1\0\x76\0%-117s\n' "$head"
	floats "$3" "$1" "$4"
}

for place in -1 0 7 64 143 215; do
	batch $place >batch$place.safetensors
done
# x * x * relu(x) of -3e38 is infinity times 0.
nan='<dropout name="x" rate="0"/><activation name="r" type="relu"/><multiply name="s" from="x x"/>
	<multiply from="s r"/>'
v3=
grep -qs avx2 /proc/cpuinfo && v3=-march=x86-64-v3

# nan_through NAME LAYERS HOW...
nan_through() {
	local name=$1 how place
	network "$name" "$nan$2" '<data format="synthetic"/>' >"$name.xml"
	shift 2
	for how in "$@"; do
		check 0 parameters "$nncc" "$how" -o net "$name.xml"
		[ -d "$name" ] || check 0 '^$' ./net train -q --out "$name"
		set -- ./net step --weights "$name/last.safetensors" --out o --batch
		check 0 '^$' "$@" batch-1.safetensors --eval
		for place in 0 7 64 143 215; do
			check 80 'the loss is not finite in step 1' "$@" batch$place.safetensors
		done
	done
}
nan_through pool '<max_pool kernel_size="2"/>' -O0 -O2
nan_through wide '<max_pool kernel_size="3" stride="2" padding="1"/>' -O0 -O2 $v3 -march=generic
nan_through all '<global_max_pool/>' -O0 -O2 -flanes=channels
nan_through channels '<conv filters="16" kernel_size="1"/><activation type="relu6"/>
	<activation type="hard_swish"/><max_pool kernel_size="2"/><global_max_pool/>' \
	-O2 -flanes=channels $v3

# A file that is looked at before the training, and one that is only mapped.
data='<data format="npy"><training images="x.npy" labels="y.npy"/></data>'
network file '<max_pool kernel_size="2"/><dropout rate="0.9"/>' "$data" >file.xml
array 100 '12, 2, 6, 6' 864 '\0\0\0300\0177' >x.npy
array 7 '12, 3' 36 '\0\0\0\0100' >y.npy
"$nncc" -o file file.xml
check 65 'x.npy.*1.*: holds a NaN' ./file train -q --out one
NNCC_DATA_MEMORY=1k check 65 'x.npy.*1.*: holds a NaN' ./file train -q --out two
array 100 '12, 2, 6, 6' 864 '\0\0\0\0100' >x.npy
NNCC_DATA_MEMORY=1k check 0 '^$' ./file train -q --out three

echo "$passed passed, $failed failed"
[ $failed = 0 ]
