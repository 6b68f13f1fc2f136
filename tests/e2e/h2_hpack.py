"""HPACK (RFC 7541): the representations a test writes one by one, and a whole decoder for what a server sends."""

# Appendix A: the static table, names and values; an index begins at 1.
STATIC = (
    (":authority", ""), (":method", "GET"), (":method", "POST"), (":path", "/"), (":path", "/index.html"),
    (":scheme", "http"), (":scheme", "https"), (":status", "200"), (":status", "204"), (":status", "206"),
    (":status", "304"), (":status", "400"), (":status", "404"), (":status", "500"), ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"), ("accept-language", ""), ("accept-ranges", ""), ("accept", ""),
    ("access-control-allow-origin", ""), ("age", ""), ("allow", ""), ("authorization", ""), ("cache-control", ""),
    ("content-disposition", ""), ("content-encoding", ""), ("content-language", ""), ("content-length", ""),
    ("content-location", ""), ("content-range", ""), ("content-type", ""), ("cookie", ""), ("date", ""), ("etag", ""),
    ("expect", ""), ("expires", ""), ("from", ""), ("host", ""), ("if-match", ""), ("if-modified-since", ""),
    ("if-none-match", ""), ("if-range", ""), ("if-unmodified-since", ""), ("last-modified", ""), ("link", ""),
    ("location", ""), ("max-forwards", ""), ("proxy-authenticate", ""), ("proxy-authorization", ""), ("range", ""),
    ("referer", ""), ("refresh", ""), ("retry-after", ""), ("server", ""), ("set-cookie", ""),
    ("strict-transport-security", ""), ("transfer-encoding", ""), ("user-agent", ""), ("vary", ""), ("via", ""),
    ("www-authenticate", ""))
DEFAULT_TABLE = 4096
ENTRY_OVERHEAD = 32
EOS = 256

# Appendix B: the length in bits of each symbol's code, A = 5 to Z = 30, the bytes 0 to 255 and EOS. The code is
# canonical, so lengths are all that is needed.
_LENGTHS = ("ISXXXXXXXTZXXZXXXXXXXXZXXXXXXXXXBFFHIBDGFFDGDBBBAAABBBBBBBCDKBHF"
            "IBCCCCCCCCCCCCCCCCCCCCCCDCDIOIJBKABABABBBACCBBBABCBAABCCCCCKGJIX"
            "PRPPRRRSRSSSSSTSTTRSTSSSSQRSRSSTRQPRRSSQSRRTQRSSQQRQSRSSPRRRSRRS"
            "VVPORSRUVVVWWVTUOQVWWVWTQQVVXWWWPTPQRQQSRRUUTTVSVWVVWWWWWXWWWWWVZ")


def _canonical_codes():
    codes, code, length = {}, 0, 0
    for symbol in sorted(range(257), key=lambda s: (_LENGTHS[s], s)):
        bits = ord(_LENGTHS[symbol]) - ord("A") + 5
        code = (code + 1 if codes else 0) << (bits - length)
        codes[symbol], length = (bits, code), bits
    return codes


HUFFMAN = _canonical_codes()
_SYMBOLS = {code: symbol for symbol, code in HUFFMAN.items()}


class HpackError(Exception):
    """A header block that does not decode."""


def huffman(data):
    """The Huffman coding of `data`, padded with ones."""
    return huffman_symbols(data)


def huffman_symbols(symbols, padding=None):
    """Codes of any symbols, EOS (256) too, then `padding` as a string of bits; without it ones up to a whole byte."""
    bits = "".join(format(code, f"0{length}b") for length, code in (HUFFMAN[s] for s in symbols))
    bits += "1" * (-len(bits) % 8) if padding is None else padding
    return int(bits, 2).to_bytes(len(bits) // 8, "big") if bits else b""


def huffman_decode(data):
    out, length, code = bytearray(), 0, 0
    for byte in data:
        for shift in range(7, -1, -1):
            length, code = length + 1, code << 1 | byte >> shift & 1
            symbol = _SYMBOLS.get((length, code))
            if symbol is not None:
                if symbol == EOS:
                    raise HpackError("EOS in a string")
                out.append(symbol)
                length = code = 0
    if length > 7 or code != (1 << length) - 1:
        raise HpackError("the padding of a string is not up to seven ones")
    return bytes(out)


def integer(value, prefix, first=0):
    """Section 5.1, with the bits of `first` before the prefix."""
    limit = (1 << prefix) - 1
    if value < limit:
        return bytes([first | value])
    out, value = bytearray([first | limit]), value - limit
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out) + bytes([value])


