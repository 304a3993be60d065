#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The command line: one grammar, names that are cut short, wrong words, what was said
# before, errors as JSON; and man pages that have what the program has. What is asked
# here needs no module.
. selftests/selftest.sh
PATH=$OUT:$PATH

# status N COMMAND ...: does it end so?
status() {
	local want=$1
	shift
	"$@"
	[ $? -eq "$want" ]
}
# wrong WORDS COMMAND ...: exit status 2, and these words.
wrong() {
	local words=$1 said status=0
	shift
	said=$(unifiedctl "$@" 2>&1) || status=$?
	echo "$status: $said"
	[ $status -eq 2 ] && grep -qF -- "$words" <<<"$said"
}
json() { "${@:2}" 2>/dev/null | jq -se "$1"; }

# --- where help and versions are -----------------------------------------------
for words in help --help -h "io help" "help io" "io --help" "-h io" "ingest --listen :9000 --help"; do
	# shellcheck disable=SC2086 # words
	ok "unifiedctl $words" says "unifiedctl" unifiedctl $words
done
for words in "help io read" "io read --help" "io -h read" "-h io re" "io read --hel" "io read /dev/null --nonsense -h"; do
	# shellcheck disable=SC2086 # words
	ok "unifiedctl $words" says "Usage: unifiedctl io read DEVICE ..." unifiedctl $words
done
for words in version "version show" -V --version "io read -V" "io read --vers"; do
	# shellcheck disable=SC2086 # words
	ok "unifiedctl $words" says "libbpf" unifiedctl $words
done
for words in "-j version" "version -j" "version --json" "version show --js" "-jp version" "vers -pj"; do
	# shellcheck disable=SC2086 # words
	ok "unifiedctl $words" json '.[0].kernel' unifiedctl $words
done

# --- wrong words -------------------------------------------------------------------
while IFS='|' read -r words line; do
	read -ra line <<<"$line"
	ok "unifiedctl ${line[*]}: $words" wrong "$words" "${line[@]}"
done <<-END
	no object 'polcy'. Is 'policy' meant? Try: unifiedctl help|polcy
	no object 'frobnicate', only region, policy,|frobnicate
	't' may be one of target, trace|t
	policy: 'l' may be one of load, list|policy l
	policy: no verb 'laod'. Is 'load' meant? Try: unifiedctl policy help|policy laod
	doctor: no verb 'frobnicate', only check.|doctor frobnicate
	io: which verb?|io
	io read: no option '--conut'. Is '--count' meant? Try: unifiedctl io read --help|io read /dev/null --conut 1
	io read: no option '--frobnicate'. Try|io read /dev/null --frobnicate=1
	io read: '--c' may be one of --count, --chunk|io read /dev/null --c 1
	io write: no option '--hex'|io write /dev/null --hex
	io read: no option '-x'|io read /dev/null -x
	io read: no option '-x'|io read /dev/null --hex -x
	io read: no option '-x'|io read /dev/null -jx
	io read: '--count' takes a value|io read /dev/null --count
	io read: '--hex' takes no value|io read /dev/null --hex=yes
	io read: '--pret' takes no value|io read /dev/null --pret=yes
	io read: --count is said twice|io read /dev/null --count 1 --count=2
	io read: DEVICE is missing|io read --count 1
	'nvme0n1' is no path of a device|io read nvme0n1 --count 1
	--count 'some': a number is meant, as 4096, 64K or 1G|io read /dev/null --count some
	--qd '0': a number is meant, from 1 to 4096|io read /dev/null --count 1 --qd 0
	--qd '4K': a number is meant|io read /dev/null --count 1 --qd 4K
	--chunk '2G': a size is meant, from 512 B to 1 GiB|io read /dev/null --count 1 --chunk 2G
	--door 'front': one of uring_cmd, ioctl is meant|io read /dev/null --count 1 --door front
	there are more than 8 of --policy|io flush /dev/null --policy a --policy b --policy c --policy d --policy e --policy f --policy g --policy h --policy i
	ingest run: --listen ADDR:PORT is missing|ingest run
	nic setup: --queues LIST is missing|nic setup lo
	--queues '1-': up to 64 numbers are meant|nic setup lo --queues 1-
	nic setup: which command, after '--'?|nic setup lo --queues 1 --
	policy list takes no arguments: what is 'x'?|policy list x
	policy list takes no arguments: what is 'x'?|policy list -- x
	policy load: there are too many arguments, from 'b' on|policy load a b
	policy load: POLICY is missing: FILE.bpf.o, or one that comes|policy load
	policy set: NAME is missing|policy set
	policy set: KNOB=VALUE is missing: a knob or a counter|policy set mine
	policy help: there are too many arguments, from 'b' on|policy help a b
	--policy 'count,x=1': io takes policies that are loaded|io flush /dev/null --policy count,x=1
	'x' is no id. See: unifiedctl region list|region show x
	INDEX '32': a number is meant, from 0 to 31|target remove 1 32
	--access 'rw': one of read, write, read-write is meant|target add 1 /dev/null --access rw
	--interval 'never': seconds are meant|stat monitor --interval never
	--port '65536': a number is meant, from 1 to 65535|nic setup lo --queues 1 --port 65536
	--node '-1': a number is meant, from 0|region create --node -1
