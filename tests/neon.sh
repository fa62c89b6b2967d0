#!/usr/bin/env bash
# neon.sh: what nncc emits for ARM's NEON computes the same as everywhere.
#
#     tests/neon.sh [NAME...]                 default: all of them
#
# Cross-compiled with Debian's gcc and run under qemu-user; the kernels once more with clang-19. One
# network is built whole by its own Makefile, the others take the runtime from it. Two optimizer
# steps on a full batch, one on a part of a batch and an evaluation must agree with the plain build
# in double on this machine (tests/net_diff.c), and one, two and three threads give the same bytes.
# The cases of tests/oracle are compared with PyTorch (tests/compare.c).
#
# qemu on x86 keeps the memory order of x86 and says nothing about times.
#
# zlib, libpng and libjpeg for arm64 are unpacked into build/neon/arm64, not installed.
# JOBS: how many at a time (2).
set -u
cd "$(dirname "$0")/.." || exit 1
# shellcheck source=tests/nets.sh
. tests/nets.sh
export PATIENCE=${PATIENCE:-600} # qemu is slow
me=tests/neon.sh out=build/neon compare=build/tests/compare
gcc=aarch64-linux-gnu-gcc clang="clang-19 --target=aarch64-linux-gnu"
arm=$PWD/$out/arm64/usr arm_library=$out/libnn.a
names=(lenet5 mlp winograd images depthwise random:301 random:302 random:303 random:304
	oracle:conv_depthwise oracle:conv_transpose_17_33 oracle:conv_transpose_stride3
	oracle:residual_project oracle:gelu)

# Debian's libraries for arm64, with package lists of our own, so that dpkg learns no architecture.
libraries() {
	local apt=(-qq -o APT::Architectures::=arm64 -o APT::Architectures::=amd64
		-o Dir::State::Lists="$PWD/$out/lists" -o APT::Sandbox::User=root)
	[ -e "$arm/include/jpeglib.h" ] && return
	rm -rf "$out/deb" && mkdir -p "$out/deb" "$out/lists/partial" "$out/new"
	apt-get "${apt[@]}" update &&
		(cd "$out/deb" && apt-get "${apt[@]}" download {zlib1g,libpng,libjpeg62-turbo}-dev:arm64) ||
		return
	for deb in "$out"/deb/*.deb; do
		dpkg -x "$deb" "$out/new" || return
	done
	find "$out/new" -name '*.so' -delete # what is left is linked statically
	rm -rf "$out/arm64" "$out/lists" && mv "$out/new" "$out/arm64"
}

# arm_make DIR CC ARGUMENT...
arm_make() {
	local dir=$1 cc=$2
	shift 2
	timeout 900 make -s -C "$dir" CC="$cc" "$@" \
		CFLAGS="-Wall -Wextra -Werror -I$arm/include -I$arm/include/aarch64-linux-gnu" \
		LDFLAGS="-fopenmp -L$arm/lib/aarch64-linux-gnu" 2>&1
}

# wrap FILE: FILE.arm becomes a command of this machine.
wrap() {
	printf '#!/bin/sh\nexec qemu-aarch64 -L /usr/aarch64-linux-gnu %s "$@"\n' "$1.arm" >"$1"
	chmod +x "$1"
}

# The whole of one network by its Makefile; its runtime serves the others.
runtime() {
	local dir=$out/whole.c
	"$nncc" -march=armv8-a -S -o "$dir" models/lenet5.xml 2>&1 || return
	arm_make "$dir" $gcc -j"${JOBS:-2}" lenet5 || return
	rm -f $arm_library
	ar rcs $arm_library "$dir"/runtime/*/*.o
	mv "$dir/lenet5" $out/whole.arm
	wrap $out/whole && $out/whole info >$out/whole.info
}

