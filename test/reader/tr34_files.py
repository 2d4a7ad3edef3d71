# SPDX-License-Identifier: Apache-2.0
"""The files around a TR-34 key token, for tests: credential tokens of KRD and KDH, the KRD's nonce.

CT_KRD and CT_KDH are degenerate SignedData: nobody signs, they only carry a certificate, the KDH's
its CA's CRL too. RT_KRD is a bare Attribute with the nonce. All are DER here.
"""
import tr34_form as form
from tr34_der import OCTETS, SEQUENCE, SET, explicit, integer, need, octets, only, sequence, tlv
from tr34_writer import Parts, attribute

_NO_CONTENT = sequence(form.DATA, explicit(0, octets(b"")))


def write_ct_krd(certificate, crl=None, **changes):
    """CT_KRD of a certificate (DER). Parts that can be made wrong, as in tr34_writer: version,
    digest_algorithms, content, certificates, crls, signer_infos, signed_data, token."""
    part = Parts(changes)
    signed_data = sequence(
        integer(part("version", 1)),
        part("digest_algorithms", tlv(SET)),
        part("content", _NO_CONTENT),
        part("certificates", explicit(0, certificate)),
        part("crls", explicit(1, crl) if crl else b""),
        part("signer_infos", tlv(SET)),
    )
    signed_data = part("signed_data", signed_data)
    token = part("token", form.content_info(form.SIGNED_DATA, signed_data))
    part.end()
    return token


def write_rt_krd(nonce):
    """RT_KRD: the random number that the next token must carry."""
    return attribute(form.RANDOM_NONCE, octets(nonce))


def read_rt_krd(token):
    walk = only(token, SEQUENCE, "RT_KRD")
    walk.expect(form.RANDOM_NONCE, "attrType")
    values = walk.enter(SET, "attrValues")
    walk.end()
    nonce = values.take(OCTETS, "nonce")
    values.end()
    return nonce


def read_ct_kdh(token, with_crl=True):
    """The certificate of a CT_KDH and its CRL, both DER; no CRL is there where with_crl is False.

    They stand in the order of CMS: certificates, crls, signerInfos. Neither is checked further:
    tr34_chain does that.
    """
    walk = form.open_signed_data(token)
    walk.expect(integer(1), "version", "VERSION")
    walk.expect(tlv(SET), "digestAlgorithms")
    walk.expect(_NO_CONTENT, "encapContentInfo")
    certificates = walk.enter(0xA0, "certificates")
    certificate = certificates.whole(SEQUENCE, "certificate")
    certificates.end()
    crl = None
    need(
        (walk.peek() == 0xA1) == with_crl, "CRL", "crls are there, or are not, against what is due"
    )
    if with_crl:
        crls = walk.enter(0xA1, "crls")
        crl = crls.whole(SEQUENCE, "CRL")
        crls.end()
    walk.expect(tlv(SET), "signerInfos")
    walk.end()
    return certificate, crl
