"""Marks: the XMP property is set once, what was there stays, and manifests are signed without a thumbnail."""

import datetime
import io
import json
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from PIL import Image

from cdaae_jax import provenance
from cdaae_jax.errors import UserError

OLD = b"""<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" dc:format="image/jpeg">
<dc:creator><rdf:Seq><rdf:li>Somebody</rdf:li></rdf:Seq></dc:creator>%s</rdf:Description>
<rdf:Description rdf:about="" xmlns:my="http://example.org/my/" my:rating="5"%s/></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""
SOURCE = b"http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"
NAMESPACE = b'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'


def source_types(xmp):
    """Each value of the property, written as an element or as an attribute."""
    root = ElementTree.fromstring(xmp[xmp.index(b"<x:xmpmeta") : xmp.rindex(b">", 0, xmp.rindex(b"<?xpacket")) + 1])
    name = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType"
    return [one.text for one in root.iter(name)] + [one.attrib[name] for one in root.iter() if name in one.attrib]


@pytest.mark.parametrize("xmp", [None, b"", b"   \n"])
def test_a_new_packet_says_so(xmp):
    marked = provenance.marked(xmp)
    assert marked.startswith(b"<?xpacket begin=") and marked.endswith(b'<?xpacket end="w"?>')
    assert source_types(marked) == [provenance.SOURCE_TYPE]
    assert b"Iptc4xmpExt:DigitalSourceType" in marked


@pytest.mark.parametrize(
    ("element", "attribute"),
    [
        (b"", b""),
        (b"<Iptc4xmpExt:DigitalSourceType %s>%s</Iptc4xmpExt:DigitalSourceType>" % (NAMESPACE, SOURCE), b""),
        (b"", b' %s Iptc4xmpExt:DigitalSourceType="%s"' % (NAMESPACE, SOURCE)),
    ],
)
def test_what_was_there_stays_and_the_property_is_there_once(element, attribute):
    marked = provenance.marked(OLD % (element, attribute))
    assert source_types(marked) == [provenance.SOURCE_TYPE]
    for part in (b"<rdf:li>Somebody</rdf:li>", b'dc:format="image/jpeg"', b'my:rating="5"', b"<x:xmpmeta"):
        assert part in marked
    assert source_types(provenance.marked(marked)) == [provenance.SOURCE_TYPE]


def test_thumbnails_go_from_the_packet():
    thumbnail = b'<xmp:Thumbnails xmlns:xmp="http://ns.adobe.com/xap/1.0/">/9j/face</xmp:Thumbnails>'
    for made in (provenance.marked(OLD % (thumbnail, b"")), provenance.without_thumbnails(OLD % (thumbnail, b""))):
        assert b"/9j/face" not in made and b"Somebody" in made
    assert provenance.without_thumbnails(OLD % (b"", b"")) == OLD % (b"", b"")


def test_a_packet_that_is_no_xml_is_replaced_and_named(caplog):
    assert source_types(provenance.marked(b"<x:xmpmeta>broken")) == [provenance.SOURCE_TYPE]
    assert "XMP cannot be read" in caplog.text


@pytest.fixture(scope="module")
def credentials(tmp_path_factory):
    """A certificate for signing mail, issued by an authority of the test's own."""
    pytest.importorskip("c2pa", reason="needs c2pa-python: pip install 'cdaae_jax[provenance]'")
    x509 = pytest.importorskip("cryptography.x509", reason="needs cryptography to make a certificate")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    now = datetime.datetime.now(datetime.UTC)
    authority, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())

    def name(text):
        organisation = x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Test")
        return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text), organisation])

    def certificate(subject, key, is_authority):
        uses = dict.fromkeys(
            ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only"), False
        )
        usage = x509.KeyUsage(
            digital_signature=not is_authority,
            key_cert_sign=is_authority,
            crl_sign=is_authority,
            decipher_only=False,
            **uses,
        )
        builder = (
            x509.CertificateBuilder(name("authority"), name(subject), key.public_key(), x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()), critical=False)
        )
        if not is_authority:
            mail = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.EMAIL_PROTECTION])
            builder = builder.add_extension(mail, critical=False)
        return builder.sign(authority, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    folder = tmp_path_factory.mktemp("keys")
    chain = certificate("me", own, False) + certificate("authority", authority, True)
    (folder / "chain.pem").write_bytes(chain)
    private = own.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "key.pem").write_bytes(private)
    return provenance.Credentials(folder / "chain.pem", folder / "key.pem")


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP"])
def test_a_manifest_is_valid_and_shows_no_picture(credentials, name):
    import c2pa

    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (300, 300, 3), np.uint8)).save(file, name)
    media_type = f"image/{name.lower()}"
    signed = provenance.signed(file.getvalue(), file.getvalue(), media_type, credentials)
    with c2pa.Reader(media_type, io.BytesIO(signed)) as reader:
        report = reader.json()
        assert reader.get_validation_state() == "Valid"
    (manifest,) = json.loads(report)["manifests"].values()
    (actions,) = [one["data"]["actions"] for one in manifest["assertions"] if one["label"] == "c2pa.actions.v2"]
    assert [one["action"] for one in actions] == ["c2pa.opened", "c2pa.edited"]
    assert actions[1]["digitalSourceType"] == provenance.SOURCE_TYPE
    assert "thumbnail" not in report and len(signed) < len(file.getvalue()) + 10_000


def test_what_cannot_be_signed_is_named(credentials, tmp_path):
    wrong = provenance.Credentials(credentials.key, credentials.key)
    with pytest.raises(UserError, match="could not be signed .*; allowed are a certificate chain") as raised:
        provenance.signed(b"", b"", "image/jpeg", wrong)
    assert "\n" not in str(raised.value)
    with pytest.raises(UserError, match="none.pem cannot be read .*; give a PEM certificate"):
        provenance.signed(b"", b"", "image/jpeg", provenance.Credentials(tmp_path / "none.pem", credentials.key))