# cross DIR TAG CC OPTION...: DIR/net.xml for NEON, its kernels by CC.
cross() {
	local dir=$1 tag=$2 cc=$3 said net
	shift 3
	said=$("$nncc" -march=armv8-a "$@" -S -o "$dir/$tag.c" "$dir/net.xml" 2>&1) ||
		{ echo "nncc: $said"; return 1; }
	net=$(cd "$dir/$tag.c" && echo net*.c)
	# shellcheck disable=SC2086 # several words
	said=$(arm_make "$dir/$tag.c" "$gcc" model.o &&
		arm_make "$dir/$tag.c" "$cc" ${net//.c/.o} &&
		$gcc -fopenmp -L"$arm/lib/aarch64-linux-gnu" -Wl,--defsym=nn_plain=nn_fast \
			-o "$dir/$tag.arm" "$dir/$tag".c/{net*,model}.o $arm_library \
			-ljpeg -lpng -lz -lm 2>&1) || { echo "cc: $cc: $said"; return 1; }
	rm -rf "$dir/$tag.c"
	wrap "$dir/$tag"
}

# What ends a network.
trained() {
	cat <<-END
	<loss type="cross_entropy"/>
	<data format="synthetic"/>
	<train epochs="1" batch_size="6"><optimizer type="sgd" lr="0.1" momentum="0.9"/></train>
	</network>
	END
}

# A small residual network with batch_norm, whose 3x3 windows suit Winograd.
winograd() {
	cat <<-END
	<network name="winograd" version="1">
	<input channels="3" height="12" width="12"/>
	<layers>
		<conv filters="16" kernel_size="3" padding="1" bias="false"/><batch_norm/>
			<activation type="relu"/>
		<residual>
			<conv filters="16" kernel_size="3" padding="1" bias="false"/><batch_norm/>
			<activation type="relu"/>
			<conv filters="16" kernel_size="3" padding="1" bias="false"/><batch_norm/>
		</residual>
		<activation type="relu"/><global_avg_pool/><dense units="10"/>
	</layers>
	END
	trained
}

# Depthwise, strided and transposed convolutions.
depthwise() {
	cat <<-END
	<network name="depthwise" version="1">
	<input channels="3" height="10" width="11"/>
	<layers>
		<conv filters="16" kernel_size="3" padding="1" activation="relu"/>
		<depthwise_conv kernel_size="3" padding="1" stride="2" activation="relu"/>
		<conv filters="24" kernel_size="1" activation="tanh"/>
		<conv_transpose filters="5" kernel_size="3" stride="2" activation="sigmoid"/>
		<dense units="10"/>
	</layers>
	END
	trained
}

# three DIR TAG: the three results of one build.
three() {
	step "$1" "$2" "$2.full" 1 w b --steps 2 && step "$1" "$2" "$2.part" 1 w p &&
		step "$1" "$2" "$2.eval" 1 w p --eval
}

# agree DIR TAG...: with the plain build in double on this machine.
agree() {
	local dir=$1 tag kind threads said
	shift
	said=$("$gen" data 1 "$dir/net.xml" "$dir" 2>&1 && compile "$dir" ref -O1 -O0 -fdouble) ||
		{ echo "$said"; return 1; }
	three "$dir" ref && step "$dir" ref twin.full 1 w1 b1 --steps 2 &&
		step "$dir" ref twin.part 1 w1 p1 && step "$dir" ref twin.eval 1 w1 p1 --eval || return
	for tag; do
		three "$dir" "$tag" || return
		for kind in full part eval; do
			said=$("$diff" near "$dir"/{ref,twin}.$kind "$dir/$tag.$kind") ||
				{ echo "differs: $said"; return 1; }
		done
		for threads in 2 3; do
			step "$dir" "$tag" threads $threads w b --steps 2 || return
			cmp -s "$dir/threads" "$dir/$tag.full" ||
				{ echo "threads: $threads give other bytes than 1 of $tag"; return 1; }
		done
	done
}

# oracle DIR CASE TAG...: with PyTorch.
oracle() {
	local dir=$1 case=tests/oracle/$2 tag said
	shift 2
	cp "$case.w.safetensors" "$dir/w.safetensors"
	cp "$case.b.safetensors" "$dir/b.safetensors"
	for tag; do
		step "$dir" "$tag" out 2 w b || return
		said=$("$compare" "$case.o.safetensors" "$dir/out" 1e-4 2>&1) ||
			{ echo "differs: $tag: $said"; return 1; }
	done
}

one() {
	local name=$1 dir=$out/${1/:/-} options=() said
	rm -rf "$dir" && mkdir -p "$dir"
	case $name in
	winograd) winograd >"$dir/net.xml"; options=(-flanes=channels -fwinograd) ;;
	images) winograd >"$dir/net.xml"; options=(-flanes=images) ;;
	depthwise) depthwise >"$dir/net.xml" ;;
	random:*) "$gen" make "${name#*:}" >"$dir/net.xml" ;;
	oracle:*) cp "tests/oracle/${name#*:}.xml" "$dir/net.xml" ;;
	*) sed 's/batch_size="[0-9]*"/batch_size="18"/' "models/$name.xml" >"$dir/net.xml" ;;
	esac
	said=$(cross "$dir" gcc "$gcc" "${options[@]}" &&
		cross "$dir" clang "$clang" "${options[@]}") ||
		{ echo "$name: $(one_line "$said")"; return; }
	case $name in
	oracle:*) said=$(oracle "$dir" "${name#*:}" gcc clang) ;;
	*) said=$(agree "$dir" gcc clang) ;;
	esac || { echo "$name: $(one_line "$said")"; return; }
	rm -rf "$dir"
	echo "$name: ok"
}

if [ "${1-}" = --one ]; then
	one "$2"
	exit 0
fi
need "$nncc" "$gen" "$diff" "$compare" "$library"
mkdir -p "$out"
said=$(libraries 2>&1) && said=$(runtime 2>&1) || {
	echo "FAIL libraries and runtime for arm64: $(one_line "${said: -400}")"
	echo "0 passed, 1 failed"
	exit 1
}
[ $# -gt 0 ] || set -- "${names[@]}"
printf '%s\0' "$@" | xargs -0 -n 1 -P "${JOBS:-2}" "$me" --one >$out/log
grep -v ': ok$' $out/log | sed 's/^/FAIL /'
passed=$(grep -c ': ok$' $out/log)
echo "$passed passed, $(($# - passed)) failed"
[ "$passed" -eq $# ]
