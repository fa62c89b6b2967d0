#!/usr/bin/env bash
# run_bench.sh: the oneDNN program of bench/ computes what PyTorch computed.
#
#     tests/run_bench.sh [CASE...]          default: the cases below, one for each kind of layer,
#                                           loss and optimizer
#
# A peer that computes something else is no peer. Each case of tests/oracle goes through bench's
# program: loss, output, every gradient and every parameter after one step, and after five where
# there is a file for that, must agree to 1e-4 in the Euclidean norm. Then two cases that it must
# refuse with status 3. Nothing is timed.
set -u
export LC_ALL=C OMP_NUM_THREADS=2
cd "$(dirname "$0")/.." || exit 1
nncc=${NNCC:-build/nncc} compare=build/tests/compare peer=build/bench/onednn
[ -x "$nncc" ] && [ -x "$compare" ] && [ -x "$peer" ] || {
	echo "run_bench: needs $nncc, $compare and $peer: run 'make all $compare $peer' first" >&2
	echo "0 passed, 1 failed"
	exit 1
}
[ $# -gt 0 ] || set -- adagrad adam_weight_decay adamw_l1 add avg_pool_pad batch_norm_features \
	batch_norm_frozen batch_norm_plain bce_image bilinear_3 clip_adam concat concat_features \
	conv_17_33 conv_depthwise conv_dilation_stride2 conv_groups conv_pad_sides conv_same_stride2 \
	conv_transpose_17_33 conv_transpose_sides conv_transpose_stride3 depthwise_conv_same elu gelu \
	global_max_pool group_norm hard_sigmoid hard_swish huber label_smoothing layer_norm leaky_relu \
	lenet lion mae max_pool_overlap max_pool_same mse_image multiply_broadcast net_decoder \
	net_mobile net_resnet parallel_add relu6 reshape residual_nested rmsprop sgd_nesterov \
	shared_input silu softmax_mse softplus target_input upsample
scratch=$(mktemp -d) passed=0 failed=0
trap 'rm -rf "$scratch"' EXIT

run() {
	local case=tests/oracle/$1 steps=$2
	timeout 1800 "$peer" --graph "$scratch/graph" --weights "$case.w.safetensors" \
		--batch "$case.b.safetensors" --out "$scratch/out" --steps "$steps" \
		</dev/null 2>&1 >"$scratch/said"
}

# How many images the batch of a case has: the first number of x's shape.
images() {
	grep -aoE '"x":\{[^}]*"shape":\[[0-9]+' "tests/oracle/$1.b.safetensors" | grep -oE '[0-9]+$'
}

# One case and one file of results; prints nothing when they agree.
check() {
	local expected=$2 steps said
	steps=${expected#tests/oracle/"$1".o} steps=${steps%.safetensors}
	"$nncc" --batch-size "$(images "$1")" --emit-graph "tests/oracle/$1.xml" \
		>"$scratch/graph" || return
	said=$(run "$1" "${steps:-1}") || { echo "status $? $said"; return; }
	said=$("$compare" "$expected" "$scratch/out" 1e-4 2>&1) || echo "${said%%$'\n'*}"
}

count() {
	if [ -z "$2" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL $1: $2"
	fi
}

for name; do
	for expected in tests/oracle/"$name".o*.safetensors; do
		count "$expected" "$(check "$name" "$expected")"
	done
done

# What it cannot do it must not do.
refused() {
	local status
	sed "$2" tests/oracle/lenet.xml >"$scratch/net.xml"
	"$nncc" --emit-graph "$scratch/net.xml" >"$scratch/graph" || return
	run lenet 1 >/dev/null
	status=$?
	[ "$status" -eq 3 ] || echo "status $status instead of 3"
}
count "dropout" "$(refused dropout 's|<dense|<dropout rate="0.5"/>&|')"
count "class weights" "$(refused weights 's|type="cross_entropy"|& class_weights="balanced"|')"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
