# SPDX-License-Identifier: GPL-2.0
#
# Of all runs of a row, each figure's median. In the order of the first runs.

def median: sort | .[length / 2 | floor];
def row: [.path, .op, .bytes, .qd];

. as $runs
| reduce ($runs[] | row) as $row ([]; if index([$row]) then . else . + [$row] end)
| map(. as $row | [$runs[] | select(row == $row)]
      | . as $same
      | $same[0]
      | with_entries(.key as $key
		     | if .value | type == "number" then .value = ([$same[][$key]] | median) else . end)
      | del(.ops))
