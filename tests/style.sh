#!/usr/bin/env bash
# style.sh: prints what breaks the rules of style; prints nothing when all is well.
#
#     tests/style.sh [FILE...]       default: every C file of compiler, runtime, bench and tests
set -u
export LC_ALL=C
cd "$(dirname "$0")/.." || exit 1
if [ $# -gt 0 ]; then sources=("$@"); else
	mapfile -t sources < <(ls {compiler,runtime}/{,*/}*.[ch] {bench,tests}/*.[ch] 2>/dev/null)
fi
[ ${#sources[@]} -gt 0 ] || exit 0

rules() {
	# Lines and functions. A function's body stands between braces in the first column.
	awk '
	FNR == 1 { inside = 0 }
	{
		text = $0
		while ((at = index(text, "\t")) > 0)
			text = substr(text, 1, at - 1) sprintf("%*s", 8 - (at - 1) % 8, "") \
				substr(text, at + 1)
		gsub(/[\200-\277]/, "", text)
		if (length(text) > 100) print FILENAME ":" FNR ": " length(text) " columns; up to 100"
	}
	FNR == 601 { print FILENAME ":601: a file has up to 600 lines" }
	/[ \t]$/ { print FILENAME ":" FNR ": blanks at the end of the line" }
	/ \t/ { print FILENAME ":" FNR ": a tab after a blank" }
	/^{/ { inside = FNR }
	/^}/ && inside {
		if (FNR - inside - 1 > 60)
			print FILENAME ":" inside ": a body of " FNR - inside - 1 " lines; up to 60"
		inside = 0
	}' "${sources[@]}"
	grep -nE '^[[:space:]]*#[[:space:]]*(if|ifdef|ifndef|elif)\b' compiler/{,*/}*.c 2>/dev/null |
		sed 's/$/   <- no conditional compilation in compiler\//'
	grep -nE '^[[:space:]]*#[[:space:]]*(if|ifdef|ifndef|elif)\b' compiler/{,*/}*.h 2>/dev/null |
		grep -vE '#ifndef [A-Z0-9_]+_H$' | sed 's/$/   <- no conditional compilation in compiler\//'
	grep -lwiE 'conv|relu|max_pool|softmax' compiler/{,*/}*.[ch] 2>/dev/null |
		grep -vx compiler/rows/layers.c | sed 's/$/: names a layer; only layers.c may/'
	# Written so that this file does not find itself.
	git grep -nIE 'TOD[O]|FIXM[E]|\bXX[X]\b' -- . ':!LICENSE' | sed 's/$/   <- open end/'
	git grep -nIE '(^|[^a-zA-Z0-9.])/(work|root|home)[/]' | sed 's/$/   <- path of a machine/'
}

# Rooms stack: an include goes to the same folder or to one further down in its line here.
rooms() {
	local top order
	for top in compiler runtime; do
		case $top in
		compiler) order="driver print lower sched opt lang front rows base" ;;
		runtime) order="verbs train report run data net file kernel base" ;;
		esac
		grep -oHE '^#include "[^"]+"' $top/*/*.[ch] 2>/dev/null |
			awk -v top=$top -v order="$order" '
			BEGIN { n = split(order, name, " "); for (i = 1; i <= n; i++) floor[name[i]] = i }
			{
				split($0, part, "/")
				from = part[2]
				to = $0
				if (!(from in floor)) print $0 ": a folder that tests/style.sh does not know"
				if (to !~ /include "\.\.\/[a-z]+\//) next
				sub(/.*include "\.\.\//, "", to)
				sub(/\/.*/, "", to)
				if (!(to in floor) || floor[to] < floor[from])
					print $0 ": from " from " up to " to
			}'
	done
}

# Headers are tables of fields and functions, laid out by hand: only their columns are checked.
format() {
	for file in "${sources[@]}"; do
		[[ $file == *.c ]] || continue
		lines=$(clang-format-19 "$file" | diff "$file" - | grep -c '^<')
		[ "$lines" -eq 0 ] || echo "$file: clang-format-19 -i would change $lines lines"
	done
}

# A header is checked through the files that include it.
tidy() {
	printf '%s\0' "${sources[@]}" | grep -z '\.c$' | xargs -0 -r -n 4 -P 2 sh -c '
		flags="-std=c17 -D_GNU_SOURCE -fopenmp $(pkg-config --cflags libxml-2.0)
			-DNNCC_RUNTIME=\"\" -DNNCC_LIBRARY=\"\""
		clang-tidy-19 --quiet "$@" -- $flags 2>/dev/null | grep -E "(error|warning):"' tidy |
		sort -u
}

found=$(rules; rooms; format; tidy)
[ -z "$found" ] && exit 0
sed "s|$PWD/||" <<<"$found"
exit 1
