"""From bytes to elements: what is no configuration, what is not safe, what elements are called."""

from __future__ import annotations

import os

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from kaazing.config.document import LIMIT, load, parse, tree
from kaazing.config.faults import Faults, Node
from kaazing.config.substitution import Substitution
from kaazing.errors import ConfigErrors
from tests.config.files import NAMESPACE, ConfigTestCase, noted

HEAD = f'<gateway-config xmlns="{NAMESPACE}">'


class LoadTests(ConfigTestCase):
    """Files that are none, or too much."""

    def refused(self, path: str) -> str:
        """Return what is said of a file, without its name."""
        return str(self.assertRaises(ConfigErrors, load, path)).removeprefix(path)

    def test_missing(self) -> None:
        """
        A file that is not there.
        """
        self.assertEqual(self.refused(str(self.folder / "none.xml")), ": there is no such file")

    def test_folder(self) -> None:
        """
        A folder.
        """
        self.assertEqual(self.refused(str(self.folder)), ": is a folder; name the file in it")

    def test_impossible_name(self) -> None:
        """
        A name that no file can have.
        """
        self.assertEqual(self.refused("a\0b"), ": cannot be read: no name of a file")

    def test_unreadable(self) -> None:
        """
        A file that this user may not read.
        """
        path = self.write("conf.xml", "x")
        path.chmod(0)
        if os.access(path, os.R_OK):
            self.assertEqual(load(str(path)), b"x")  # root may
        else:
            self.assertEqual(self.refused(str(path)), ": cannot be read: Permission denied")

    def test_too_large(self) -> None:
        """
        A file over the limit is not parsed; the device that never ends is over it as well.
        """
        path = self.write("conf.xml", b"x" * (LIMIT + 1))
        said = ": has more than 8 MiB, which no configuration needs"
        self.assertEqual([self.refused(str(path)), self.refused("/dev/zero")], [said, said])
        self.assertEqual(len(load(str(self.write("conf.xml", b"x" * LIMIT)))), LIMIT)


