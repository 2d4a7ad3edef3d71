# SPDX-License-Identifier: Apache-2.0
"""The table of outcomes.txt: what each attack is expected to end in, by token and column."""
import os

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "outcomes.txt")
NONE = "."
CONTROL = "-"


class Matrix:
    """legends: what columns and letters mean. cells: {token: {attack: {column: cell}}}."""

    def __init__(self, text):
        self.legends = {"columns": {}, "blocked": {}, "gains": {}, "anchors": {}}
        self.cells = {}
        self.columns = {}
        section, columns = None, []
        for line in text.splitlines():
            words = line.split()
            if not words or line.startswith("#"):
                continue
            if line.startswith("["):
                section = line.strip("[]")
            elif section in self.legends:
                self.legends[section][words[0]] = " ".join(words[1:])
            elif line[0] == " ":
                columns = words
                self.columns.setdefault(section, []).append(columns)
            else:
                if len(words) != len(columns) + 1:
                    raise ValueError("%s: %d cells for %d columns" % (line, len(words) - 1, len(columns)))
                row = self.cells.setdefault(section, {}).setdefault(words[0], {})
                row.update(zip(columns, words[1:]))

    def outcome(self, cell):
        """(what was got or what blocked, anchor or None), or None where an attack is not for that
        object."""
        if cell == NONE:
            return None
        gain, colon, anchor = cell.partition(":")
        if colon:
            return self.legends["gains"][gain], self.legends["anchors"][anchor]
        return self.legends["blocked"][cell], None

    def sentence(self, cell):
        what, anchor = self.outcome(cell)
        if anchor == CONTROL:
            return "works on a key of one's own (%s)" % what
        return "documented: %s (%s)" % (anchor, what) if anchor else "blocked by %s" % what

    def cell(self, found, expected):
        """What was found (a gain or None, a refusal or None) as a cell; the anchor is the expected
        one's, if any."""
        gain, refusal = found
        names = {name: letter for letter, name in self.legends["gains"].items()}
        if gain:
            return "%s:%s" % (names.get(gain, gain), expected.partition(":")[2] or "?")
        names = {name: letter for letter, name in self.legends["blocked"].items()}
        return names.get(refusal, refusal)


def read():
    with open(PATH, encoding="utf-8") as file:
        return Matrix(file.read())


def render(groups, rows):
    """The text of a token's part of the table: groups of columns, and {attack: {column: cell}}."""
    wide = max(map(len, rows)) + 1
    out = []
    for columns in groups:
        width = 4
        out.append(" " * wide + "".join(name.ljust(width) for name in columns).rstrip())
        for attack, row in rows.items():
            cells = (row.get(name, NONE).ljust(width) for name in columns)
            out.append(attack.ljust(wide) + "".join(cells).rstrip())
        out.append("")
    return "\n".join(out)
