#!/usr/bin/env bash
# run_threads.sh: threads never change a bit, and neither does stopping and going on.
#
#     tests/run_threads.sh
#
# The models and 8 random networks: 20 steps with 1, 2, 3, 4 and 7 threads leave the same file. A
# small network that trains on pictures: any number of threads gives the same weights; and 20
# trainings, stopped by SIGTERM or by SIGKILL at different moments and resumed with another number
# of threads, end with the weights of the one that was not stopped.
set -u
cd "$(dirname "$0")/.." || exit 1
# shellcheck source=tests/nets.sh
. tests/nets.sh
out=build/fuzz/threads
passed=0 failed=0

result() {
	if [ "$1" = 0 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf 'FAIL %s\n' "$2"
	fi
}

# same_steps NAME: the network in $out/NAME/net.xml.
same_steps() {
	local name=$1 dir=$out/$1 said threads
	said=$("$gen" data 1 "$dir/net.xml" "$dir" 2>&1 && compile "$dir" fast -O3 -O2 2>&1) ||
		{ result 1 "$name: $(one_line "$said")"; return; }
	for threads in 1 2 3 4 7; do
		said=$(step "$dir" fast "out.$threads" $threads w b --steps 20) ||
			{ result 1 "$name: $said"; return; }
	done
	[ "$(sha256sum "$dir"/out.? | cut -d' ' -f 1 | uniq | wc -l)" = 1 ]
	result $? "$name: the number of threads changes the result of 20 steps: see $dir/out.*"
}

network() {
	cat <<-END
	<network name="pictures" version="1">
	<input channels="1" height="12" width="12"/>
	<layers>
		<conv filters="6" kernel_size="3" padding="1" activation="relu"/>
		<max_pool kernel_size="2"/>
		<dropout rate="0.1"/><dense units="32" activation="tanh"/><dense units="10"/>
	</layers>
	<loss type="cross_entropy"/>
	<data format="idx" validation="0.1">
		<training images="images" labels="labels"/><test images="images" labels="labels"/>
	</data>
	<train epochs="$1" batch_size="7"><optimizer type="adam"/><schedule type="cosine"/></train>
	</network>
	END
}

# train RUN THREADS OPTION...: in the directory $out/pictures/RUN.
train() {
	local run=$1 threads=$2
	shift 2
	exec "$pictures/trainer" train --data "$pictures" --out "$pictures/$run" -j "$threads" \
		--progress none "$@" >>"$pictures/$run.log" 2>&1
}

hash_of() {
	sha256sum <"$pictures/$1/last.safetensors" 2>/dev/null | cut -d' ' -f 1
}

same_training() {
	local threads want
	for threads in 1 2 3 7; do
		(train "limit$threads" $threads --epochs 1 --limit 200)
		result $? "training with --limit 200 -j $threads: see $pictures/limit$threads.log"
	done
	want=$(hash_of limit1)
	for threads in 2 3 7; do
		[ -n "$want" ] && [ "$(hash_of limit$threads)" = "$want" ]
		result $? "training with $threads threads ends with other weights than with one"
	done
}

# stopped_after MILLISECONDS I SIGNAL: begins one training and stops it; its status is in code.
stopped_after() {
	local pid
	rm -rf "${pictures:?}/stop$2"
	(train "stop$2" $(($2 % 3 + 1))) &
	pid=$!
	sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))"
	kill -"$3" $pid 2>/dev/null
	wait $pid 2>/dev/null
	code=$?
}

# stopped I MILLISECONDS WANTED: stops one training I/20 of the way, or, where that one was quicker
# than the one that was measured, earlier; then resumes it.
stopped() {
	local i=$1 after=$(($2 * $1 / 20)) want=$3 signal=TERM code
	[ $((i % 3)) = 0 ] && signal=KILL
	stopped_after $after "$i" $signal
	while [ $code = 0 ] && [ $after -gt 0 ]; do
		after=$((after / 2))
		stopped_after $after "$i" $signal
	done
	[ $code = 143 ] || [ $code = 137 ]
	result $? "a training stopped by $signal ends with status $code: see $pictures/stop$i.log"
	(train "stop$i" $(((i + 1) % 3 + 1)) --resume) && [ "$(hash_of "stop$i")" = "$want" ]
	result $? "stopped by $signal after $after ms and resumed: other weights than without" \
		"stopping: see $pictures/stop$i"
}

same_after_stops() {
	local begin whole i
	begin=$(date +%s%3N)
	(train whole 2)
	result $? "training: see $pictures/whole.log"
	whole=$(($(date +%s%3N) - begin))
	for i in {0..19}; do
		stopped "$i" $whole "$(hash_of whole)"
	done
}

need "$nncc" "$gen" "$library"
rm -rf "$out"
for model in lenet5 mlp resnet20; do
	mkdir -p "$out/$model"
	sed 's/batch_size="128"/batch_size="50"/' models/$model.xml >"$out/$model/net.xml"
	same_steps $model
done
for seed in {201..208}; do
	mkdir -p "$out/$seed"
	"$gen" make "$seed" >"$out/$seed/net.xml"
	same_steps "$seed"
done
pictures=$out/pictures
mkdir -p "$pictures"
"$gen" idx 1 "$pictures" && network 6 >"$pictures/net.xml" &&
	"$nncc" -o "$pictures/trainer" "$pictures/net.xml" 2>"$pictures/nncc.log"
result $? "the pictures and their network: see $pictures/nncc.log"
same_training
same_after_stops
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && rm -rf "$out"
[ "$failed" -eq 0 ]
