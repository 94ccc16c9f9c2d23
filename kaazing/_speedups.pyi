"""The promises of the C module; each codec has a pure-Python twin in C{kaazing/wire} that keeps the same.

A kind is 1 for text and 2 for binary, as the opcodes of RFC 6455 section 5.2.
"""

from collections.abc import Callable, Sequence
from typing import final

_Spill = Callable[[bytes, bytes, int], object]

@final
class Lane:
    """The inbound data frames of one uncompressed WebSocket connection: checked, unmasked, joined.

    Nothing it says depends on where the stream is cut.

    Attributes:
        fault: None, or the rule that a frame broke: (close code 1002, 1007 or 1009; offset of the first
            bad byte in the stream; what is wrong; the rule, e.g. "RFC 6455 section 5.2"). A message that
            ends inside a character has its offset just after its last byte.
        messages: data messages finished.
        octets: payload bytes of data messages.
        received: bytes fed, those ignored after a close frame or a fault too.
        at_boundary: whether neither a frame nor a message is open; False for good after a fault.
    """

    @property
    def fault(self) -> tuple[int, int, str, str] | None: ...
    @property
    def messages(self) -> int: ...
    @property
    def octets(self) -> int: ...
    @property
    def received(self) -> int: ...
    @property
    def at_boundary(self) -> bool: ...
    def __init__(self, masked: bool, max_message: int, whole: bool) -> None:
        """
        Args:
            masked: whether the peer is a client, whose frames must be masked; no others may be.
            max_message: bytes of payload that a message may have, all its fragments together; 0 for any
                number. The head of the frame that would pass it is a fault, before any of its payload.
            whole: give whole messages; otherwise payload as it comes.

        Raises:
            ValueError: C{max_message} is negative.
        """

    def feed(self, data: bytes, /) -> list[tuple[int, bytes]]:
        """Take bytes as read.

        Returns:
            What they brought, in order: (opcode, bytes). Opcode 8, 9 and 10 come with the whole control
            frame as it was sent, mask and all. Opcode 1 and 2 come with payload: not whole, adjacent
            payload of one kind is one item, text may end inside a character, and empty messages give
            nothing; whole, each message is one item, empty ones too, and no more memory is held than
            half as much again as has arrived. After a close frame, or with C{fault} set, nothing comes
            any more; what came before is given.
        """

def frame(messages: Sequence[bytes], kind: int, /, masked: bool = False) -> bytes:
    """Frame each message, unfragmented; return the frames joined.

    Args:
        messages: the payloads.
        kind: 1 text, not checked; 2 binary; 0 text where a message is valid UTF-8 and binary where not.
        masked: mask as a client must, with a fresh unpredictable key for each (RFC 6455 section 5.3).

    Raises:
        ValueError: the kind is none of these.
        TypeError: a message is not bytes.
    """

def spread(
    fds: Sequence[int], data: bytes, holes: Sequence[int] = (), owns: Sequence[bytes] | None = None, /
) -> list[tuple[int, int]]:
    """Send the same bytes once to each of many non-blocking sockets, whatever they take of it.

    Args:
        fds: descriptors; a negative one takes nothing.
        data: what each is sent; what stands in the holes is overwritten.
        holes: where in C{data} each receiver's own bytes stand, as long as those.
        owns: each receiver's, all equally long; None where there are no holes. The fewer change from one
            receiver to the next, the less is copied.

    Returns:
        (index in C{fds}, bytes taken) of each that did not take all. One that fails took nothing: the
        error is left for its own connection to meet.

    Raises:
        TypeError: C{data} or an own is not bytes, or a descriptor or a hole no number.
        ValueError: C{owns} are not as many as C{fds} or not equally long, or a hole reaches out of C{data}.
    """

def valid_utf8(data: bytes, /) -> bool:
    """Return whether C{data} is UTF-8 text that ends with a whole character.  RFC 3629 section 4."""

