"""Says in a photo that an algorithm changed it: in its XMP, and by a signed C2PA manifest.

XMP: the property Iptc4xmpExt:DigitalSourceType of the IPTC Photo Metadata Standard, which search engines and platforms
read, with the term of cv.iptc.org for a photo that holds parts made by a trained model.
C2PA (c2pa.org): a manifest that is signed with the user's own certificate (extra `provenance`).
"""

import dataclasses
import io
import json
import logging
import os
import pathlib
import xml.etree.ElementTree as ElementTree

from cdaae_jax import __version__
from cdaae_jax.errors import UserError

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_META = "adobe:ns:meta/"
_IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_XMP = "http://ns.adobe.com/xap/1.0/"
_PROPERTY = f"{{{_IPTC}}}DigitalSourceType"
_THUMBNAILS = f"{{{_XMP}}}Thumbnails"
_BEGIN = b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>'
_END = b'<?xpacket end="w"?>'
_LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Credentials:
    """With what a C2PA manifest is signed.

    Attributes:
      certificate: path of the certificate chain, PEM, the signing certificate first.
      key: path of its private key, PEM (PKCS 8), ES256 unless `algorithm` says something else.
      algorithm: "es256", "es384", "es512", "ps256", "ps384", "ps512" or "ed25519".
      time_authority: address of a time stamping authority; None signs without the network and without a time stamp.
    """

    certificate: str | os.PathLike
    key: str | os.PathLike
    algorithm: str = "es256"
    time_authority: str | None = None


def marked(xmp: bytes | None) -> bytes:
    """Returns an XMP packet that says so: the photo's own with the property set, or a new one.

    Everything else in the packet stays, but for thumbnails, which show the unedited face.

    Args:
      xmp: the photo's packet; None or b"" where it has none. One that cannot be read is replaced, and that is logged.
    """
    root = _parsed(xmp) if xmp and xmp.strip() else None
    description = None
    if root is not None:
        _strip_thumbnails(root)
        for one in root.iter(f"{{{_RDF}}}Description"):
            one.attrib.pop(_PROPERTY, None)
            for old in one.findall(_PROPERTY):
                one.remove(old)
            description = one if description is None else description
    if root is None or description is None:
        root = ElementTree.Element(f"{{{_META}}}xmpmeta")
        description = ElementTree.SubElement(
            ElementTree.SubElement(root, f"{{{_RDF}}}RDF"), f"{{{_RDF}}}Description", {f"{{{_RDF}}}about": ""}
        )
    ElementTree.SubElement(description, _PROPERTY).text = SOURCE_TYPE
    return _packed(root)


def without_thumbnails(xmp: bytes) -> bytes:
    """Returns an XMP packet without thumbnails; the packet itself where it has none."""
    if b"Thumbnails" not in xmp:
        return xmp
    root = _parsed(xmp)
    if root is None:
        return b""
    _strip_thumbnails(root)
    return _packed(root)


def signed(content: bytes, original: bytes, media_type: str, credentials: Credentials) -> bytes:
    """Returns a file with a C2PA manifest in it.

    The manifest says that cdaae_jax edited the photo, with the same source type as the XMP, and that the original was
    opened, with that file's own manifest if it has one. No thumbnail is made: the library's default would show the
    unedited face.

    Args:
      content: the edited file: JPEG, PNG or WebP, among others.
      original: the file before, in the same format.
      media_type: "image/jpeg", for example.
      credentials: the user's own.

    Raises:
      UserError: c2pa-python is not installed, a file is missing, or the certificate, its key or the format is refused.
    """
    try:
        import c2pa  # an extra: the package works without it
    except ImportError as error:
        raise UserError(
            f"a signed manifest needs the package c2pa-python ({error}); "
            "install it with: pip install 'cdaae_jax[provenance]'"
        ) from None
    certificate, key = (_read(path) for path in (credentials.certificate, credentials.key))
    program = f"cdaae_jax/{__version__}"
    action = {"action": "c2pa.edited", "digitalSourceType": SOURCE_TYPE, "softwareAgent": {"name": program}}
    manifest = {
        "claim_generator_info": [{"name": "cdaae_jax", "version": __version__}],
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [action]}}],
    }
    try:
        settings = c2pa.Settings.from_dict({"builder": {"thumbnail": {"enabled": False}}})
        authority = credentials.time_authority
        signer = c2pa.Signer.from_info(
            c2pa.C2paSignerInfo(
                credentials.algorithm.encode(), certificate, key, authority.encode() if authority else None
            )
        )
        output = io.BytesIO()
        with c2pa.Context(settings) as context, c2pa.Builder(json.dumps(manifest), context) as builder:
            builder.set_intent(c2pa.C2paBuilderIntent.EDIT)  # the first action is that the original was opened
            builder.add_ingredient({"title": "photo", "relationship": "parentOf"}, media_type, io.BytesIO(original))
            builder.sign(signer, media_type, io.BytesIO(content), output)
    except c2pa.C2paError as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"the photo could not be signed ({reason}); allowed are a certificate chain and its private key, both PEM, "
            f"of algorithm {credentials.algorithm}, and JPEG, PNG or WebP"
        ) from None
    return output.getvalue()


def _read(path: str | os.PathLike) -> bytes:
    try:
        return pathlib.Path(path).read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}); give a PEM certificate and its key") from None


def _parsed(xmp: bytes) -> ElementTree.Element | None:
    """Returns the root of a packet; None, which is logged, where it is no XML."""
    begin, end = xmp.find(b"<x:xmpmeta"), xmp.rfind(b"</x:xmpmeta>")
    document = xmp[begin : end + len(b"</x:xmpmeta>")] if 0 <= begin < end else xmp.strip(b"\0 \n\r\t")
    try:
        for _, (prefix, address) in ElementTree.iterparse(io.BytesIO(document), events=("start-ns",)):
            if prefix and not prefix.startswith("ns"):  # ElementTree keeps ns0, ns1 ... for itself
                ElementTree.register_namespace(prefix, address)
        return ElementTree.fromstring(document)
    except ElementTree.ParseError as error:
        _LOG.warning("the photo's XMP cannot be read (%s) and is replaced", error)
        return None


def _strip_thumbnails(root: ElementTree.Element) -> None:
    for parent in list(root.iter()):
        for child in parent.findall(_THUMBNAILS):
            parent.remove(child)


def _packed(root: ElementTree.Element) -> bytes:
    for prefix, address in (("x", _META), ("rdf", _RDF), ("Iptc4xmpExt", _IPTC)):
        ElementTree.register_namespace(prefix, address)
    return b"\n".join((_BEGIN, ElementTree.tostring(root, encoding="utf-8"), _END))
