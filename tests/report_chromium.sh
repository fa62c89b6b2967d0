#!/usr/bin/env bash
# report_chromium.sh: the report of tests/run_report.sh in a real browser, without a window.
#
# `make test-report` runs both. Debian's chromium is too large a package for `make test`, which reads
# the page with xmllint. A few lines of script are added to a copy of the page and tell in its title
# what a reader would find: is the panel of a cell open and focused, is the page as wide as a phone.
set -u
export LC_ALL=C
cd "$(dirname "$0")/.." || exit 1
page=build/report/few/report.html
passed=0 failed=0
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
[ -n "$browser" ] || { echo "report_chromium: install Debian's package chromium" >&2; exit 1; }
[ -s "$page" ] || { echo "report_chromium: tests/run_report.sh makes the page, run it first" >&2; exit 1; }

chrome() {
	"$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars \
		--host-resolver-rules='MAP * ~NOTFOUND' --virtual-time-budget=2000 "$@" 2>/dev/null
}

# check NAME WANTED FOUND
check() {
	if [ "$2" = "$3" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf 'FAIL %s: wanted %s, found %s\n' "$1" "$2" "$3"
	fi
}

# ask SCRIPT FRAGMENT [OPTION]: the title that the script leaves, which runs when all is loaded.
ask() {
	{ cat "$page"; printf '<script>addEventListener("load", function () { setTimeout(function () {
		document.title = "[" + (%s) + "]"; }, 200); });</script>\n' "$1"; } >build/report/asked.html
	chrome --dump-dom "${@:3}" "file://$PWD/build/report/asked.html$2" |
		grep -o '<title>\[[^]]*\]' | head -n 1 | sed 's/<title>//'
}

cell=$(grep -o 'href="#c[0-9]*-[0-9]*"' "$page" | head -n 1 | cut -d'"' -f2)
shown='getComputedStyle(document.querySelector(location.hash || ".panel")).display'
check 'a panel is closed' '[none]' "$(ask "$shown" '')"
check 'its link opens it' '[block]' "$(ask "$shown" "$cell")"
check 'and gives it the focus' "[${cell#\#}]" "$(ask 'document.activeElement.id' "$cell")"
check 'Escape closes it' '[#confusion]' "$(ask '(document.dispatchEvent(new KeyboardEvent("keydown",
	{key: "Escape", bubbles: true})), location.hash)' "$cell")"
check 'every picture loads' '[0]' "$(ask '[].filter.call(document.images, function (i) {
	return !i.naturalWidth; }).length' '')"
check 'nothing is wider than a phone' '[true]' \
	"$(ask 'document.documentElement.scrollWidth <= innerWidth' '' --window-size=500,900)"
check 'dark when the reader wants it' '[rgb(20, 22, 26)]' \
	"$(ask 'getComputedStyle(document.body).backgroundColor' '' --blink-settings=preferredColorScheme=0)"
chrome --print-to-pdf=build/report/report.pdf "file://$PWD/$page"
check 'it prints' '%PDF' "$(head -c 4 build/report/report.pdf)"

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
