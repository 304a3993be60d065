# SPDX-License-Identifier: GPL-2.0
#
# Holds rows against bars, see the file "bars". A bar stands for each row that it
# names and that its peers have a row to compare with.

def figures: ["copied_bytes", "syscalls"];
def percent: . * 1000 | round / 10;

def bar:
    split(" <= ") as [$left, $right]
    | ($left | split(" ")) as [$path]
    | ($right | split(" ")) as [$limit, $peers]
    | ($left | split(" ")[1:]) as $words
    | { path: $path, limit: ($limit | tonumber), peers: ($peers // "" | split("+")),
	figure: (($words - ($words - figures)) | first // "insns"),
	bytes: ($words | map(tonumber?) | first),
	op: ($words - figures | map(select(test("^[a-z]+$"))) | first) };

def figure($name): if $name == "insns" then .user + .kernel else .[$name] end;

def matches($bar):
    .path == $bar.path and ($bar.bytes == null or .bytes == $bar.bytes)
    and ($bar.op == null or .op == $bar.op);

def verdict($met): if $met then "met   " else "missed" end;

$rows[0] as $rows
| inputs | gsub("[ \t]+"; " ") | bar as $bar
| $rows[] | select(matches($bar)) as $row
| [$bar.peers[] as $peer | $rows[]
   | select(.path == $peer and .op == $row.op and .bytes == $row.bytes and .qd == $row.qd)
   | figure($bar.figure)] as $theirs
| select($theirs | length == ($bar.peers | length))
| ($row | figure($bar.figure)) as $ours
| "\($row.path) \($row.op) \($row.bytes)" as $name
| if $bar.peers == [] then
    "\(verdict($ours <= $bar.limit))  \($name): \($bar.figure) \($ours), the bar is \($bar.limit)"
  else
    ($ours / ($theirs | add)) as $ratio
    | "\(verdict($ratio <= $bar.limit))  \($name): \($ratio | percent) % of \($bar.peers | join("+")),"
      + " the bar is \($bar.limit | percent) %"
      + if $ratio <= $bar.limit then ""
	else "; \($ours - $bar.limit * ($theirs | add) | round) instructions too many" end
  end
