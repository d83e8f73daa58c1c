// Says in a file that its picture was edited: XMP in a JPEG's APP1 segment or a PNG's iTXt chunk.

/** Returns the file with the XMP packet in it. */
export async function marked(blob, xmp) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const text = new TextEncoder().encode(xmp);
  const [first, added] = blob.type === "image/png" ? [33, chunk(text)] : [2, segment(text)];
  return new Blob([bytes.subarray(0, first), added, bytes.subarray(first)], { type: blob.type });
}

function segment(text) {
  const name = new TextEncoder().encode("http://ns.adobe.com/xap/1.0/\0");
  const length = 2 + name.length + text.length;
  return joined([[0xff, 0xe1, length >> 8, length & 255], name, text]);
}

// Behind the IHDR chunk, which always ends at byte 33.
function chunk(text) {
  const keyword = new TextEncoder().encode("XML:com.adobe.xmp\0\0\0\0\0");
  const content = joined([new TextEncoder().encode("iTXt"), keyword, text]);
  return joined([bigEndian(content.length - 4), content, bigEndian(checksum(content))]);
}

function joined(pieces) {
  const made = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let first = 0;
  for (const piece of pieces) {
    made.set(piece, first);
    first += piece.length;
  }
  return made;
}

function bigEndian(number) {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255);
}

/** CRC-32 as PNG wants it. */
function checksum(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