def string(text, coded=False):
    """Section 5.2: a string, as it is or with Huffman coding."""
    raw = text.encode("latin-1") if isinstance(text, str) else text
    if coded:
        raw = huffman(raw)
    return integer(len(raw), 7, 0x80 if coded else 0) + raw


def indexed(index):
    return integer(index, 7, 0x80)


def table_size(size):
    return integer(size, 5, 0x20)


WITHOUT_INDEXING, NEVER_INDEXED, INCREMENTAL = (4, 0x00), (4, 0x10), (6, 0x40)


def literal(name, value, kind=WITHOUT_INDEXING, coded=False):
    """A literal field. `name` is a text, or a number: the index of its name."""
    prefix, first = kind
    if isinstance(name, int):
        return integer(name, prefix, first) + string(value, coded)
    return bytes([first]) + string(name, coded) + string(value, coded)


def block(fields, kind=WITHOUT_INDEXING):
    """A header block of (name, value) pairs, every one a literal: no state, so a block can be sent again as it is."""
    return b"".join(literal(name, value, kind) for name, value in fields)


class Decoder:
    """Decodes the header blocks of one direction of a connection, in their order."""

    def __init__(self, limit=DEFAULT_TABLE):
        self.limit = self.capacity = limit
        self.table, self.size = [], 0

    def decode(self, data):
        """[(name, value)] of one block."""
        self._data, self._at = data, 0
        fields = []
        while self._at < len(data):
            byte = data[self._at]
            if byte & 0xE0 == 0x20:
                if fields:
                    raise HpackError("a table size after a field")
                self._resize(self._integer(5))
            else:
                fields.append(self._field(byte))
        return fields

    def _field(self, byte):
        if byte & 0x80:
            return self._entry(self._integer(7))
        prefix = 6 if byte & 0x40 else 4
        index = self._integer(prefix)
        name = self._entry(index)[0] if index else self._string()
        field = (name, self._string())
        if byte & 0x40:
            self.table.insert(0, field)
            self.size += self._cost(field)
            self._evict()
        return field

    def _entry(self, index):
        if 1 <= index <= len(STATIC):
            return STATIC[index - 1]
        if not len(STATIC) < index <= len(STATIC) + len(self.table):
            raise HpackError(f"no entry {index}")
        return self.table[index - len(STATIC) - 1]

    @staticmethod
    def _cost(field):
        return len(field[0]) + len(field[1]) + ENTRY_OVERHEAD

    def _resize(self, size):
        if size > self.limit:
            raise HpackError(f"a table of {size}")
        self.capacity = size
        self._evict()

    def _evict(self):
        while self.size > self.capacity:
            self.size -= self._cost(self.table.pop())

    def _byte(self):
        if self._at >= len(self._data):
            raise HpackError("the block ends within a field")
        self._at += 1
        return self._data[self._at - 1]

    def _integer(self, prefix):
        limit = (1 << prefix) - 1
        value, shift = self._byte() & limit, 0
        if value < limit:
            return value
        while True:
            byte = self._byte()
            value += (byte & 127) << shift
            shift += 7
            if not byte & 128:
                return value
            if shift > 28:
                raise HpackError("an integer beyond 32 bits")

    def _string(self):
        if self._at >= len(self._data):
            raise HpackError("the block ends within a field")
        coded = self._data[self._at] & 0x80
        length = self._integer(7)
        raw = self._data[self._at:self._at + length]
        if len(raw) < length:
            raise HpackError("the block ends within a string")
        self._at += length
        return (huffman_decode(raw) if coded else raw).decode("latin-1")
