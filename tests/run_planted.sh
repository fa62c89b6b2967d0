#!/usr/bin/env bash
# run_planted.sh: would the tests notice? Each bug below is put into a copy of the compiler, alone,
# and one quick test must then fail.
#
#     tests/run_planted.sh [NAME...]       default: all of them; JOBS at a time (2)
#
# A bug is a line of `bugs`: name, file, sed expression, how it is caught. A bug that changes nothing
# (the line it was made for has changed) counts as a failure, and so does a test that ends in another
# way than by finding it. Copies are made under build/planted and use the objects of build/, so only
# the file with the bug is compiled again. Ends with "N passed, N failed"; what was not caught stays.
#
# Ways:  unit BINARY FILTER    tests of a Criterion binary fail
#        oracle CASE           a trainer departs from tests/oracle, or the verifier refuses the program
#        check XML             the trainer's `check` finds that fast and plain kernels disagree, or that
#                              the gradient is not the loss's; also in a network with many kinks
#        threads XML           `step` gives other bytes with four threads than with one
set -u
export LC_ALL=C
cd "$(dirname "$0")/.." || exit 1
root=$PWD out=$PWD/build/planted me=tests/run_planted.sh
objects="compiler/main compiler/nncc tests/test_dual tests/test_expr tests/test_plan tests/test_threads tests/compare"