class _Pump:
    """Passes bytes from one non-blocking descriptor to another; installed as a transport's C{doRead}.

    Calling it receives once, at most 256 KiB, and sends at once what that makes, unless the sink's
    transport has bytes buffered (C{dataBuffer}, C{_tempDataBuffer}) or is C{disconnecting}. It returns
    None when that was all; otherwise what C{spill(unsent, rest, status)} returns:
        unsent: bytes to be written to the sink before any that follow;
        rest: bytes received that the pump leaves to the ordinary path;
        status: 0 to go on, -1 when the source has ended, otherwise the errno of the receiving.
    A failure to send is left for the ordinary path to meet: its bytes are unsent.

    Detach it before either descriptor closes: its number may be given to a stranger.

    Attributes:
        last: when bytes last came, or when it was made; C{time.monotonic()} seconds, a few ms coarse.
    """

    @property
    def last(self) -> float: ...
    def __call__(self) -> object: ...
    def detach(self) -> None:
        """Forget the descriptors and all else; calls do nothing from now on and return None."""

@final
class FrontPump(_Pump):
    """From a browser to a backend: frames in, payload out.

    C{rest} begins with the first byte of a control frame, or inside one that the lane has begun: give
    it to C{lane.feed}. After a fault C{lane.fault} is set; all that came before it is sent, or unsent.
    """

    def __init__(self, lane: Lane, source: int, sink: int, sink_transport: object, spill: _Spill) -> None:
        """
        Raises:
            ValueError: the lane is for whole messages, or a descriptor is negative.
        """

@final
class BackPump(_Pump):
    """From a backend to a browser: each receiving is one unmasked frame.

    Attributes:
        messages: frames made.
        octets: payload bytes framed.
    """

    @property
    def messages(self) -> int: ...
    @property
    def octets(self) -> int: ...
    def __init__(self, source: int, sink: int, sink_transport: object, spill: _Spill, kind: int = 2) -> None:
        """
        Args:
            kind: 2 binary; 1 text, where bytes that are not whole UTF-8 by themselves are not framed
                but left as C{rest}. Do not call the pump while you hold part of a character.

        Raises:
            ValueError: the kind is neither, or a descriptor is negative.
        """

@final
class EchoPump(_Pump):
    """Back where they came from: each whole message is framed back, of the kind it had.

    C{rest} is as for L{FrontPump}.
    """

    def __init__(self, lane: Lane, source: int, transport: object, spill: _Spill, repeat: int = 1) -> None:
        """
        Args:
            repeat: how often each message goes back.

        Raises:
            ValueError: the lane is not for whole messages, C{repeat} is less than 1, or the descriptor
                is negative.
        """

