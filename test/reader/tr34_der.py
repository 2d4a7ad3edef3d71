# SPDX-License-Identifier: Apache-2.0
"""DER, as little of it as a TR-34 token needs, written and read strictly: for tests.

Lengths are definite and as short as they can be, tags are single octets, and whoever walks through
an encoding says at each step what must be there and at the end that nothing is left.
"""

INTEGER, BIT_STRING, OCTETS, NULL, OID, UTC_TIME = 0x02, 0x03, 0x04, 0x05, 0x06, 0x17
SEQUENCE, SET = 0x30, 0x31


class TokenError(ValueError):
    """Why something was refused: a short code, and a sentence."""

    def __init__(self, code, text):
        super().__init__("%s: %s" % (code, text))
        self.code = code


def need(condition, code, text):
    if not condition:
        raise TokenError(code, text)


# --- writing -------------------------------------------------------------------------------------


def tlv(tag, *contents):
    content = b"".join(contents)
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def sequence(*members):
    return tlv(SEQUENCE, *members)


def set_of(*members):
    """As DER has it: in the order of the encodings."""
    return tlv(SET, *sorted(members))


def octets(content):
    return tlv(OCTETS, content)


def integer(number):
    return tlv(INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def explicit(number, *contents):
    """A constructed context-specific tag."""
    return tlv(0xA0 | number, *contents)


def oid(dotted):
    arcs = [int(arc) for arc in dotted.split(".")]
    content = b""
    for arc in [40 * arcs[0] + arcs[1]] + arcs[2:]:
        digits = [arc & 0x7F]
        while arc > 0x7F:
            arc >>= 7
            digits.insert(0, 0x80 | arc & 0x7F)
        content += bytes(digits)
    return tlv(OID, content)


NULL_VALUE = tlv(NULL)


# --- reading -------------------------------------------------------------------------------------


class Walk:
    """One pass over the members of an encoding; `what` names it in refusals."""

    def __init__(self, data, what):
        self.data, self.what, self.at = data, what, 0

    def peek(self):
        """The next tag, or None at the end."""
        return self.data[self.at] if self.at < len(self.data) else None

    def _fail(self, text):
        raise TokenError("DER", "%s, offset %d: %s" % (self.what, self.at, text))

    def _measure(self):
        """Where the content of the next member begins and ends."""
        start = self.at + 2
        if start > len(self.data):
            self._fail("ends where a member was expected")
        if self.data[self.at] & 0x1F == 0x1F:
            self._fail("a tag of several octets")
        size = self.data[self.at + 1]
        if size >= 0x80:
            count = size & 0x7F
            digits = self.data[start : start + count]
            size = int.from_bytes(digits, "big")
            if not 1 <= count <= 4 or len(digits) != count or digits[0] == 0 or size < 0x80:
                self._fail("a length that is indefinite, not minimal or too long")
            start += count
        if start + size > len(self.data):
            self._fail("a length that goes past the end")
        return start, start + size

    def whole(self, tag, name):
        """The next member with its tag and length."""
        if self.peek() != tag:
            found = "nothing" if self.peek() is None else "tag %02X" % self.peek()
            self._fail("%s has tag %02X, found %s" % (name, tag, found))
        begin = self.at
        self.at = self._measure()[1]
        return self.data[begin : self.at]

    def take(self, tag, name):
        """The content of the next member."""
        start = self._measure()[0] - self.at
        return self.whole(tag, name)[start:]

    def enter(self, tag, name):
        return Walk(self.take(tag, name), name)

    def expect(self, encoding, name, code="LAYOUT"):
        """The next octets must be exactly these."""
        found = self.data[self.at : self.at + len(encoding)]
        need(
            found == encoding,
            code,
            "%s, offset %d: %s must be %s, found %s"
            % (self.what, self.at, name, encoding.hex(), found.hex()),
        )
        self.at += len(encoding)

    def end(self):
        if self.at != len(self.data):
            self._fail("%d octets too many" % (len(self.data) - self.at))


def only(data, tag, name):
    """A walk through the one member that data is."""
    walk = Walk(data, name)
    inner = walk.enter(tag, name)
    walk.end()
    return inner