class ParseTests(SynchronousTestCase):
    """Bytes that are no XML, and XML that is not safe."""

    def refused(self, data: bytes) -> str:
        """Return what is said of bytes."""
        return str(self.assertRaises(ConfigErrors, parse, data, "c.xml"))

    def test_empty(self) -> None:
        """
        A file without anything in it.
        """
        self.assertEqual(self.refused(b" \n"), "c.xml: is empty; expected <gateway-config>")

    def test_binary(self) -> None:
        """
        A program, a picture, an archive.
        """
        said = {self.refused(data) for data in (b"\x7fELF\2\1\1\0\0", b"\0\1\2", b"\x89PNG\r\n\x1a\n\0\0")}
        self.assertEqual(said, {"c.xml: is not a text file; expected XML"})

    def test_not_well_formed(self) -> None:
        """
        The line at fault is named.
        """
        said = "c.xml:2: not well-formed XML: Opening and ending tag mismatch: b line 2 and a"
        self.assertEqual(self.refused(b"<a>\n<b></a>"), said)

    def test_encodings(self) -> None:
        """
        The encoding may be any that is named or marked, and is an error when it is another.
        """
        declared = "<?xml version='1.0' encoding='ISO-8859-1'?><a>ü</a>".encode("latin-1")
        self.assertEqual(
            [parse(each, "c").text for each in (declared, "<a>ü</a>".encode("utf-16"))], ["ü", "ü"]
        )
        self.assertTrue(self.refused(b"<a>\n\xff</a>").startswith("c.xml:2: not well-formed XML: "))
        said = self.refused(b"<?xml version='1.0' encoding='klingon'?><a/>")
        self.assertEqual(said, "c.xml:1: not well-formed XML: Unsupported encoding: klingon")

    def test_doctype(self) -> None:
        """
        No DOCTYPE is read, in whatever encoding, and so no entity is: external ones and laughing ones.
        """
        laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 9))
        files = [
            b"<!DOCTYPE a><a/>",
            f'<!DOCTYPE a [<!ENTITY l0 "lol">{laughs}]><a b="&l8;">&l8;</a>'.encode(),
            b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>',
            b'<!DOCTYPE a SYSTEM "http://192.0.2.1/x.dtd"><a/>',
            '<?xml version="1.0"?><!DOCTYPE a><a/>'.encode("utf-16"),
        ]
        self.assertEqual(
            {self.refused(each) for each in files}, {"c.xml:1: a DOCTYPE is not allowed; remove it"}
        )
        self.assertEqual(
            self.refused(b"<!-- \n <!DOCTYPE -->\n<!DOCTYPE a><a/>"),
            "c.xml:3: a DOCTYPE is not allowed; remove it",
        )

    def test_undefined_entity(self) -> None:
        """
        Only the five entities of XML are there.
        """
        self.assertEqual(parse(b"<a>&lt;&amp;&#65;</a>", "c").text, "<&A")
        self.assertEqual(
            self.refused(b"<a>&nbsp;</a>"), "c.xml:1: not well-formed XML: Entity 'nbsp' not defined"
        )

    def test_deep(self) -> None:
        """
        Elements within elements end at a depth.
        """
        said = self.refused(b"<a>" * 5000 + b"</a>" * 5000)
        self.assertEqual(said, "c.xml:1: not well-formed XML: Excessive depth in document: 256")

    def test_comments(self) -> None:
        """
        Comments and processing instructions are not there, CDATA is text.
        """
        self.assertEqual(parse(b"<a>x<!-- f -->y<?pi?>z<![CDATA[<q>]]></a>", "c").text, "xyz<q>")

    @given(st.binary() | st.text(alphabet="<>/!-[]?&;#'\"= ax\n").map(str.encode))
    def test_any_bytes(self, data: bytes) -> None:
        """
        Any bytes are an XML document, or refused with the name of the file.
        """
        try:
            parse(data, "c.xml")
        except ConfigErrors as why:
            self.assertTrue(str(why).startswith("c.xml:"), why)


