"""Certificates that nobody but the test trusts: a server's own, or of a house's own authority."""

import ipaddress
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Certificate(NamedTuple):
    """PEM files."""

    certificate: Path
    key: Path

    def server_context(self) -> ssl.SSLContext:
        """What a server shows to its clients."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.certificate, self.key)
        return context


def make_certificate(folder: Path) -> Certificate:
    """Write a self-signed certificate for 127.0.0.1 and localhost, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    names = (x509.DNSName("localhost"), x509.IPAddress(ipaddress.IPv4Address("127.0.0.1")))
    certificate = (
        _builder("localhost", names, key, is_ca=True).issuer_name(_named("localhost")).sign(key, hashes.SHA256())
    )
    return _written(folder, "certificate", certificate, key)


def make_house(folder: Path, *hosts: str) -> tuple[Path, Certificate]:
    """The file of a house's own authority, and a certificate by it for these hosts."""
    authority, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = _builder("The house", (), authority, is_ca=True).issuer_name(_named("The house"))
    names = [x509.DNSName(host) for host in hosts]
    leaf = _builder(hosts[0], names, key, is_ca=False).issuer_name(_named("The house"))
    trusted = _written(folder, "house", root.sign(authority, hashes.SHA256()), authority)
    return trusted.certificate, _written(folder, hosts[0], leaf.sign(authority, hashes.SHA256()), key)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(
    name: str, names: Sequence[x509.GeneralName], key: ec.EllipticCurvePrivateKey, *, is_ca: bool
) -> x509.CertificateBuilder:
    made = (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2120, 1, 1, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
    )
    return made.add_extension(x509.SubjectAlternativeName(names), critical=False) if names else made


def _written(folder: Path, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Certificate:
    files = Certificate(folder / f"{name}.pem", folder / f"{name}-key.pem")
    files.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files
