#!/usr/bin/env bash
# run_wide.sh: networks that have much of something: inputs of a join, readers of a tensor,
# dropouts, layers, parameters, changes of images.
#
#     tests/run_wide.sh              NNCC names another compiler than build/nncc
#
# What a network has many of must compile and be right (`check` compares with the plain program);
# the work of nncc must grow as the network does: what would take minutes if it grew with the
# square has a limit of processor time far above what it needs. What would take minutes in any case
# is refused before it is compiled, and where memory ends nncc says so. Prints the failures and
# "N passed, N failed".
set -u
export LC_ALL=C
cd "$(dirname "$0")/.." || exit 1
nncc=$(realpath "${NNCC:-build/nncc}")
mkdir -p build/wide
work=$(mktemp -d "$PWD/build/wide/run-XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
passed=0 failed=0

result() {
	if [ "$1" = 0 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf 'FAIL %s\n' "$2"
		[ -z "${3-}" ] || printf '%s\n' "$3" | tail -5 | sed 's/^/     /'
	fi
}

# times N TEXT: the text N times; @ in it is the number.
times() {
	for ((i = 1; i <= $1; i++)); do
		printf '%s\n' "${2//@/$i}"
	done
}

# network NAME INPUT LAYERS [PARAMS [TRAIN]] > NAME.xml
network() {
	cat >"$1.xml" <<-END
	<network name="$1">
	${4-}
	<input $2/>
	<layers>
	$3
	<dense units="3"/>
	</layers>
	<loss type="cross_entropy"/>
	<data format="synthetic"/>
	<train epochs="1" batch_size="4"><optimizer type="sgd" lr="0.1"/>${5-}</train>
	</network>
	END
}

# right NAME: compiles, and its trainer agrees with the plain program.
right() {
	local said
	said=$("$nncc" -O1 -o "$1" "$1.xml" 2>&1 && "./$1" check 2>&1)
	result $? "$1 compiles and checks" "$said"
}

# soon NAME SECONDS: nncc alone writes the C within so much processor time.
soon() {
	local said
	said=$(ulimit -t "$2" && "$nncc" -S -march=x86-64-v3 -o "$1.d" "$1.xml" 2>&1)
	result $? "$1 is compiled in $2 s" "$said"
}

# refused NAME SECONDS TEXT OPTION...: nncc ends with 1 and TEXT within so much processor time.
refused() {
	local said code
	said=$(ulimit -t "$2" && "$nncc" "${@:4}" -march=x86-64-v3 "$1.xml" 2>&1)
	code=$?
	[ "$code" = 1 ] && [[ $said == *"$3"* ]]
	result $? "$1 is refused in $2 s (exit $code)" "$said"
}

picture='channels="2" height="2" width="2"'
path='<path><conv filters="2" kernel_size="1"/></path>'
point='<path><global_avg_pool/></path>'
for join in concat add multiply; do
	network "${join}40" "$picture" "<parallel join=\"$join\">$(times 40 "$path")</parallel>"
	right "${join}40"
done
network points "$picture" "<parallel join=\"multiply\"><path/>$(times 30 "$path$point")</parallel>"
right points
network dropouts 'features="6"' "$(times 20 '<dropout rate="0.1"/>')"
right dropouts
network readers 'features="6"' "<dense name=\"a\" units=\"4\"/>
	$(times 70 '<dense name="d@" from="a" units="2"/>')
	<concat from=\"$(times 70 'd@')\"/>"
right readers
network phases 'channels="1" height="3" width="3"' \
	'<conv_transpose filters="2" kernel_size="9" stride="9"/>'
right phases

network many "$picture" '' "$(times 300 '<param name="p@" value="@"/>')" \
	"<schedule type=\"step\" milestones=\"$(times 100 '@,' | tr -d '\n')101\"/>
	<augment>$(times 40 '<random_flip p="{p1 - 0.5}"/>')
	<random_flip p=\"{0.01$(printf '+0.001%.0s' {1..100})}\"/></augment>"
said=$("$nncc" -O1 -o many many.xml 2>&1 && ./many train --dry-run --set p300=7 2>&1)
result $? "many parameters, milestones and changes of images run" "$said"

network deep "$picture" \
	'<repeat times="3000"><conv filters="2" kernel_size="1" activation="relu"/></repeat>'
soon deep 120
network fan "$picture" "<parallel join=\"multiply\">$(times 1000 "$path")</parallel>"
soon fan 60
network nothing 'features="6"' '<repeat times="5000"><dropout rate="0.1"/></repeat>'
soon nothing 60

# The last of 12,000 layers is dense: one more, wherever it comes from, is one too many.
act='<activation type="relu"/>'
link='<conv filters="2" kernel_size="1" activation="relu"/>'
chain="<repeat times=\"3999\">$link<dropout rate=\"0.1\"/></repeat>$act$act"
beyond='compiles at most 12000: this is the first too many. Repeat less often'
network most "$picture" "$chain"
said=$("$nncc" -fsyntax-only most.xml 2>&1)
result $? '12,000 layers are accepted' "$said"
network one_more "$picture" "$chain
	$act"
for option in -S -fsyntax-only -O3; do
	refused one_more 30 'one_more.xml:7:1: error: the network has 12001 layers' "$option"
done
network repeated "$picture" "<repeat times=\"49999\">$link</repeat>"
refused repeated 30 "repeated.xml:5:23: error: the network has 99999 layers" -S
refused repeated 30 "$beyond" -S
said=$("$nncc" --summary repeated.xml 2>&1)
[[ $said == *$'\nrepeat1.49998.conv1 '* ]]
result $? 'what is not compiled is still summed up' "$said"
network written "$picture" "$(times 12100 "$act")"
refused written 30 'written.xml:12005:1: error: the network has 12101 layers' -S

for room in 100000 150000 250000; do
	(ulimit -v "$room" && "$nncc" -S -march=x86-64-v3 -o short.d deep.xml) >short.txt 2>&1
	[ $? = 1 ] && grep -q 'error: out of memory.*fewer layers' short.txt
	result $? "$room kB for 6,002 layers end in a message" "$(cat short.txt)"
done

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