bugs() {
	cat <<-'END'
	quotient_sign    rows/ops.h           s|"-g \* y / b"|"g * y / b"|                               unit test_dual dual/operators
	softmax_sign     rows/layers.c        s|(dy\[n,c,@\] - p\[n,@\])|(dy[n,c,@] + p[n,@])|            unit test_dual dual/networks_of_their_own
	lost_tap         lang/solve.c         s|(m->extent - m0 + step - 1) / step|(m->extent - m0) / step|  unit test_dual dual/networks_of_their_own
	lost_sign        lang/expr.c          s|expr_is(a, 0) ? expr_op(OP_NEG, b, NULL, NULL, NULL)|expr_is(a, 0) ? b|  unit test_expr expr/*
	early_update     opt/fuse.c           s/l->reads\[q->out->id\] <= k->id + 1/q->id >= 0/  unit test_dual dual/networks_of_their_own
	short_life       opt/plan.c           /expr_each(.*touch_read/d                                  unit test_plan plan/*
	lives_that_touch opt/plan.c           s/if (t->last < at.lo/if (t->last <= at.lo/    unit test_plan plan/*
	no_barrier       print/emit.c         s|barrier ? "nn_sync"|barrier ? "nn_pass"|                       threads tests/oracle/lenet.xml
	no_order         opt/barriers.c           s/k->sync = p->plain .. conflicts(&m, k);/k->sync = k->id < 0;/           unit test_threads threads/networks_of_test_dual
	last_maximum     lower/point.c        s/name, acc, vector ? as_vector(here) : here, at)/acc, name, at, vector ? as_vector(here) : here)/  oracle max_pool_ties
	short_clip       lower/fold.c         s|base, by, val_int(o->extent)|base, by, val_int(o->extent - 1)|  oracle conv_pad
	live_dead_lanes  lower/point.c        s|if (t->zero_dead |if (t->zero_dead < 0 |                  oracle partial_dense
	long_clean_range sched/sched.c        s/low < 0 || high >= extent/low < 0 || high > extent/      check tests/planted/edges.xml
	mask_of_one_lane lower/expr.c         s|affine_coef(&x->index\[0\], lane)|2 * &|         check tests/dual/dropout.xml
	range_near_kinks sched/sched.c        s/low < 0 || high >= extent/low < 0 || high > extent/      check tests/planted/kinks.xml
	kink_out_of_place rows/ops.h           s|"ifgt(y, a, g, 0)"|"ifgt(y, a + 0.001, g, 0)"|            check tests/planted/kinks.xml
	lag_of_window    opt/winograd.c       s|at\[2 + d\].c -= lag\[d\]|at[2 + d].c -= lag[0] + d|       check tests/planted/winograd.xml
	flipped_window   opt/winograd.c       s|affine_add(affine(WINDOW - 1), tap, -1)|tap|         check tests/planted/winograd.xml
	tiles_of_two     opt/winograd.c       s|{0, -1, 1, 0}, {0, 1, 0, -1}|{0, 1, 1, 0}, {0, 1, 0, -1}|  check tests/planted/winograd_small.xml
	last_addend      lower/point.c        s|NODE_ADD, sum_name(i)|NODE_SET, sum_name(i)|                           check tests/planted/sums.xml
	rows_of_a_part   lower/matrix.c       s|q->matrix->value\[(ptrdiff_t)i \* high\]|q->matrix->value[i]|  check tests/planted/winograd.xml
	taps_of_a_phase  opt/lanes.c          s/some ? affine_subst(\*x, tap, to\[d\]) : to\[d\]/to[d]/  check tests/planted/strides.xml
	rows_in_one_piece sched/merge.c        s|t->mem\[d + 1\] == m->inner->extent|t->mem[d] > 0|           check tests/planted/pointwise.xml
	owner_of_sums    opt/fuse.c           s|k->shared = i;|k->shared = 3;|                         unit test_threads threads/networks_of_test_dual
	wrong_padding    rows/layers.c        s|j\*sw+s\*dw-pl\]"|j*sw+s*dw-pt]"|                         oracle conv_pad_sides
	nesterov_sign    rows/layers.c        s|(d\[...\] + momentum|(d[...] - momentum|                  oracle sgd_nesterov
	END
}

die() {
	echo "broken: $*"
	exit 1
}

# ---- ways to catch; each prints "caught" or why not ----------------------------------------------

unit() {
	local said
	make -s "build/tests/$1" >make.log 2>&1 || die "$1 is not built: $(tail -1 make.log)"
	said=$(timeout 1800 "build/tests/$1" --filter "$2" 2>&1 | sed 's/\x1b\[[0-9;]*m//g' | tail -1)
	[[ $said =~ Tested:\ [1-9] ]] || die "$1 $2 says '$said'"
	[[ $said =~ Failing:\ [1-9] ]] && echo caught || echo "$1 $2 passes"
}

# The trainer of a network; the verifier may refuse it first.
trainer() {
	local status
	make -s build/nncc >make.log 2>&1 || die "nncc is not built: $(tail -1 make.log)"
	build/nncc -o trainer "$1" >nncc.log 2>&1
	status=$?
	[ $status = 70 ] && echo caught && exit 0
	[ $status = 0 ] || die "nncc: status $status $(head -1 nncc.log)"
}

step() {
	timeout 1800 ./trainer step --weights "${1%.xml}.w.safetensors" --batch "${1%.xml}.b.safetensors" \
		--out "$2" -j "$3" >step.log 2>&1 || die "step: status $? $(head -1 step.log)"
}

oracle() {
	local case=tests/oracle/$1
	trainer "$case.xml"
	step "$case.xml" found 1
	build/tests/compare "$case.o.safetensors" found 1e-4 >compare.log 2>&1
	case $? in
	0) echo "$1 agrees" ;;
	1) echo caught ;;
	*) die "compare: $(head -1 compare.log)" ;;
	esac
}

check() {
	trainer "$1"
	timeout 1800 ./trainer check >check.log 2>&1
	case $? in
	0) echo "check passes" ;;
	1) echo caught ;;
	*) die "check: $(tail -1 check.log)" ;;
	esac
}

# Ten times: threads that do not wait for each other may be lucky.
threads() {
	trainer "$1"
	step "$1" one 1
	for _ in {1..10}; do
		step "$1" four 4
		cmp -s one four || { echo caught; return; }
	done
	echo "the same bytes ten times"
}

# ---- one bug -------------------------------------------------------------------------------------

# A copy of the tree whose objects are up to date; ops.h stands in everything, but only grad.c reads
# derivatives.
plant() {
	local dir=$out/$1 file=compiler/$2 change=$3
	rm -rf "$dir" && mkdir -p "$dir/build/tests" || exit 1
	cp -rp compiler runtime tests Makefile "$dir"
	cp -rp build/compiler "$dir/build"
	cp -p build/nncc "$dir/build"
	cp -p build/tests/{test_dual,test_expr,test_plan,test_threads,compare}{,.o,.d} "$dir/build/tests"
	cd "$dir" || exit 1
	sed -i "$change" "$file"
	cmp -s "$file" "$root/$file" && die "the line that it changes is gone"
	if [ "$2" = rows/ops.h ]; then
		touch -r "$root/$file" "$file"
		touch compiler/lang/grad.c
	fi
}

if [ "${1-}" = --one ]; then
	read -r name file rest <<<"$(bugs | grep "^$2 ")"
	change=${rest%%  *} how=${rest##*  }
	[ -n "$name" ] || die "no such bug"
	plant "$name" "$file" "$change" && $how
	exit 0
fi

for object in $objects; do
	[ -e "build/$object.o" ] || [ -e "build/$object.a" ] || {
		echo "run_planted: build/$object.o is missing: run 'make all' and build the tests first" >&2
		echo "0 passed, 1 failed"
		exit 1
	}
done
[ $# -gt 0 ] || mapfile -t names < <(bugs | cut -d ' ' -f 1)
[ $# -gt 0 ] && names=("$@")
passed=0 failed=0
mkdir -p "$out"
# shellcheck disable=SC2016 # expanded by the inner shell
printf '%s\0' "${names[@]}" |
	xargs -0 -n 1 -P "${JOBS:-2}" sh -c 'echo "$2 $("$1" --one "$2" 2>&1 | tail -1)"' sh "$me" >"$out/log"
while read -r name said; do
	if [ "$said" = caught ]; then
		passed=$((passed + 1))
		rm -rf "${out:?}/$name"
	else
		failed=$((failed + 1))
		echo "FAIL $name: $said"
	fi
done <"$out/log"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
