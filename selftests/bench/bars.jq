# SPDX-License-Identifier: GPL-2.0
#
# Holds rows against bars, lines "PATH [BYTES] [OP] <= FACTOR PEER". A bar
# without bytes or an operation stands for each row of the path that the peer
# has a row to compare with. What counts is instructions, user and kernel.

def insns: .user + .kernel;
def percent: . * 1000 | round / 10;

def bar:
    split(" <= ") as [$left, $right]
    | ($left | split(" ")) as [$path]
    | ($right | split(" ")) as [$factor, $peer]
    | { path: $path, factor: ($factor | tonumber), peer: $peer,
	bytes: ($left | split(" ")[1:] | map(tonumber?) | first),
	op: ($left | split(" ")[1:] | map(select(test("^[a-z]+$"))) | first) };

def matches($bar):
    .path == $bar.path and ($bar.bytes == null or .bytes == $bar.bytes)
    and ($bar.op == null or .op == $bar.op);

$rows[0] as $rows
| inputs | gsub("[ \t]+"; " ") | bar as $bar
| $rows[] | select(matches($bar)) as $row
| $rows[] | select(.path == $bar.peer and .op == $row.op and .bytes == $row.bytes and .qd == $row.qd)
| (($row | insns) / insns) as $ratio
| "\(if $ratio <= $bar.factor then "met   " else "missed" end)  \($row.path) \($row.op) \($row.bytes): "
  + "\($ratio | percent) % of \($bar.peer), the bar is \($bar.factor | percent) %"
  + if $ratio <= $bar.factor then ""
    else "; \(($row | insns) - $bar.factor * insns | round) instructions too many" end
