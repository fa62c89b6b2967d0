# nets.sh: what the runners of whole networks share; they source it in the repository's directory.
#
# A network lives in a directory of its own: net.xml, data (tests/net_gen.c says which), and for each
# build TAG its sources TAG.c and its trainer TAG. Functions print what went wrong, its kind first
# ("nncc", "cc", "step"), and return 1. Times are there to end what hangs; a busy machine has room.
# shellcheck shell=bash
export LC_ALL=C
export nncc=${NNCC:-build/nncc} gen=${NET_GEN:-build/tests/net_gen}
export diff=${NET_DIFF:-build/tests/net_diff} library=build/runtime/libnn.a

# compile DIR TAG LEVEL OPTION...: nncc with these options, then the C compiler. The kernels are
# compiled at LEVEL. The plain program, which only `check` runs, is compiled at PLAIN; without
# PLAIN the kernels stand in its place. Warnings are errors. OBJECTS: a directory that keeps the
# objects of plain programs, because most options leave these as they are.
compile() {
	local dir=$1 tag=$2 level=$3 said net plain="" kept="" instead=-Wl,--defsym=nn_plain=nn_fast
	shift 3
	said=$(timeout 1800 "$nncc" "$@" -S -o "$dir/$tag.c" "$dir/net.xml" 2>&1) ||
		{ echo "nncc: status $? with $*: $said"; return 1; }
	net=$(cd "$dir/$tag.c" && echo net*.c)
	[ -z "${PLAIN-}" ] || { plain=$(cd "$dir/$tag.c" && echo plain*.c); instead=; }
	[ -z "$plain" ] || [ -z "${OBJECTS-}" ] || {
		kept=$OBJECTS/$(cd "$dir/$tag.c" && { echo "$PLAIN"; grep ^MARCH Makefile; cat plain*.c; } |
			sha256sum | cut -c 1-64)
		[ ! -d "$kept" ] || cp "$kept"/*.o "$dir/$tag.c"
	}
	# shellcheck disable=SC2086 # several words
	said=$(timeout 1800 make -s -C "$dir/$tag.c" CC=clang-19 LEVEL="${PLAIN:--O0}" \
			${plain//.c/.o} model.o 2>&1 &&
		timeout 1800 make -s -C "$dir/$tag.c" CC=clang-19 LEVEL="$level" ${net//.c/.o} 2>&1 &&
		clang-19 -fopenmp -Wl,--as-needed -o "$dir/$tag" \
			"$dir/$tag".c/{net*,model}.o ${plain:+"$dir/$tag".c/plain*.o} $instead \
			"$library" -lpng -lz -lm 2>&1) ||
		{ echo "cc: status $? with $*: $said"; return 1; }
	[ -z "$kept" ] || [ -d "$kept" ] || {
		mkdir "$dir/$tag.c/kept" && cp "$dir/$tag.c"/plain*.o "$dir/$tag.c/kept"
		mv -T "$dir/$tag.c/kept" "$kept" 2>/dev/null # or a neighbour was first
	}
	rm -rf "$dir/$tag.c"
}

# step DIR TAG OUT THREADS WEIGHTS BATCH OPTION...: a run of the trainer; OUT and the others are
# names in DIR. PATIENCE: seconds for it (1800).
step() {
	local dir=$1 tag=$2 out=$3 threads=$4 weights=$5 batch=$6 said
	shift 6
	said=$(timeout "${PATIENCE:-1800}" "$dir/$tag" step -j "$threads" \
		--weights "$dir/$weights.safetensors" \
		--batch "$dir/$batch.safetensors" --out "$dir/$out" "$@" 2>&1) ||
		{ echo "step: status $? of $tag -j $threads $*: ${said%%$'\n'*}"; return 1; }
}

# one_line TEXT
one_line() {
	local text=${1//$'\n'/; }
	echo "${text:0:400}"
}

# need FILE...: what `make` has to make first.
need() {
	local file
	for file; do
		[ -e "$file" ] && continue
		echo "$0: needs $file: run 'make all $file' first" >&2
		echo "0 passed, 1 failed"
		exit 1
	done
}
