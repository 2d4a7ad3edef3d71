# SPDX-License-Identifier: Apache-2.0
"""The openssl command as a second judge of TR-34 tokens and RSA cryptograms, for tests.

What openssl 3.0 does with a key token, by layout:
    aws2012, annexb2019, cms    `cms -verify` accepts each, in whatever order the attributes stand,
                                and gives out the eContent octets as they are
    cms                         `cms -decrypt` opens the EnvelopedData, given a ContentInfo of its own
    annexb2019, aws2012         `cms -decrypt` cannot: the OAEP parameters, the shape, are not CMS's
A token carries no certificate, so the signer's is given by -certfile; an intermediate is found only
among those of -CAfile, where it is no anchor as long as -partial_chain is not given. -binary keeps openssl from
translating line ends. -purpose any: the default purpose, S/MIME, is not what these are for.
"""
import os
import subprocess
import tempfile

import tr34_form as form
from certificates import key_pem


class OpensslError(ValueError):
    """openssl said no; the text is its own."""


def _run(files, *arguments):
    """Runs openssl beside files (name: content); returns what it wrote to the file "out"."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            with open(os.path.join(folder, name), "wb") as file:
                file.write(content)
        done = subprocess.run(
            ("openssl",) + arguments + ("-out", "out"),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        if done.returncode != 0:
            raise OpensslError(done.stderr.decode(errors="replace"))
        with open(os.path.join(folder, "out"), "rb") as file:
            return file.read()


def cms_verify(token, signer, chain):
    """The eContent octets of a token whose signature, digest and chain openssl finds good.

    signer, and chain from its issuer up to the root: parties of certificates.py."""
    files = {
        "token": token,
        "signer": signer.pem,
        "chain": b"".join(party.pem for party in chain),
    }
    return _run(
        files,
        *("cms", "-verify", "-inform", "DER", "-in", "token", "-binary"),
        *("-certfile", "signer", "-CAfile", "chain", "-no-CApath", "-purpose", "any"),
    )


def cms_decrypt(envelope, krd):
    """The content of an EnvelopedData (with its SEQUENCE, as in a token of layout cms)."""
    files = {
        "envelope": form.content_info(form.ENVELOPED_DATA, envelope),
        "key": key_pem(krd.key),
        "certificate": krd.pem,
    }
    return _run(
        files,
        *("cms", "-decrypt", "-inform", "DER", "-in", "envelope", "-binary"),
        *("-inkey", "key", "-recip", "certificate"),
    )


def certificates_of(token):
    """The certificates in a credential token, as PEM with openssl's words between."""
    return _run({"token": token}, "pkcs7", "-inform", "DER", "-in", "token", "-print_certs")


def _oaep(digest, mgf):
    options = ("rsa_padding_mode:oaep", "rsa_oaep_md:" + digest, "rsa_mgf1_md:" + (mgf or digest))
    return [word for option in options for word in ("-pkeyopt", option)]


def oaep_open(cryptogram, key, digest="sha256", mgf=None):
    """The key in a KEY_CRYPTOGRAM (octets): OAEP with sha256 or sha512, the same in MGF1."""
    files = {"cryptogram": cryptogram, "key": key_pem(key)}
    words = ("pkeyutl", "-decrypt", "-in", "cryptogram", "-inkey", "key")
    return _run(files, *words, *_oaep(digest, mgf))


def oaep_make(clear, krd, digest="sha256", mgf=None):
    """A KEY_CRYPTOGRAM for the key of a certificate; mgf: another hash in MGF1, to be refused."""
    files = {"clear": clear, "certificate": krd.pem}
    words = ("pkeyutl", "-encrypt", "-in", "clear", "-certin", "-inkey", "certificate")
    return _run(files, *words, *_oaep(digest, mgf))
