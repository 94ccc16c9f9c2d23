"""Keystores, certificates and keys: what they are, and whether they fit."""

from __future__ import annotations

from kaazing.config import stores
from kaazing.config.faults import Faults, Node
from kaazing.config.model import Keystore
from kaazing.config.stores import CERTIFICATE, KEY, Files
from tests.config.files import ConfigTestCase, certificate, node, noted


def store(name: str, file: str, kind: str = "", password: str = "") -> Node:
    """Return a <keystore> or <truststore>."""
    kinds = [node("type", kind, line=8)] if kind else []
    passwords = [node("password-file", password, line=10)] if password else []
    return node(name, "", *kinds, node("file", file, line=9), *passwords)


class StoreTests(ConfigTestCase):
    """Stores of each kind."""

    def setUp(self) -> None:
        """Have a certificate with its key, and no errors."""
        super().setUp()
        self.faults = Faults("c.xml")
        self.files = Files(self.folder, self.faults)
        self.pem = b"".join(each.read_bytes() for each in certificate(self.folder))
        self.write("all.pem", self.pem)

    def refused(self, made: Node) -> str:
        """Return the one thing said of a store."""
        self.assertIsNone(self.files.store(made))
        (said,) = noted(self.faults)
        return said

    def test_pem(self) -> None:
        """
        A PEM keystore needs no type; its name is relative to the configuration file.
        """
        expected = Keystore(type="PEM", file=self.folder / "all.pem")
        found = [self.files.store(store("keystore", "all.pem", kind)) for kind in ("", "PEM", "pem")]
        self.assertEqual((found, noted(self.faults)), ([expected] * 3, []))

    def test_pem_folder(self) -> None:
        """
        A folder of PEM files, or of certificates and keys apart, is a keystore, unless there is none in it.
        """
        self.write("certs/a.pem", self.pem)
        self.assertEqual(
            self.files.store(store("keystore", "certs")), Keystore(type="PEM", file=self.folder / "certs")
        )
        (self.folder / "apart").mkdir()
        for name in ("crt", "key"):
            self.write(f"apart/tls.{name}", (self.folder / f"gateway.{name}").read_bytes())
        self.assertIsNotNone(self.files.store(store("keystore", "apart")))
        (self.folder / "none").mkdir()
        self.assertEqual(
            self.refused(store("keystore", "none")),
            "9: <file>: the folder 'none' has no file *.pem or *.crt or *.key",
        )

    def test_pkcs12(self) -> None:
        """
        A PKCS12 keystore has its password in a file, of which the first line counts; it is not shown.
        """
        self.write("k.p12", b"0\x82\1\2")
        self.write("k.pw", "pass word\r\nmore\n")
        found = self.files.store(store("keystore", "k.p12", "PKCS12", "k.pw"))
        self.assertEqual(found, Keystore(type="PKCS12", file=self.folder / "k.p12", password="pass word"))
        self.assertNotIn("pass word", repr(found))

    def test_pkcs12_folder(self) -> None:
        """
        So is a folder of them, which have one password.
        """
        self.write("many/a.p12", b"0\x82\1\2")
        self.write("many/b.pfx", b"0\x82\1\2")
        self.assertEqual(
            self.files.store(store("keystore", "many", "PKCS12")),
            Keystore(type="PKCS12", file=self.folder / "many"),
        )
        self.assertEqual(
            self.refused(store("keystore", "many")),
            "9: <file>: the folder 'many' has no file *.pem or *.crt or *.key",
        )

    def test_java(self) -> None:
        """
        Java's keystores are taken where their reader is there, without a type as well; a wrong one is told.
        """
        for magic, kind in ((b"\xfe\xed\xfe\xed", "JKS"), (b"\xce\xce\xce\xce", "JCEKS")):
            file = self.write("my keys.db", magic + b"\0\0\0\2")
            for written in ("", kind):
                self.assertEqual(
                    self.files.store(store("keystore", "my keys.db", written)),
                    Keystore(type=kind, file=file),
                )
            self.faults = Faults("c.xml")
            self.files = Files(self.folder, self.faults)
            said = f"9: <file>: the file is {kind}; write <type>{kind}</type>"
            self.assertEqual(self.refused(store("keystore", "my keys.db", "PEM")), said)

    def test_java_unread(self) -> None:
        """
        Without it they are refused with the commands that convert them, whatever the type says.
        """
        self.patch(stores, "find_spec", lambda name: None)
        said = (
            "files are Java's own; convert it with `keytool -importkeystore -srckeystore 'my keys.db'"
            " -srcstoretype {0} -destkeystore 'my keys.p12' -deststoretype PKCS12` and write"
            " <type>PKCS12</type>, or go on with `openssl pkcs12 -in 'my keys.p12' -nodes -out 'my keys.pem'`"
            " and write <type>PEM</type>; or have it read as it is, after"
            " `pip install kaazing-gateway[jks]`"
        )
        for magic, kind in ((b"\xfe\xed\xfe\xed", "JKS"), (b"\xce\xce\xce\xce", "JCEKS")):
            self.write("my keys.db", magic + b"\0\0\0\2")
            for written in ("", "JKS", "JCEKS", "PEM"):
                self.faults = Faults("c.xml")
                self.files = Files(self.folder, self.faults)
                expected = f"9: <file>: {kind} {said.format(kind)}"
                self.assertEqual(self.refused(store("keystore", "my keys.db", written)), expected)

    def test_java_that_is_missing(self) -> None:
        """
        A Java keystore that is not there is refused for both reasons.
        """
        self.files.store(store("truststore", "t.db", "JKS"))
        self.assertEqual(noted(self.faults)[0].partition("; ")[0], "9: <file>: there is no file 't.db'")
        self.assertIn("-srcstoretype JKS -destkeystore t.p12 ", noted(self.faults)[1])

    def test_other_type(self) -> None:
        """
        A file of another type than said is told with what it is; newer Java writes PKCS12 and calls it JKS.
        """
        self.write("k.db", b"0\x82\1\2")
        said = "9: <file>: the file is PKCS12; write <type>PKCS12</type>"
        self.assertEqual(self.refused(store("keystore", "k.db", "JKS")), said)
        self.assertIsNone(self.files.store(store("keystore", "k.db")))
        self.assertEqual(noted(self.faults), [said])

    def test_unknown_type(self) -> None:
        """
        Other types are not known.
        """
        said = "9: <file>: the <type> beside it is none of PEM, PKCS12, JKS, JCEKS"
        self.assertEqual(self.refused(store("keystore", "all.pem", "BKS")), said)

    def test_rubbish(self) -> None:
        """
        A file that is nothing of all that.
        """
        self.write("x", "hello")
        self.assertEqual(
            self.refused(store("keystore", "x")), "9: <file>: the file is neither PEM, PKCS12, JKS nor JCEKS"
        )

    def test_halves(self) -> None:
        """
        A keystore needs certificate and key, a truststore certificates.
        """
        self.assertEqual(
            self.refused(store("keystore", "gateway.crt")), "9: <file>: there is no private key in it"
        )
        self.assertIsNotNone(self.files.store(store("truststore", "gateway.crt")))
        self.files.store(store("truststore", "gateway.key"))
        self.assertEqual(noted(self.faults)[1], "9: <file>: there is no certificate in it")

    def test_missing(self) -> None:
        """
        Files that are not there, also that of the password.
        """
        self.assertIsNone(self.files.store(store("keystore", "none", "PEM", "none.pw")))
        where = "; names are relative to the configuration file"
        self.assertEqual(
            noted(self.faults),
            [
                f"9: <file>: there is no file 'none'{where}",
                f"10: <password-file>: there is no file 'none.pw'{where}",
            ],
        )


