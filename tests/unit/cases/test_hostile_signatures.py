"""Signatures that are wrong in one detail: both judges refuse them, our own reader and OpenSSH's `ssh-keygen`.

Each row is a signature that would be right but for what its name says: where a field is changed, the rest is signed
with it, so that only the rule for that field can refuse it.
"""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from mailsorter.cases.ssh_keygen import Judgement, find_ssh_keygen, judge
from mailsorter.cases.ssh_public_key import read_public_key
from mailsorter.cases.sshsig import SignatureRefused, verify, verify_form_and_value
from tests.unit.cases.ssh_signer import (
    NAMESPACE,
    STATEMENT,
    Fields,
    Signer,
    armor,
    ecdsa_signer,
    ed25519_signer,
    mpint,
    rsa_signer,
    security_key_signer,
    string,
    with_public,
)  # fmt: skip

Made = tuple[str, str]  # the signature, and the public key of the config

ED, P256, RSA, TOKEN = ed25519_signer(), ecdsa_signer(), rsa_signer(), security_key_signer()
#: The order of the group of points: of Ed25519, and of P-256.
_ED_ORDER = 2**252 + 27742317777372353535851937790883648493
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def made(signer: Signer, **fields: object) -> Made:
    return Fields(signer, **fields).armored(), signer.line  # type: ignore[arg-type]


def text(change: Callable[[str], str]) -> Made:
    return change(Fields(ED).armored()), ED.line


def blob(change: Callable[[bytes], bytes]) -> Made:
    return armor(change(Fields(ED).blob())), ED.line


def numbers(value: bytes) -> tuple[int, int]:
    length = int.from_bytes(value[:4], "big")
    return int.from_bytes(value[4 : 4 + length], "big"), int.from_bytes(value[8 + length :], "big")


def ecdsa(change: Callable[[int, int], bytes]) -> Made:
    return made(P256, change_value=lambda value: change(*numbers(value)))


def raw(number: int) -> bytes:
    """A number without the zero byte that keeps it positive."""
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def negative_r() -> Made:
    """One whose r needs the zero byte, without it."""
    for count in itertools.count():
        fields = Fields(P256, statement=STATEMENT)
        r, s = numbers(P256.sign(fields.signed()))
        if raw(r)[0] & 0x80:
            return made(P256, change_value=lambda _, r=r, s=s: string(raw(r)) + mpint(s))
        assert count < 1000
    raise AssertionError


def loose_base64(armored: str) -> str:
    """With a bit set in its last letter that no byte uses."""
    lines = armored.split("\n")
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last, padding = lines[-3].rstrip("="), "=" * (len(lines[-3]) - len(lines[-3].rstrip("=")))
    assert padding
    lines[-3] = last[:-1] + letters[letters.index(last[-1]) + 1] + padding
    return "\n".join(lines)


def plus_order(value: bytes) -> bytes:
    """The same signature in a second form, which RFC 8032 forbids."""
    return value[:32] + (int.from_bytes(value[32:], "little") + _ED_ORDER).to_bytes(32, "little")


def without_leading_zero() -> Made:
    """An RSA signature that begins with a zero byte, without it."""
    for count in itertools.count():
        hash_algorithm, statement = b"sha256", b"%d" % count
        value = RSA.sign(Fields(RSA, statement=statement, hash_algorithm=hash_algorithm).signed())
        if value[0] == 0:
            armored = Fields(
                RSA, statement=statement, hash_algorithm=hash_algorithm, change_value=lambda value: value[1:]
            ).armored()
            return armored, RSA.line
        assert count < 20_000
    raise AssertionError