END
ok "nothing at all" wrong "Usage"

# --- names that are cut short, options in either form ---------------------------------
for words in "io read --lba 3 /dev/null --count 1 --file=/dev/null" "io rea /dev/null --lb=3 --cou=1 --fi /dev/null" \
	"reg l" "po list" "stat mon 1 --int 2" "doctor" "doctor --all" "do ch --al"; do
	# shellcheck disable=SC2086 # words
	ok "unifiedctl $words" bash -c '"$@"; [ $? -ne 2 ]' _ unifiedctl $words
done

# --- what was said before ---------------------------------------------------------------
# old NEW OLD: the new form is told, and is what is done.
old() {
	local said again
	# shellcheck disable=SC2086 # words
	said=$(unifiedctl $2 2>&1 >/dev/null)
	echo "$said"
	[ "$(head -n 1 <<<"$said")" = "unifiedctl: the next release does not know this form any more; it is now: unifiedctl $1" ] || return
	# shellcheck disable=SC2086 # words
	again=$(unifiedctl $1 2>&1 >/dev/null)
	echo "$again"
	[ "$(tail -n +2 <<<"$said")" = "$again" ]
}
while IFS='|' read -r new line; do
	ok "unifiedctl $line" old "$new" "$line"
done <<-END
	io read /dev/null --lba 3 --count 4 --hex|io read /dev/null lba 3 count 4 hex
	io read /dev/null --count all --file=out|io read /dev/null count all --file=out
	io write /dev/null --file count --fua --pad --door ioctl --qd 4|io write /dev/null file count fua pad --door ioctl qd 4
	io compare /dev/null --bytes 1M /dev/zero --targets 2 --policy lba --process|io compare /dev/null bytes 1M /dev/zero targets 2 policy lba process
	io flush /dev/null --nvme --block|io flush /dev/null nvme block
	io zeroes /dev/null --count|io zeroes /dev/null count
	region create --size much --rings 1M --rx 8M --slot 2K --sq 64 --cq 128 --node 0|region create size much rings 1M rx 8M slot 2K sq 64 cq 128 node 0
	region create --any-bpf --seal-targets --drive /nowhere -- bpf any|region create bpf any targets sealed drive /nowhere -- bpf any
	region create --nic nowhere|region create nic nowhere
	target add 1 /dev/null --access read --start 1M --length 0|target add 1 /dev/null read start 1M length 0
	target add 1 read --access write --block --nvme|target add 1 read write block nvme
	target add 1 /dev/null --access read-write --nvme|target add 1 /dev/null read-write nvme
	policy attach enforce 1 --enforce|policy attach enforce 1 enforce
	ingest run --listen :9000 --recv --target /dev/a --target /dev/b --cpu x|ingest --listen :9000 --recv --target /dev/a /dev/b --cpu x
	ingest run --target /dev/a --target /dev/b|ingest run --target /dev/a /dev/b
	stat show 1|stat 1
	stat monitor|stat watch
	stat monitor 1|stat 1 --watch
	stat monitor --interval 0.001|stat watch 0.001
	stat monitor 1 --interval 5|stat 1 watch 5
	trace monitor 1|trace 1
	doctor check --all x|doctor all x
	ingest run --target=/dev/a --target /dev/b|ingest run --target=/dev/a /dev/b
	ingest run --tar /dev/a --target /dev/b|ingest run --tar /dev/a /dev/b
END
ok "with JSON nothing but JSON" test "$(unifiedctl -j trace 1 2>/dev/null | jq -s length)" = 1
ok "and the new form is told all the same" grep -q "now: unifiedctl trace monitor 1" <(unifiedctl -j trace 1 2>&1 >/dev/null)

# --- errors as JSON -----------------------------------------------------------------------
ok "wrong usage" json 'length == 1 and .[0].error and (.[0] | has("errno") | not)' unifiedctl -j io
ok "wrong options, -j behind them" json 'length == 1 and (.[0].error | test("conut"))' unifiedctl io read /dev/null --conut -j
ok "with its exit status" status 2 unifiedctl -j io
ok "no module" json 'length == 1 and .[0].errno == 2 and (.[0].error | test("not loaded"))' unifiedctl -j region list
ok "in a list that has not begun" json 'length == 1 and .[0].errno' unifiedctl -j policy list
ok "no such interface" json 'length == 1 and .[0].errno == 19' unifiedctl -j nic show nowhere
ok "no such command" json 'length == 1 and .[0].errno == 2' unifiedctl -j region create --drive /nowhere

