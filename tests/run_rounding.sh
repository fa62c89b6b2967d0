#!/usr/bin/env bash
# run_rounding.sh: float loses few digits where formulas or orders differ in that.
#
#     tests/run_rounding.sh
#
# Each build in float against the plain one in double. The comparisons with PyTorch allow 1e-4 a
# tensor and would not notice what is looked for here:
# - sums: variances of 262,144 numbers, and gradients that sum as many. Added one after the other
#   they are off by 8e-7 (two vectors of eight sums) to 6e-5 (one number at a time), in rows by a
#   tenth of that and less (compiler/lower/fold.c). What normalisation loses moves every relu
#   behind it.
# - logits: whole numbers around 100, some equal. log(sum(exp)) of them is rounded as 100 is, the
#   logarithm of the sum less their maximum as a number of about 1, and so are the probabilities.
set -u
cd "$(dirname "$0")/.." || exit 1
# shellcheck source=tests/nets.sh
. tests/nets.sh
compare=build/tests/compare out=build/fuzz/rounding
need "$nncc" "$gen" "$compare" "$library"
rm -rf $out && mkdir -p $out/sums $out/logits
passed=0 failed=0

# network NAME CHANNELS SIDE BATCH LOSS LAYERS
network() {
	cat >"$out/$1/net.xml" <<-END
	<network name="$1" version="1">
	  <input channels="$2" height="$3" width="$3"/>
	  <layers>$6</layers>
	  <loss type="$5"/>
	  <data format="synthetic"/>
	  <train epochs="1" batch_size="$4"><optimizer type="sgd" lr="0"/></train>
	</network>
	END
}

# reference NAME DATA: what the plain build in double finds
reference() {
	"$gen" "$2" 1 "$out/$1/net.xml" "$out/$1" 2>&1 && compile "$out/$1" ref -O1 -O0 -fdouble &&
		step "$out/$1" ref want.safetensors 2 w b
}

# agrees NAME OPTION TOLERANCE TENSOR...
agrees() {
	local dir=$out/$1
	compile "$dir" fast -O2 "$2" && step "$dir" fast got.safetensors 2 w b &&
		"$compare" "$dir"/{want,got}.safetensors "${@:3}" 2>&1
}

# check COMMAND...
check() {
	local said
	if said=$("$@"); then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL $*: $(one_line "$said")"
	fi
}

network sums 16 128 16 mse '<batch_norm name="norm" momentum="1"/>'
check reference sums data
check agrees sums -O0 2e-6 norm.running_var grad.norm.weight
check agrees sums -fno-simd 2e-6 norm.running_var grad.norm.weight
check agrees sums -flanes=images 4e-7 norm.running_var grad.norm.weight
check agrees sums -flanes=channels 4e-7 norm.running_var grad.norm.weight

network logits 400 1 64 cross_entropy '<dense name="a" units="10"/><add name="b" from="a a"/>
	<add name="c" from="b b"/><add name="d" from="c c"/><add from="d d"/>'
check reference logits whole
check agrees logits -O0 1.5e-7 grad.a.weight grad.a.bias
check agrees logits -O2 1.5e-7 grad.a.weight grad.a.bias
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