HOSTILE: dict[str, Callable[[], Made]] = {
    # the text around it
    "nothing": lambda: ("", ED.line),
    "only the two lines": lambda: ("-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n", ED.line),
    "no first line": lambda: text(lambda t: t.split("\n", 1)[1]),
    "no last line": lambda: text(lambda t: t.replace("-----END SSH SIGNATURE-----\n", "")),
    "an empty line before": lambda: text(lambda t: "\n" + t),
    "a blank before": lambda: text(lambda t: " " + t),
    "a byte order mark": lambda: text(lambda t: "\ufeff" + t),
    "lines end with CR LF": lambda: text(lambda t: t.replace("\n", "\r\n")),
    "PGP's first line": lambda: text(lambda t: t.replace("SSH SIGNATURE", "PGP SIGNATURE")),
    "base64 for URLs": lambda: text(lambda t: t.replace("+", "-").replace("/", "_").replace("A", "-", 1)),
    "no padding": lambda: (made(TOKEN)[0].replace("=", ""), TOKEN.line),
    "bits that no byte uses": lambda: (loose_base64(made(TOKEN)[0]), TOKEN.line),
    "a letter of another alphabet": lambda: text(lambda t: t.replace("U", "Ｕ", 1)),
    "a NUL": lambda: text(lambda t: t[:60] + "\0" + t[60:]),
    "longer than any": lambda: (armor(Fields(ED).blob() + b"\0" * 20_000), ED.line),
    # the envelope
    "another magic": lambda: made(ED, magic=b"SSHSIH"),
    "version 2": lambda: made(ED, version=2),
    "a length beyond the end": lambda: blob(lambda b: b[:10] + b"\xff\xff\xff\xff" + b[14:]),
    "the last byte missing": lambda: blob(lambda b: b[:-1]),
    "only the magic": lambda: blob(lambda b: b[:6]),
    "a byte after it": lambda: made(ED, end=b"\0"),
    "a field after it": lambda: made(ED, end=string(b"more")),
    "another namespace": lambda: made(ED, namespace=b"git"),
    "a namespace that goes on": lambda: made(ED, namespace=b"mailsorter-approval2"),
    "a namespace that stops short": lambda: made(ED, namespace=b"mailsorter-approva"),
    "a namespace in capitals": lambda: made(ED, namespace=b"MAILSORTER-APPROVAL"),
    "a namespace with a NUL": lambda: made(ED, namespace=b"mailsorter-approval\0"),
    "no namespace": lambda: made(ED, namespace=b""),
    "a reserved field, signed": lambda: made(ED, reserved=b"x"),
    "SHA-1": lambda: made(ED, hash_algorithm=b"sha1"),
    "MD5": lambda: made(ED, hash_algorithm=b"md5"),
    "SHA-384": lambda: made(ED, hash_algorithm=b"sha384"),
    "a hash in capitals": lambda: made(ED, hash_algorithm=b"SHA512"),
    "a hash with a NUL": lambda: made(ED, hash_algorithm=b"sha512\0", hashed_with="sha512"),
    "no hash": lambda: made(ED, hash_algorithm=b"", hashed_with="sha512"),
    "the name of the other hash": lambda: made(ED, hash_algorithm=b"sha256", hashed_with="sha512"),
    # whose it is
    "another person's": lambda: (Fields(ed25519_signer("eve")).armored(), ED.line),
    "another person's under this key": lambda: (Fields(ed25519_signer("eve"), public=ED.public).armored(), ED.line),
    "a byte after the key": lambda: made(ED, public=ED.public + b"\0"),
    "a key of another type": lambda: made(ED, public=string(b"ssh-rsa") + ED.public[15:]),
    "a key without its point": lambda: made(ED, public=string(b"ssh-ed25519")),
    # what was signed
    "another statement": lambda: made(ED, statement=STATEMENT + b" "),
    "no statement": lambda: made(ED, statement=b""),
    # Ed25519
    "Ed25519, 63 bytes": lambda: made(ED, change_value=lambda v: v[:-1]),
    "Ed25519, 65 bytes": lambda: made(ED, change_value=lambda v: v + b"\0"),
    "Ed25519, zeros": lambda: made(ED, change_value=lambda v: bytes(64)),
    "Ed25519, called ECDSA": lambda: made(ED, kind=b"ecdsa-sha2-nistp256"),
    "Ed25519, called a security key's": lambda: made(ED, kind=b"sk-ssh-ed25519@openssh.com"),
    "Ed25519, bytes after it": lambda: made(ED, inner_end=b"\0"),
    "Ed25519, with a security key's trailer": lambda: made(ED, trailer=b"\1\0\0\0\7"),
    # ECDSA
    "ECDSA, called P-384": lambda: made(P256, kind=b"ecdsa-sha2-nistp384"),
    "ECDSA, called by no curve": lambda: made(P256, kind=b"ecdsa-sha2-"),
    "ECDSA, called by an unknown curve": lambda: made(P256, kind=b"ecdsa-sha2-nistp256k1"),
    "ECDSA, called Ed25519": lambda: made(P256, kind=b"ssh-ed25519"),
    "ECDSA, P-384 called P-256": lambda: made(ecdsa_signer("nistp384"), kind=b"ecdsa-sha2-nistp256"),
    "ECDSA, the hash of another curve": lambda: made(ecdsa_signer("nistp384", "nistp256")),
    "ECDSA, r negative": negative_r,
    "ECDSA, r nothing": lambda: ecdsa(lambda r, s: mpint(0) + mpint(s)),
    "ECDSA, s nothing": lambda: ecdsa(lambda r, s: mpint(r) + mpint(0)),
    "ECDSA, r beyond the order": lambda: ecdsa(lambda r, s: mpint(r + _P256_ORDER) + mpint(s)),
    "ECDSA, s beyond the order": lambda: ecdsa(lambda r, s: mpint(r) + mpint(s + _P256_ORDER)),
    "ECDSA, exchanged": lambda: ecdsa(lambda r, s: mpint(s) + mpint(r)),
    "ECDSA, a byte after s": lambda: ecdsa(lambda r, s: mpint(r) + mpint(s) + b"\0"),
    "ECDSA, a third number": lambda: ecdsa(lambda r, s: mpint(r) + mpint(s) + mpint(1)),
    "ECDSA, one number": lambda: ecdsa(lambda r, s: mpint(r)),
    "ECDSA, in DER": lambda: ecdsa(encode_dss_signature),
    "ECDSA, bytes after it": lambda: made(P256, inner_end=b"\0"),
    # RSA
    "RSA, SHA-1": lambda: made(rsa_signer("ssh-rsa")),
    "RSA, SHA-384": lambda: made(rsa_signer("rsa-sha2-384")),
    "RSA, the name of the other hash": lambda: made(RSA, kind=b"rsa-sha2-256"),
    "RSA, PSS": lambda: made(rsa_signer(is_pss=True)),
    "RSA, a byte too many": lambda: made(RSA, change_value=lambda v: b"\0" + v),
    "RSA, as a number": lambda: made(RSA, change_value=lambda v: string(b"\0" + v)),
    "RSA, bytes after it": lambda: made(RSA, inner_end=b"\0"),
    # a security key
    "security key, no trailer": lambda: made(TOKEN, trailer=b""),
    "security key, short trailer": lambda: made(security_key_signer(trailer=b"\1\0\0\7")),
    "security key, long trailer": lambda: made(security_key_signer(trailer=b"\1\0\0\0\7\0")),
    "security key, another counter": lambda: made(TOKEN, trailer=b"\1\0\0\0\x08"),
    "security key, other flags": lambda: made(TOKEN, trailer=b"\5\0\0\0\7"),
    "security key, another application": lambda: made(
        with_public(TOKEN, TOKEN.public.replace(string(b"ssh:"), string(b"ssh:x")))
    ),
    "security key, called Ed25519": lambda: made(TOKEN, kind=b"ssh-ed25519", trailer=b""),
}

