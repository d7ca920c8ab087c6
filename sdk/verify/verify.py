#!/usr/bin/env python3
"""Verifies the signatures of a .hal9 package, with the standard library of Python 3.8 or newer and nothing else.

    python3 verify.py PACKAGE --key BASE64 [--key BASE64]...
    python3 verify.py PACKAGE --statement

Exit status: 0, and a line for each signature, when all signatures fit the package and one of them is by a key that was given;
4 when not, with the reason that a server names; 2 for wrong usage. --statement prints the text that is signed, and nothing else.

The format: signatures.md among the documents of the SDK. Ed25519 is written from RFC 8032. It is not made for secrets: it takes a
time that depends on its input, which only matters to those who sign.
"""

import argparse
import base64
import binascii
import hashlib
import json
import sys
import zipfile

SIGNATURES = "signatures.json"
MAX_SIGNATURES = 16
MAX_SIGNATURES_BYTES = 16 * 1024
MAX_ENTRIES = 1000
MAX_TOTAL_BYTES = 256 * 1024 * 1024

# --- Ed25519, RFC 8032, section 5.1 ---------------------------------------------------------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)


def decode_point(data):
    """32 bytes to a point in extended coordinates (X, Y, Z, T), or None when they are no point (5.1.3)."""
    encoded = int.from_bytes(data, "little")
    sign, y = encoded >> 255, encoded & ((1 << 255) - 1)
    if y >= P:
        return None
    xx = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(xx, (P + 3) // 8, P)
    if x * x % P != xx:
        x = x * SQRT_M1 % P
    if x * x % P != xx or (x == 0 and sign == 1):
        return None
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


def encode_point(point):
    x, y, z, _ = point
    inverse = pow(z, P - 2, P)
    x, y = x * inverse % P, y * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def add(p, q):
    """The sum of two points, which may be the same (5.1.4)."""
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


NEUTRAL = (0, 1, 1, 0)
BASE = decode_point(bytes.fromhex("58" + "66" * 31))


def multiply(scalar, point):
    result = NEUTRAL
    while scalar > 0:
        if scalar & 1:
            result = add(result, point)
        point = add(point, point)
        scalar >>= 1
    return result


def key_fault(public_key):
    """Why 32 bytes are no key that may be trusted, or None."""
    if len(public_key) != 32:
        return "it has not 32 bytes"
    point = decode_point(public_key)
    if point is None:
        return "it is no point of the curve"
    if encode_point(multiply(8, point)) == encode_point(NEUTRAL):
        return "it is a point of small order, for which anybody can sign"
    return None


def verifies(public_key, message, signature):
    """Whether a signature is by a key and fits a message (5.1.7, without the cofactor)."""
    point = decode_point(public_key)
    scalar = int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or point is None or scalar >= L:
        return False
    r = signature[:32]
    k = int.from_bytes(hashlib.sha512(r + public_key + message).digest(), "little") % L
    minus = (P - point[0], point[1], point[2], P - point[3])
    return encode_point(add(multiply(scalar, BASE), multiply(k, minus))) == r


# --- The package ----------------------------------------------------------------------------------------------------------


class Refused(Exception):
    """A reason that a server names, and words for a person."""


def read_files(path):
    files = {}
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            if len(entries) > MAX_ENTRIES or sum(entry.file_size for entry in entries) > MAX_TOTAL_BYTES:
                raise Refused("PACKAGE_TOO_LARGE", "the package has more files, or larger ones, than it may")
            for entry in entries:
                if entry.filename in files or any(ord(c) < 32 for c in entry.orig_filename):
                    raise Refused("PACKAGE_INVALID", "the package has a file twice, or one whose name is not plain")
                files[entry.filename] = archive.read(entry)
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError, zipfile.zlib.error) as error:
        raise Refused("PACKAGE_INVALID", f"{path}: {error}") from error
    return files


def statement_of(files):
    """The text that is signed: everything but the signatures."""
    lines = [b"hal9-package-1\n"]
    for path in sorted(name.encode() for name in files if name != SIGNATURES):
        content = files[path.decode()]
        lines.append(b"%d %s %s\n" % (len(content), hashlib.sha256(content).hexdigest().encode(), path))
    return b"".join(lines)


