#!/usr/bin/env bash
# run_rounding.sh: long sums lose few digits.
#
#     tests/run_rounding.sh
#
# The variance of 262,144 numbers a channel, and a gradient that sums as many: each build in float
# against the plain one in double. Added one after the other they are off by 8e-7 (two vectors of
# eight partial sums) to 6e-5 (one number at a time), in rows by a tenth of that and less
# (compiler/emit_fold.c). The comparison with PyTorch allows 1e-4 a tensor and would not notice,
# but what normalisation loses here moves the relus of every layer behind it.
set -u
cd "$(dirname "$0")/.." || exit 1
# shellcheck source=tests/nets.sh
. tests/nets.sh
compare=build/tests/compare out=build/fuzz/rounding
need "$nncc" "$gen" "$compare" "$library"
rm -rf $out && mkdir -p $out
cat >$out/net.xml <<'END'
<network name="rounding" version="1">
  <input channels="16" height="128" width="128"/>
  <layers><batch_norm name="norm" momentum="1"/></layers>
  <loss type="mse"/>
  <data format="synthetic"/>
  <train epochs="1" batch_size="16"><optimizer type="sgd" lr="0"/></train>
</network>
END
passed=0 failed=0

# check OPTION TOLERANCE: this build against the reference.
check() {
	compile $out fast -O2 "$1" && step $out fast got.safetensors 2 w b &&
		"$compare" $out/{want,got}.safetensors "$2" norm.running_var grad.norm.weight 2>&1
}

said=$("$gen" data 1 $out/net.xml $out 2>&1 && compile $out ref -O1 -O0 -fdouble &&
	step $out ref want.safetensors 2 w b) ||
	echo "FAIL reference: $(one_line "$said")"
for build in "-O0 2e-6" "-fno-simd 2e-6" "-flanes=images 4e-7" "-flanes=channels 4e-7"; do
	# shellcheck disable=SC2086 # two words
	if said=$(check $build); then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL $build: $(one_line "$said")"
	fi
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