# --- what its sentences tell people to say ------------------------------------------------------
# Each option that a sentence names is one of the command that it names before it, or else
# of every command that has the sentence.
hints_py() {
	cat <<-'END'
	import glob, re, subprocess, sys

	def complete(*words):
	    run = ["unifiedctl", "help", "--complete", *words]
	    return subprocess.run(run, capture_output=True, text=True).stdout.split()

	GLOBAL = {w for w in complete("") if w.startswith("--")}
	OBJECTS = {}
	for o in complete(""):
	    if not o.startswith("--") and o != "help":
	        verbs = [v for v in complete(o, "") if not v.startswith("--") and v != "help"]
	        OBJECTS[o] = {v: set(complete(o, v, "--")) | GLOBAL for v in verbs}
	# Who says what is said there.
	SAYS = {"nic": ["nic", "ingest", "doctor"], "pipeline": ["ingest"], "io": ["io"],
	        "region": ["target", "io", "ingest"], "core": []}
	FOREIGN = "losetup", "blockdev", "mokutil"

	def options(o):
	    return set().union(*OBJECTS[o].values())

	def wrong(said, option, says):
	    words = said.split()[-2:]
	    if words and words[-1] in OBJECTS:
	        return option not in options(words[-1])
	    if len(words) == 2 and words[0] in OBJECTS and words[1] in OBJECTS[words[0]]:
	        return option not in OBJECTS[words[0]][words[1]]
	    if any(f in said for f in FOREIGN):
	        return False
	    return option not in GLOBAL and (not says or any(option not in options(o) for o in says))

	bad = seen = 0
	for path in glob.glob("loader/*/*.c"):
	    folder, name = path.split("/")[1:]
	    if name in ("old_words.c", "options.c", "options_help.c"):
	        continue
	    says = [re.split("[_.]", name)[0]] if folder == "cmd" else SAYS[folder]
	    text = re.sub(r'"\s*(PRI\w+\s*)?"', "", open(path).read())
	    for sentence in re.findall(r'"((?:[^"\\\n]|\\.)* (?:[^"\\\n]|\\.)*)"', text):
	        plain = re.sub(r"%[a-z]+", "", sentence)
	        for m in re.finditer(r"--[a-z][a-z-]*", plain):
	            seen += 1
	            if wrong(plain[:m.start()], m[0], says):
	                bad += 1
	                print(f"{path}: {m[0]}: {sentence}")
	        for o, v in re.findall(r"unifiedctl ([a-z]+) ([a-z]+)", plain):
	            if o in OBJECTS and v not in OBJECTS[o]:
	                bad += 1
	                print(f"{path}: {o} {v}: {sentence}")
	print(seen, "options in sentences")
	sys.exit(bad > 0 or seen < 50)
	END
}
ok "what sentences name is there" python3 <(hints_py)

# --- man pages --------------------------------------------------------------------------------
# Each heading of an option that the program has, and no other.
headings() {
	local page=$1 object=$2
	# shellcheck disable=SC2086 # none of unifiedctl(8)
	diff <(unifiedctl help --man $object | sed '1,/^\.Sh OPTIONS/d' | sort) \
		<(sed -n '/^\.Sh OPTIONS/,/^\.Sh [^O]/s/^\.It/&/p' "$page" | sort)
}
for page in docs/man/unifiedctl*.8; do
	object=$(basename "$page" .8)
	object=${object#unifiedctl}
	ok "$page: synopsis (or: make man)" diff <(docs/synopsis "$OUT/unifiedctl" "$page") "$page"
	ok "$page: options" headings "$page" "${object#-}"
	for verb in $(unifiedctl help --complete ${object:+"${object#-}"} "" | grep -vE '^--|^help$'); do
		ok "$page: $verb" grep -qE "^(\.It )?\.?Cm (.*, Cm )?$verb( |$)" "$page"
	done
done
# What the docs have people type is of the new form; --hel is help, of what was understood.
typed() {
	local said
	said=$(unifiedctl "$@" --hel 2>&1)
	echo "$said"
	[ "$(head -c 17 <<<"$said")" = "Usage: unifiedctl" ]
}
while read -r line; do
	read -ra words <<<"$line"
	ok "in the docs: ${words[*]}" typed "${words[@]}"
done < <(sed -nE 's/^(\.Dl # )?(.*[|] )?unifiedctl (-[jp] )?([a-z]+ [^|;&>#]+).*/\4/p' README.md docs/*.md docs/man/* | sort -u)
for object in $(unifiedctl help --man | sed -n 's/^\.Cm //p'); do
	ok "unifiedctl(8) has $object" grep -qx "\.[ICtm ]*$object" docs/man/unifiedctl.8
done
finish