#: OpenSSH 9.2 takes these. They are refused here: nothing may be in a signature that nobody signed.
STRICTER: dict[str, Callable[[], Made]] = {
    "text after the last line": lambda: text(lambda t: t + "approved by everybody\n"),
    "a second signature after it": lambda: text(lambda t: t + t),
    "a reserved field, not signed": lambda: made(ED, reserved=b"x", signed_reserved=b""),
    "blanks between the letters": lambda: text(lambda t: t[:60] + " \t" + t[60:]),
    "an empty line between the letters": lambda: text(lambda t: t[:60] + "\n\n" + t[60:]),
    "version 0": lambda: made(ED, version=0),
    "ECDSA, r with a zero too many": lambda: ecdsa(lambda r, s: string(b"\0\0" + raw(r)) + mpint(s)),
    "ECDSA, s with a zero too many": lambda: ecdsa(lambda r, s: mpint(r) + string(b"\0\0" + raw(s))),
    "Ed25519, its second form": lambda: made(ED, change_value=plus_order),
    "RSA, 1024 bits": lambda: made(rsa_signer(bits=1024)),
    "RSA, without its leading zero": without_leading_zero,
    "security key, nobody was present": lambda: made(security_key_signer(flags=0)),
    "security key, only its PIN was given": lambda: made(security_key_signer(flags=4)),
}