def exact_base64(text, size):
    """The bytes of exactly one spelling."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        raise Refused("SIGNATURE_INVALID", f"{SIGNATURES}: expected base64") from error
    if len(data) != size or base64.b64encode(data).decode() != text:
        raise Refused("SIGNATURE_INVALID", f"{SIGNATURES}: expected {size} bytes in base64")
    return data


def once(pairs):
    """A JSON object in which each member stands once."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member stands there twice")
    return found


def read_signatures(data):
    """[(key id, public key, signature)] of signatures.json."""
    if len(data) > MAX_SIGNATURES_BYTES:
        raise Refused("SIGNATURE_INVALID", f"{SIGNATURES} is larger than {MAX_SIGNATURES_BYTES} bytes")
    try:
        document = json.loads(data.decode("utf-8"), object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise Refused("SIGNATURE_INVALID", f"{SIGNATURES} is not one JSON text in UTF-8") from error
    entries = document.get("signatures") if isinstance(document, dict) and len(document) == 1 else None
    if not isinstance(entries, list) or not 1 <= len(entries) <= MAX_SIGNATURES:
        raise Refused("SIGNATURE_INVALID", f"{SIGNATURES}: expected 1 to {MAX_SIGNATURES} signatures")
    found = []
    for entry in entries:
        if not isinstance(entry, dict) or set(entry) != {"algorithm", "key_id", "public_key", "signature"}:
            raise Refused("SIGNATURE_INVALID", f"{SIGNATURES}: expected algorithm, key_id, public_key and signature")
        if entry["algorithm"] != "ed25519":
            raise Refused("SIGNATURE_INVALID", f"{SIGNATURES}: expected the algorithm ed25519")
        key = exact_base64(entry["public_key"], 32)
        if entry["key_id"] != hashlib.sha256(key).hexdigest():
            raise Refused("SIGNATURE_INVALID", f"{SIGNATURES}: expected the sha256 of public_key as key_id")
        found.append((entry["key_id"], key, exact_base64(entry["signature"], 64)))
    if len({key_id for key_id, _, _ in found}) != len(found):
        raise Refused("SIGNATURE_INVALID", f"{SIGNATURES}: expected one signature of each key")
    return found


def verify(files, trusted):
    """The signatures, all of which fit. Refused when one does not, or none is by a trusted key."""
    if SIGNATURES not in files:
        raise Refused("SIGNATURE_MISSING", "the package is not signed")
    signatures = read_signatures(files[SIGNATURES])
    statement = statement_of(files)
    for key_id, key, signature in signatures:
        if not verifies(key, statement, signature):
            raise Refused("SIGNATURE_INVALID", f"the signature of the key {key_id} does not fit the package")
    if not any(key in trusted for _, key, _ in signatures):
        raise Refused("KEY_UNTRUSTED", "no signature is by a key that was given")
    return signatures


def trusted_key(text):
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise argparse.ArgumentTypeError("expected the base64 of a public key") from error
    fault = key_fault(key)
    if fault is not None:
        raise argparse.ArgumentTypeError(f"expected an Ed25519 public key: {fault}")
    return key


def main():
    parser = argparse.ArgumentParser(description="Verifies the signatures of a .hal9 package.")
    parser.add_argument("package", metavar="PACKAGE")
    parser.add_argument("--key", action="append", default=[], type=trusted_key, help="a public key, in base64")
    parser.add_argument("--statement", action="store_true", help="print the text that is signed")
    options = parser.parse_args()
    try:
        files = read_files(options.package)
        if options.statement:
            sys.stdout.buffer.write(statement_of(files))
            return 0
        signatures = verify(files, options.key)
        print(f"good: {hashlib.sha256(statement_of(files)).hexdigest()}")
        for key_id, key, _ in signatures:
            print(f"signed by: {key_id}{'' if key in options.key else ' (not given)'}")
        return 0
    except Refused as refused:
        print(f"{refused.args[0]}: {refused.args[1]}", file=sys.stderr)
        return 4


if __name__ == "__main__":
    sys.exit(main())