@final
class AmqpScanner:
    """One direction of an AMQP 0-9-1 connection: its frames, methods, contents and channels.

    It begins with the connection's opening: one frame of channel 0 is given for each call, and the rest
    kept for the next, until L{begin}. Nothing it says depends on where the stream is cut.

    Attributes:
        fault: None, or the rule that a frame broke: (L{kaazing.wire.amqp_faults.Code}, offset of the bad
            byte in the stream, a number to tell, class and method of the frame or 0).
        looks: how many frames of the last answer are to be looked at.
        offset: in the stream, of the first byte that was neither passed nor dropped.
        pending: bytes kept, of an open frame or behind a stop; up to twice as much memory is held.
    """

    @property
    def fault(self) -> tuple[int, int, int, int] | None: ...
    @property
    def looks(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def pending(self) -> int: ...
    def __init__(
        self, *, methods: bytes, client: bool, split: bool, max_frame: int, max_depth: int, max_entries: int
    ) -> None:
        """
        Args:
            methods: L{kaazing.wire.amqp_methods.COMPACT}.
            client: whether the client's frames are read, not the server's.
            split: give each frame apart.
            max_frame: bytes of a frame during the opening, its head and end counted, more than 8.
            max_depth: tables and arrays in each other, 1 to 100.
            max_entries: values in the tables and arrays of one frame.

        Raises:
            ValueError: a limit is not one.
        """

    def feed(self, data: bytes, /) -> list[bytes | tuple[int, bytes]]:
        """Take bytes as read.

        Returns:
            What may pass, in order: frames as bytes, runs of them as one object unless C{split}; and
            (offset, frame) for one that the owner has to look at: during the opening each, later methods
            that are marked as watched, and those that L{begin} names. Behind these last the answer ends;
            what more there is comes with the next call, C{feed(b"")} will do. Frames that come
            on a closed channel are left out. With C{fault} set nothing comes any more.
        """

    def begin(self, max_frame: int, max_channel: int, stops: bytes, /) -> None:
        """The connection is open.

        Args:
            max_frame: bytes of a frame, as agreed.
            max_channel: highest channel number, as agreed.
            stops: a byte for each method, by its number, that the owner has to decide on; where one
                of them has content, on content headers too.

        Raises:
            ValueError: one of them cannot be.
        """

    def await_open(self, channel: int, /) -> None:
        """The other side has sent channel.open: channel.open-ok is to come. ValueError: no such channel."""

    def owe(self, channel: int, /) -> None:
        """The other side has sent close (0: for the connection): close-ok may come. ValueError: as above."""

    def free(self, channel: int, /) -> None:
        """The other side has sent channel.close-ok: the number is free again. ValueError: as above."""

    def refuse(self, channel: int, /) -> None:
        """The gateway closes the channel: what comes on it is left out, but for channel.close, and for
        channel.close-ok once it is owed. ValueError: as above."""

    def take_counts(self) -> dict[int, int]:
        """Return how many frames of each method have passed since the last call, by its number."""

@final
class StompScanner:
    """One direction of a STOMP connection: where its frames end, and whether they are as they must be.

    It starts before the connection is made (version 0), takes one CONNECT, STOMP or CONNECTED frame, or
    ERROR frames, and stops behind the first; what follows is kept until C{version} is set. Nothing it
    says depends on where the stream is cut.

    Attributes:
        version: 0, or set to 10, 11 or 12 when the connection is made.
        fault: None, or the rule that a frame broke: (L{kaazing.wire.stomp_faults.Code}, offset of the
            first bad byte in the stream, detail, the frame's lines before the bad one).
        frames: whole frames passed.
        offset: in the stream, of the first byte that was neither passed nor dropped.
        pending: bytes kept: of the open frame, or after the stop; up to twice as much memory is held.
        beat: C{split} only: whether the last feed had an end-of-line before its first frame.
    """

    version: int
    @property
    def fault(self) -> tuple[int, int, bytes, bytes] | None: ...
    @property
    def frames(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def pending(self) -> int: ...
    @property
    def beat(self) -> bool: ...
    def __init__(
        self,
        *,
        client: bool,
        split: bool,
        max_frame: int,
        max_headers: int,
        max_line: int,
        apart: bool,
        sends: bool,
    ) -> None:
        """
        Args:
            client: whether the client's frames are read, not the server's.
            split: give each frame apart, and drop the ends-of-line between frames.
            max_frame: bytes of a frame, its NUL counted.
            max_headers: headers of a frame.
            max_line: bytes of a header line without its line feed.
            apart: give each frame apart, with the ends-of-line that came behind it; nothing beside C{split}.
            sends: whether the owner has to look at SEND frames, too.

        Raises:
            ValueError: a limit is not from 1 to 2**48.
        """

    def feed(self, data: bytes, /) -> list[bytes | tuple[int, bytes]]:
        """Take bytes as read.

        Returns:
            What may pass, in order. With C{split}: each whole frame, as bytes. Otherwise: runs of whole
            frames and of ends-of-line between them, as bytes, and (offset, frame) for a frame that
            the owner has to look at: CONNECT, STOMP, SUBSCRIBE, UNSUBSCRIBE, BEGIN, COMMIT, ABORT, and
            any with a transaction header. With C{fault} set, nothing comes any more; what came
            before it is given.
        """

    def take_counts(self) -> dict[str, int]:
        """Return how many whole frames have come of each command since the last call; of none, nothing."""

@final
class MqttScanner:
    """One direction of an MQTT connection: where its packets end, and whether they are as they must be.

    A client's starts with CONNECT, and finds the version there; a server's waits until L{connect} has told
    it. Nothing it says depends on where the stream is cut.

    Attributes:
        version: 3 for MQTT 3.1, 4 for 3.1.1, 5; 0 before CONNECT. Set as soon as it has been read, also
            where the rest of the CONNECT is at fault.
        fault: None, or the rule that a packet broke: (L{kaazing.wire.mqtt_faults.Code}, offset in the
            stream of the field at fault, packet type, a number to tell).
        plain: whether the last feed gave nothing but bytes, and there is no fault.
        offset: in the stream, of the first byte that has not passed.
        pending: bytes kept of the open packet; up to twice as much memory is held.
        released: PUBACK, PUBCOMP and PUBREC with a failure that have passed, for L{refill} of the other
            direction; to be set to 0 then.
    """

    released: int
    @property
    def version(self) -> int: ...
    @property
    def fault(self) -> tuple[int, int, int, int] | None: ...
    @property
    def plain(self) -> bool: ...
    @property
    def offset(self) -> int: ...
    @property
    def pending(self) -> int: ...
    def __init__(
        self,
        *,
        client: bool,
        split: bool,
        watched: int,
        max_packet: int,
        max_topic: int,
        max_properties: int,
        max_filters: int,
    ) -> None:
        """
        Args:
            client: whether the client's packets are read, not the server's.
            split: give each packet apart.
            watched: packets to give with their offset; bit 3 (8) stands for type 3, PUBLISH.
            max_packet: bytes of a packet, its fixed header counted.
            max_topic: bytes of a topic name or filter.
            max_properties: properties of a packet; those of a will are counted by themselves.
            max_filters: topic filters of a packet.

        Raises:
            ValueError: a limit is less than 1.
        """

    def connect(
        self,
        *,
        version: int,
        auth: bool,
        connected: bool,
        max_packet: int,
        max_alias: int,
        receive_max: int,
    ) -> None:
        """Tell what CONNECT and CONNACK have settled.

        Args:
            version: 3, 4 or 5.
            auth: whether CONNECT named an authentication method.
            connected: whether CONNACK has accepted.
            max_packet: bytes that the receiver takes; raises no limit that is lower.
            max_alias: the receiver's Topic Alias Maximum.
            receive_max: the receiver's Receive Maximum, -1 for none.

        Raises:
            ValueError: there is no such version, or a limit is none.
        """

    def feed(self, data: bytes, /) -> list[bytes | tuple[int, bytes]]:
        """Take bytes as read.

        Returns:
            What may pass, in order: each whole packet as bytes with C{split}, otherwise runs of whole
            packets; (offset, packet) for one that is watched. With C{fault} set, nothing comes any more;
            what came before it is given.
        """

    def refill(self, count: int, /) -> None:
        """So many PUBLISH are acknowledged (MQTT 5 section 4.9)."""

    def take_counts(self) -> tuple[int, ...]:
        """Return how many packets of each of the 16 types have passed since the last call."""

@final
class IrcScanner:
    """One direction of an IRC connection: where its lines end, and whether they are as they must be.

    Lines end with LF or CR LF; empty ones are dropped. Nothing it says depends on where the stream is cut.

    Attributes:
        fault: None, or the rule that a line broke: (L{kaazing.wire.irc_faults.Code}, offset of the first
            bad byte in the stream, the limit that was passed or 0).
        offset: in the stream, of the first byte that was neither passed nor dropped.
        pending: bytes kept of the open line; up to twice as much memory is held.
    """

    @property
    def fault(self) -> tuple[int, int, int] | None: ...
    @property
    def offset(self) -> int: ...
    @property
    def pending(self) -> int: ...
    def __init__(
        self,
        *,
        client: bool,
        split: bool,
        bare: bool,
        text: bool,
        max_line: int,
        max_tags: int,
        max_parameters: int,
    ) -> None:
        """
        Args:
            client: whether the client's lines are read, not the server's.
            split: give each line apart.
            bare: give each line apart and without its end.
            text: give each line apart, what is no UTF-8 replaced by U+FFFD.
            max_line: bytes of a line, CR LF counted, tags not.
            max_tags: bytes of the tags, "@" and the blank behind them counted.
            max_parameters: parameters of a line; 0 for any number.

        Raises:
            ValueError: a limit is not from 1 to 2**30.
        """

    def watch(self, commands: frozenset[bytes], others: bool, /) -> None:
        """Say which lines the owner has to look at: those with one of C{commands} (upper case, or three
        digits), or with C{others} those with any other command. None at first."""

    def discount(self, command: bytes, /) -> None:
        """Take back one count of a command: the line will not pass."""

    def take_counts(self) -> dict[str, int]:
        """Return how many lines have come since the last call, by command in upper case; "numeric" are
        all replies with a number, "other" what came after the first 96 different commands."""

    def feed(self, data: bytes, /) -> list[bytes | tuple[int, bytes]]:
        """Take bytes as read.

        Returns:
            What may pass, in order: lines as bytes, ended by CR LF unless C{bare}, runs of them together
            unless C{split}; and (offset, line without its end) for one that the owner has to look at.
            With C{fault} set, nothing comes any more; what came before it is given.
        """

@final
class WseDecoder:
    """The upstream frames of one emulated session, over all its requests: checked, and joined as a lane does.

    Nothing it says depends on where a request is cut. docs/protocols/wse.md.

    Attributes:
        fault: None, or the rule that was broken: (offset of the first bad byte in all that was fed; what is
            wrong; the rule, e.g. "WSE frames"). Where a length is at fault, its first byte has the offset;
            where something ends too early, the byte that ended it, or what was fed altogether.
        messages: data messages finished.
        octets: payload bytes of data messages.
    """

    @property
    def fault(self) -> tuple[int, str, str] | None: ...
    @property
    def messages(self) -> int: ...
    @property
    def octets(self) -> int: ...
    def __init__(self, max_message: int, whole: bool, pings: bool) -> None:
        """
        Args:
            max_message: bytes of payload that a message may have; 0 for any number up to 2**53. A length
                above it is a fault before any payload; delimited text passes up to it.
            whole: give whole messages; otherwise payload as it comes.
            pings: whether PING and PONG were agreed on.

        Raises:
            ValueError: C{max_message} is negative.
        """

    def feed(self, data: bytes, /) -> list[tuple[int, bytes]]:
        """Take bytes of a request's body, their encoding taken off.

        Returns:
            What they brought, in order: (1, text), (2, binary), as L{Lane.feed} gives them; (9, b"") PING,
            (10, b"") PONG, (16, b"") RECONNECT, (17, b"") CLOSE. A NOP gives nothing. With C{fault} set
            nothing comes any more; what came before is given. A byte behind RECONNECT is a fault.
        """

    def begin(self) -> None:
        """The next request starts; the one before is over, as L{end} has it."""

    def end(self) -> None:
        """The request's body is over: a frame still open is a fault. A missing RECONNECT is not."""

def wse_frame(messages: Sequence[bytes], kind: int, binary_only: bool, /) -> bytes:
    """Make one frame of each message, with its length in front; return the frames joined.

    Args:
        messages: the payloads.
        kind: 1 text, not checked; 2 binary; 0 text where a message is valid UTF-8 and binary where not.
        binary_only: the session has no text frames; text goes as binary.

    Raises:
        ValueError: the kind is none of these.
        TypeError: a message is not bytes.
    """
