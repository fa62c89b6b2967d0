#!/usr/bin/env bash
# run_dump.sh: what every pass leaves behind, as text.
#
#     tests/run_dump.sh                compares; NNCC names another compiler than build/nncc
#     tests/run_dump.sh bless [NAME..] takes what is printed now as what shall be printed
#
# tests/dump/NAME.LETTER is the expected output of `nncc -d LETTER NAME.xml`, for the machine and the
# number of threads fixed below. Shows the first difference of each text that has one. Read
# `git diff tests/dump` after blessing: every line of it is a change of what the compiler makes.
# Then every network is compiled to C twice, here and from another directory in another locale and
# time zone: the bytes must be the same. Ends with "N passed, N failed".
set -u
export LC_ALL=C
cd "$(dirname "$0")/.." || exit 1
root=$PWD
nncc=$(realpath "${NNCC:-build/nncc}")
mkdir -p build/dump
work=$(mktemp -d "$root/build/dump/run-XXXXXX")
trap 'rm -rf "$work"' EXIT
options=(-march=x86-64-v3 --threads 2)
passed=0 failed=0

result() {
	if [ "$1" = 0 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL $2"
	fi
	return "$1"
}

# The nests of k and s are long: four networks are enough of them.
letters_of() {
	case $1 in
	conv | dense | max_pool | winograd) echo x a e g r f l p k s ;;
	*) echo x a e g r f l p ;;
	esac
}

dump() {
	(cd tests/dump && "$nncc" "${options[@]}" -d "$2" "$1.xml")
}

# The texts of one network, against the expected ones.
compare() {
	local letter said
	for letter in $(letters_of "$1"); do
		dump "$1" "$letter" >"$work/found" 2>&1
		said=$?
		[ "$said" = 0 ] && cmp -s "tests/dump/$1.$letter" "$work/found"
		result $? "tests/dump/$1.$letter (nncc: status $said)" && continue
		diff -U 1 "tests/dump/$1.$letter" "$work/found" | sed -n '3,10p' | cut -c 1-160 | sed 's/^/     /'
	done
}

# Same XML, same C, wherever and whenever it is compiled.
same_bytes() {
	local name=$1 first=$work/$1.first elsewhere=$work/$1.elsewhere
	mkdir -p "$first" "$elsewhere/deeper"
	cp "tests/dump/$name.xml" "$first"
	cp "tests/dump/$name.xml" "$elsewhere/deeper"
	(cd "$first" && TZ=UTC "$nncc" "${options[@]}" -S "$name.xml") >"$work/said" 2>&1 &&
		(cd "$elsewhere/deeper" && LC_ALL=C.UTF-8 LANG=de_DE.UTF-8 TZ=Asia/Tokyo HOME=/ COLUMNS=40 \
			"$nncc" "${options[@]}" -S "$name.xml") >>"$work/said" 2>&1 &&
		diff -r "$first/$name.c.d" "$elsewhere/deeper/$name.c.d" >>"$work/said" 2>&1
	result $? "$name: the same network gives other C" || head -5 "$work/said"
}

if [ "${1-}" = bless ]; then
	shift
	[ $# -gt 0 ] || set -- tests/dump/*.xml
	for name; do
		name=$(basename "$name" .xml)
		for letter in $(letters_of "$name"); do
			dump "$name" "$letter" >"tests/dump/$name.$letter" || exit 1
		done
	done
	exit 0
fi
for xml in tests/dump/*.xml; do
	name=$(basename "$xml" .xml)
	compare "$name"
	same_bytes "$name"
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