class PemTests(ConfigTestCase):
    """PEM files of options."""

    def setUp(self) -> None:
        """Have two certificates with their keys, and no errors."""
        super().setUp()
        self.faults = Faults("c.xml")
        self.files = Files(self.folder, self.faults)
        self.crt, self.key = certificate(self.folder)
        self.other = certificate(self.folder, "other")[1]

    def test_wanted(self) -> None:
        """
        The file must have in it what the option is for.
        """
        self.assertEqual(self.files.pem(node("f", "gateway.crt"), CERTIFICATE), self.crt)
        self.assertIsNone(self.files.pem(node("f", "gateway.crt"), KEY))
        self.assertEqual(noted(self.faults), ["7: <f>: 'gateway.crt' is no PEM file with a private key"])

    def test_pair(self) -> None:
        """
        Certificate and key must belong together; the answer is the same the second time.
        """
        self.files.check_pair(node("f"), self.crt, self.key)
        self.assertEqual(noted(self.faults), [])
        for line in (8, 9):
            self.files.check_pair(node("f", line=line), self.crt, self.other)
        said = "<f>: certificate and private key do not go together: key values mismatch"
        self.assertEqual(noted(self.faults), [f"8: {said}", f"9: {said}"])

    def test_no_key(self) -> None:
        """
        A certificate alone is no use.
        """
        self.files.check_pair(node("f"), self.crt, None)
        (said,) = noted(self.faults)
        self.assertTrue(said.startswith("7: <f>: certificate and private key do not go together: "), said)

    def test_replaced_name(self) -> None:
        """
        A name that was put in for ${...} is not shown.
        """
        self.files.pem(node("f", "hidden.crt", written="${CRT}"), CERTIFICATE)
        self.assertEqual(
            noted(self.faults),
            ["7: <f>: there is no file '${CRT}'; names are relative to the configuration file"],
        )
