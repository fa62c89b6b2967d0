#!/usr/bin/env bash
# run_report.sh: trainings that go wrong on purpose, what the diagnosis says of each, and the report.
#
# A small network on Fashion-MNIST, trained for real: on shuffled labels, on 200 images, with one
# neuron a layer, with a rate of 100. Then the page: that it needs no other file, that its links,
# tables and pictures are whole (xmllint reads it), that names from the XML cannot become HTML.
set -u
export LC_ALL=C OMP_NUM_THREADS=1
cd "$(dirname "$0")/.." || exit 1
root=$PWD nncc=$PWD/build/nncc data=/usr/share/datasets/fashion-mnist
passed=0 failed=0
rm -rf build/report && mkdir -p build/report && cd build/report || exit 1

# result STATUS NAME [OUTPUT]
result() {
	if [ "$1" -eq 0 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf 'FAIL %s\n%s\n' "$2" "${3:-}"
	fi
}

# check STATUS PATTERN COMMAND...: its exit status and what it prints, both streams together.
check() {
	local wanted=$1 pattern=$2 said status
	shift 2
	said=$("$@" 2>&1)
	status=$?
	[ "$status" -eq "$wanted" ] && grep -qE -- "$pattern" <<<"$said"
	result $? "$* (exit $status, wanted $wanted and '$pattern')" "$said"
}

# The labels of FILE, shuffled: the head stays, the bytes after it are permuted.
shuffle_labels() {
	gunzip -c "$1" | head -c 8
	gunzip -c "$1" | tail -c +9 | od -An -v -tu1 -w1 |
		shuf --random-source=<(yes) | awk '{ printf "%c", $1 }'
}

mkdir shuffled
for part in train-images-idx3 t10k-images-idx3 t10k-labels-idx1; do
	ln -s "$data/$part-ubyte.gz" shuffled
done
shuffle_labels "$data/train-labels-idx1-ubyte.gz" >shuffled/train-labels-idx1-ubyte

cat >net.xml <<END
<network name="small" version="1">
<param name="width" value="32"/><param name="human" value="0"/><param name="lr" value="0.05"/>
<input channels="1" height="28" width="28"><normalize mean="0.2860" std="0.3530"/></input>
<layers><dense units="{width}" activation="relu"/><dense units="10"/></layers>
<loss type="cross_entropy"/>
<data format="idx" root="$data" validation="0.02">
<training images="train-images-idx3-ubyte" labels="train-labels-idx1-ubyte"/>
<classes><class name="T-shirt/top"/><class name="trouser"/><class name="&lt;script&gt;alert(1)&lt;/script&gt;"/>
<class name="&quot; onload=&quot;x"/><class name="coat &amp; tie"/><class name="sandal"/><class name="shirt"/>
<class name="sneaker"/><class name="bag"/><class name="ankle boot"/></classes></data>
<train epochs="8" batch_size="64" seed="1"><optimizer type="sgd" lr="{lr}" momentum="0.9"/>
<baseline human_error="{human}"/></train>
</network>
END
check 0 parameters "$nncc" -o small net.xml
check 0 parameters "$nncc" -o one -D width=1 net.xml

# ---- the made cases -------------------------------------------------------------------------
check 0 'verdict: not learning' ./small train --data shuffled --limit 3000 --epochs 4 --out shuffled-run
check 0 'do the labels belong to their images' ./small report --data shuffled --out shuffled-run
check 0 'verdict: over-fitting' ./small train --limit 200 --epochs 40 --out few
check 0 'verdict: under-fitting' ./one train --limit 6000 --out narrow
check 80 'verdict: diverged' ./small train --limit 3000 --lr 100 --out wild
check 80 'verdict: diverged' ./small train --limit 3000 --lr 1e30 --out wilder
check 0 'verdict: at human level' ./small train --limit 6000 --set human=0.2 --out people
check 0 'verdict: diverged' ./small report --out wild

# ---- the verb and its answers ---------------------------------------------------------------
check 0 '"verdict":"over-fitting".*"training_count":200,.*"validation_count":1200,' \
	./small report --json --out few
check 0 '"diagnosis":\{"verdict":"[a-z -]+","meaning"' ./one train --limit 640 --epochs 1 --json -q --out json
check 66 'no best.safetensors' ./small report --out nothing
check 0 '^$' ./small train --limit 640 --epochs 1 -q --out quiet

# ---- the page -------------------------------------------------------------------------------
page=few/report.html
# xpath EXPRESSION: its value; warnings about elements younger than the parser are dropped.
xpath() {
	xmllint --html --xpath "$1" "$page" 2>/dev/null
}
# is VALUE EXPRESSION
is() {
	local found
	found=$(xpath "$2")
	[ "$found" = "$1" ]
	result $? "$2: wanted $1" "$found"
}
printf 'trial,lr,val_accuracy\n1,0.1,0.8\n2,"0,5","say ""no"""\n' >few/trials.csv
check 0 'few/report.html' ./small report --out few
unknown=$(xmllint --html --noout "$page" 2>&1 | grep ' error ' |
	grep -vE 'Tag (section|nav|main|header|figure|figcaption|svg|path|text|circle|rect|details|summary|article) invalid')
[ -z "$unknown" ]
result $? 'the page is well formed' "$unknown"
is 1 'count(//h1)'
is over-fitting 'string(//p[contains(@class,"verdict")])'
is small 'string(//h1)'
is 0 'count(//img[not(@alt) or @alt=""])'
is 0 'count(//img[not(starts-with(@src,"data:image/png;base64,"))])'
is 0 'count(//link | //script[@src] | //iframe | //object)'
is 0 'count(//svg[not(@aria-hidden="true") and not(@role="img" and @aria-label)])'
is 0 'count(//section[not(h2)])'
is 0 'count(//table[not(.//th[@scope])])'
is 0 'count(//*[@onload])'
is 2 'count(//script | //style)'
is true 'count(//img) > 100'
is 5 "count(//figure[@class='chart'])"
is 1200 "sum(//table[@class='matrix']/tbody//td)"
is 'say "no"' "string(//section[@id='tuning']//tr[2]/td[3])"
is '0,5' "string(//section[@id='tuning']//tr[2]/td[2])"
is true "contains(string(//section[@id='classes']), '<script>alert(1)</script>')"
is true "count(//section[@id='inside']//article) >= 4"
is dense1.weight "substring-after(string(//h3[contains(.,'Filters')]), ', ')"
is 4 "count(//section[@id='inside']//td[@class='share val'])"
grep -q 'http:\|https:\|//[a-z]' <(sed 's/base64,[A-Za-z0-9+/=]*//g; s|^ *// .*||' "$page")
[ $? -eq 1 ]
result $? 'the page names no other place' "$(grep -n 'https\?:' "$page" | cut -c1-200)"
# Every link leads somewhere, every cell of the matrix has a panel with its images.
dead=$(comm -13 <(grep -o ' id="[^"]*"' "$page" | cut -d'"' -f2 | sort -u) \
	<(grep -o 'href="#[^"]*"' "$page" | cut -d'#' -f2 | tr -d '"' | sort -u))
[ -z "$dead" ]
result $? 'all links lead somewhere' "$dead"
twice=$(grep -o ' id="[^"]*"' "$page" | sort | uniq -d)
[ -z "$twice" ]
result $? 'no id twice' "$twice"
is 0 'count(//div[@class="panel"][not(.//img)])'

# A diverged run has a report without pictures; one without a log says so.
page=wilder/report.html
is diverged 'string(//p[contains(@class,"verdict")])'
is 0 'count(//img)'
rm few/log.csv few/log.jsonl
check 0 '^verdict: ' ./small report --out few
page=few/report.html
is true "contains(string(//section[@id='curves']), 'no log')"

cd "$root" || exit 1
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