RIGHT: dict[str, Callable[[], Made]] = {
    "Ed25519": lambda: made(ED),
    "Ed25519 over SHA-256": lambda: made(ED, hash_algorithm=b"sha256"),
    "P-256": lambda: made(P256),
    "P-384": lambda: made(ecdsa_signer("nistp384")),
    "P-521": lambda: made(ecdsa_signer("nistp521")),
    "RSA with SHA-256": lambda: made(rsa_signer("rsa-sha2-256")),
    "RSA with SHA-512": lambda: made(RSA),
    "RSA of 3072 bits": lambda: made(rsa_signer(bits=3072)),
    "a security key": lambda: made(TOKEN),
    "a security key and its PIN": lambda: made(security_key_signer(flags=5)),
}


@pytest.fixture(params=["with ssh-keygen", "without"])
def keygen(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str | None:
    """The machine as it is, and one without OpenSSH: a search path with nothing in it."""
    if request.param == "without":
        monkeypatch.setenv("PATH", str(tmp_path))
        assert find_ssh_keygen() is None
    elif find_ssh_keygen() is None:
        pytest.skip("ssh-keygen is not installed here")
    return find_ssh_keygen()


def test_the_table_is_as_long_as_it_should_be() -> None:
    assert len(HOSTILE) + len(STRICTER) >= 40


@pytest.mark.parametrize("name", [*HOSTILE, *STRICTER])
def test_a_signature_with_one_thing_wrong_is_refused(name: str, keygen: str | None) -> None:
    """On machines with and without OpenSSH."""
    armored, public = (HOSTILE | STRICTER)[name]()
    with pytest.raises(SignatureRefused):
        verify(STATEMENT, armored, public, NAMESPACE)
    with pytest.raises(SignatureRefused):
        verify_form_and_value(STATEMENT, armored, public, NAMESPACE)


@pytest.mark.parametrize("name", HOSTILE)
def test_openssh_refuses_it_too(name: str) -> None:
    """The judges agree, so that the table is no opinion of this project's."""
    program = find_ssh_keygen()
    if program is None:
        pytest.skip("ssh-keygen is not installed here")
    armored, public = HOSTILE[name]()
    key = read_public_key(public)
    assert judge(program, STATEMENT, armored, key, NAMESPACE) is Judgement.REFUSED


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_signature_is_accepted(name: str, keygen: str | None) -> None:
    """Every kind of key, by both judges."""
    armored, public = RIGHT[name]()
    verify(STATEMENT, armored, public, NAMESPACE)
    expected = Judgement.NONE if keygen is None else Judgement.ACCEPTED
    assert judge(keygen, STATEMENT, armored, read_public_key(public), NAMESPACE) is expected


def of_blob(kind: str, blob: bytes) -> str:
    return f"{kind} {base64.b64encode(blob).decode()} anna"


def rsa_line(exponent: bytes, modulus: bytes) -> str:
    return of_blob("ssh-rsa", string(b"ssh-rsa") + string(exponent) + string(modulus))


def p256_line(point: bytes) -> str:
    return of_blob(P256.kind, string(P256.kind.encode()) + string(b"nistp256") + string(point))


_POINT = P256.public[-65:]
_MODULUS = b"\0" + b"\xff" * 256
BAD_KEYS = {
    "nothing": "",
    "no key": "ssh-ed25519",
    "no base64": "ssh-ed25519 %%%",
    "type and key differ": ED.line.replace("ssh-ed25519", "ssh-rsa"),
    "options before the type": "cert-authority " + ED.line,
    "a certificate": of_blob("ssh-ed25519-cert-v01@openssh.com", string(b"ssh-ed25519-cert-v01@openssh.com")),
    "DSA": of_blob("ssh-dss", string(b"ssh-dss") + mpint(7) * 4),
    "a byte after it": of_blob(ED.kind, ED.public + b"\0"),
    "a point of 31 bytes": of_blob(ED.kind, string(b"ssh-ed25519") + string(bytes(31))),
    "P-256 that says P-384": of_blob(P256.kind, string(P256.kind.encode()) + string(b"nistp384") + string(_POINT)),
    "a compressed point": p256_line(b"\2" + _POINT[1:33]),
    "a point beside the curve": p256_line(_POINT[:-1] + bytes([_POINT[-1] ^ 1])),
    "RSA of 1024 bits": rsa_signer(bits=1024).line,
    "RSA with a zero too many": rsa_line(b"\0\1\0\1", _MODULUS),
    "RSA with a negative modulus": rsa_line(b"\1\0\1", _MODULUS[1:]),
    "RSA with exponent 1": rsa_line(b"\1", _MODULUS),
    "RSA with an even exponent": rsa_line(b"\1\0\0", _MODULUS),
    "RSA of 16,392 bits": rsa_line(b"\1\0\1", b"\0" + b"\xff" * 2049),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_KEYS)
def test_a_public_key_that_is_not_in_order_lets_no_signature_through(name: str) -> None:
    """The config's own mistake is said, whatever the signature is."""
    with pytest.raises(SignatureRefused, match=r"public key|RSA key"):
        verify(STATEMENT, Fields(ED).armored(), BAD_KEYS[name], NAMESPACE)


def test_an_ssh_keygen_that_cannot_judge_leaves_the_judgement_to_the_first_judge(tmp_path: Path) -> None:
    """One that is not there, and one older than 8.1, which answers with its usage; anything else is a no."""
    old = tmp_path / "ssh-keygen"
    old.write_text("#!/bin/sh\necho 'unknown option -- Y' >&2\necho 'usage: ssh-keygen [-q] [-b bits]' >&2\nexit 1\n")
    old.chmod(0o700)
    armored, public = made(ED)
    said = [
        judge(program, STATEMENT, armored, read_public_key(public), NAMESPACE)
        for program in (None, str(tmp_path / "missing"), str(old), "/bin/false")
    ]
    assert said == [Judgement.NONE, Judgement.NONE, Judgement.NONE, Judgement.REFUSED]


def test_openssh_s_no_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What our own reader accepts is refused when the ssh-keygen of this machine says no."""
    (tmp_path / "ssh-keygen").symlink_to("/bin/false")
    monkeypatch.setenv("PATH", str(tmp_path))
    armored, public = made(ED)
    with pytest.raises(SignatureRefused, match="ssh-keygen -Y verify"):
        verify(STATEMENT, armored, public, NAMESPACE)


def test_nothing_is_left_in_the_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What OpenSSH was given is gone after its answer."""
    if find_ssh_keygen() is None:
        pytest.skip("ssh-keygen is not installed here")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for armored, public in (RIGHT["Ed25519"](), HOSTILE["another statement"]()):
        judge(find_ssh_keygen(), STATEMENT, armored, read_public_key(public), NAMESPACE)
    assert list(tmp_path.iterdir()) == []