class TreeTests(SynchronousTestCase):
    """Elements under their names of today, with their values."""

    def setUp(self) -> None:
        """Begin without errors."""
        self.faults = Faults("c.xml")

    def tree(self, text: str, **environ: str) -> Node:
        """Return the root of a document."""
        return tree(parse(text.encode(), "c.xml"), Substitution({}, environ), self.faults)

    def refused(self, text: str) -> str:
        """Return what is said of a document."""
        return str(self.assertRaises(ConfigErrors, self.tree, text))

    def test_nodes(self) -> None:
        """
        An element has its line, its text without blanks at the ends, and its children.
        """
        root = self.tree(f"{HEAD}\n<service>\n<name> a b\n</name></service></gateway-config>")
        self.assertEqual(
            root,
            Node(
                "gateway-config",
                "gateway-config",
                1,
                "",
                "",
                (Node("service", "service", 2, "", "", (Node("name", "name", 3, "a b", "a b"),)),),
            ),
        )

    def test_far_lines(self) -> None:
        """
        Lines are counted beyond 65535.
        """
        filling = "\n" * 70_000
        self.assertEqual(self.tree(f"{HEAD}{filling}<service/></gateway-config>").children[0].line, 70_001)

    def test_other_root(self) -> None:
        """
        Another document is no configuration.
        """
        self.assertEqual(
            self.refused("\n<html/>".lstrip()), "c.xml:1: expected <gateway-config> and found <html>"
        )

    def test_unknown_namespace(self) -> None:
        """
        A namespace that is not known, or none, is answered with those that are.
        """
        said = self.refused('<gateway-config xmlns="http://xmlns.kaazing.org/2017/01/gateway"/>')
        self.assertTrue(
            said.startswith("c.xml:1: <gateway-config>: unknown namespace 'http://xmlns.kaazing.org/2017")
        )
        self.assertIn(f"; expected one of {NAMESPACE}, http://xmlns.kaazing.org/2015/11/gateway, ", said)
        self.assertIn(": no namespace; expected one of", self.refused("<gateway-config/>"))

    def test_foreign_element(self) -> None:
        """
        An element of another namespace is an error; its attributes and others' are another matter.
        """
        xsi = 'xmlns:x="http://www.w3.org/2001/XMLSchema-instance" x:schemaLocation="a b"'
        self.tree(f'<gateway-config xmlns="{NAMESPACE}" {xsi}>\n<service xmlns="urn:x"/></gateway-config>')
        said = f"2: <service>: is not in the namespace {NAMESPACE} of the file"
        self.assertEqual(noted(self.faults), [said])

    def test_prefix(self) -> None:
        """
        The namespace may have a prefix.
        """
        root = self.tree(f'<g:gateway-config xmlns:g="{NAMESPACE}"><g:service/></g:gateway-config>')
        self.assertEqual([child.name for child in root.children], ["service"])

    def test_attribute(self) -> None:
        """
        The language has no attributes.
        """
        self.tree(f'{HEAD}<service name="x"/></gateway-config>')
        self.assertEqual(noted(self.faults), ["1: <service>: no attribute 'name' is known"])

    def test_stray_text(self) -> None:
        """
        Text between elements is an error.
        """
        self.tree(f"{HEAD}<service><name/>ws://a</service></gateway-config>")
        self.assertEqual(noted(self.faults), ["1: <service>: text stands between its elements"])

    def test_names_of_today(self) -> None:
        """
        tls.* is ssl.*, and an auth-constraint of the files before 2015 is an authorization-constraint.
        """
        options = "<accept-options><tls.bind/></accept-options>"
        body = f"<service><auth-constraint/>{options}</service></gateway-config>"
        old = self.tree(f'<gateway-config xmlns="http://xmlns.kaazing.org/2014/09/gateway">{body}').children[
            0
        ]
        new = self.tree(f"{HEAD}{body}").children[0]
        self.assertEqual(
            [old.children[0].name, new.children[0].name], ["authorization-constraint", "auth-constraint"]
        )
        option = new.children[1].children[0]
        self.assertEqual((option.name, option.tag), ("ssl.bind", "tls.bind"))

    def test_replaced(self) -> None:
        """
        ${...} is replaced in every text, whether the property stands before or behind it.
        """
        body = "<service><name>${A}-${B}</name></service>"
        properties = "<properties><property><name>A</name><value> a </value></property></properties>"
        name = self.tree(f"{HEAD}{body}{properties}</gateway-config>", B="b").children[0].children[0]
        self.assertEqual((name.written, name.value, name.replaced), ("${A}-${B}", "a-b", True))

    def test_replaced_not(self) -> None:
        """
        A property at fault is told of at its definition, another at the place of its use.
        """
        body = "\n<service>\n<name>${A}</name><type>${B}</type></service>"
        properties = "<properties><property><name>A</name><value>${X}</value></property></properties>"
        self.tree(f"{HEAD}{properties}{body}</gateway-config>")
        where = "not with -D, in <properties> or in the environment, and it has no default"
        self.assertEqual(
            noted(self.faults),
            [
                f"1: <value>: ${{X}} is not defined: {where} (${{X:default}})",
                f"3: <type>: ${{B}} is not defined: {where} (${{B:default}})",
            ],
        )

    def test_property_names(self) -> None:
        """
        A property is defined once, under a name that a reference can have.
        """
        one = "<property><name>a</name><value>1</value></property>"
        odd = "<property><name>a b</name><value>1</value></property>"
        self.tree(f"{HEAD}<properties>\n{one}\n{one}\n{odd}</properties></gateway-config>")
        self.assertEqual(
            noted(self.faults),
            [
                "3: <property>: 'a' is defined twice",
                "4: <property>: 'a b': expected letters, digits, ., _ and -",
            ],
        )
