// What uploaded files hold, by name, so that a request that sends them is plain JSON.

import { deflateSync } from "node:zlib";

import { crc32 } from "./render.mjs";

const jpg = Buffer.from(
  `/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQc1tdhbWG
kJ6jq62rZ4C8ybqmx5moq6T/2wBDARweHigjKE4rK06kbl1upKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSk
pKSkpKSkpKSkpKSkpKT/wAARCAAQABgDASIAAhEBAxEB/8QAFgABAQEAAAAAAAAAAAAAAAAAAAEE/8QAFRABAQAAAAAAAAAA
AAAAAAAAAAH/xAAVAQEBAAAAAAAAAAAAAAAAAAAEAf/EABsRAAICAwEAAAAAAAAAAAAAAAACAQMEERIT/9oADAMBAAIRAxEA
PwDMsBbMjtZXQyrE83htgAYYf//Z`,
  "base64",
);
const webp = Buffer.from(
  `UklGRkYAAABXRUJQVlA4IDoAAADQAgCdASoYABAAPxFysFAsJqSisAgBgCIJQBOgBg2AAP7aJvxOPTI5lgTyxkv1v8G/863b
KHqBwAAA`,
  "base64",
);
const gif = Buffer.from("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7", "base64");

export const contents = {
  text: Buffer.from("0123456789 abcdefghijklmnopqrstuvwxyz\n"),
  one: Buffer.from("x"),
  empty: Buffer.alloc(0),
  json: Buffer.from('{"a": [1, 2, 3]}\n'),
  html: Buffer.from("<!DOCTYPE html><html><script>x()</script></html>"),
  svg: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="4" height="3"></svg>'),
  pdf: Buffer.from("%PDF-1.4\n%%EOF\n"),
  wav: Buffer.concat([Buffer.from("RIFF\x24\0\0\0WAVEfmt "), Buffer.alloc(24)]),
  zip: Buffer.concat([Buffer.from("PK\x05\x06"), Buffer.alloc(18)]),
  bytes: Buffer.from(Array.from({ length: 256 }, (_, at) => at)),
  long: Buffer.from("many words, more than some fields take. ".repeat(40)),
  png: png(40, 30),
  wide: png(300, 4),
  cut: png(40, 30).subarray(0, 50),
  gif,
  jpg,
  turned: turned(jpg),
  webp,
};

function png(width, height) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // Eight bits of red, green and blue.
  header.set([8, 2, 0, 0, 0], 8);
  const rows = Array.from({ length: height }, (_, y) =>
    Buffer.from([0, ...Array.from({ length: width }, (_, x) => [(x * 6) % 256, y * 8, 99]).flat()]),
  );
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(Buffer.concat(rows))),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(type, data) {
  const named = Buffer.concat([Buffer.from(type), data]);
  const around = Buffer.alloc(8);
  around.writeUInt32BE(data.length, 0);
  around.writeUInt32BE(crc32(named), 4);
  return Buffer.concat([around.subarray(0, 4), named, around.subarray(4)]);
}

/** The same picture, said to lie on its side: EXIF orientation 6. */
function turned(jpeg) {
  const exif = Buffer.from("457869660000" + "4d4d002a00000008" + "0001" + "011200030000000100060000" + "00000000", "hex");
  const head = Buffer.from([0xff, 0xe1, 0, exif.length + 2]);
  return Buffer.concat([jpeg.subarray(0, 2), head, exif, jpeg.subarray(2)]);
}

/** Type and pixels of a picture, as its head says. */
export function sizeOf(bytes) {
  if (bytes.length > 24 && bytes.subarray(1, 4).toString("latin1") === "PNG")
    return `png ${bytes.readUInt32BE(16)}x${bytes.readUInt32BE(20)}`;
  if (bytes.length > 10 && bytes.subarray(0, 3).toString("latin1") === "GIF")
    return `gif ${bytes.readUInt16LE(6)}x${bytes.readUInt16LE(8)}`;
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return `jpg ${jpegSize(bytes)}`;
  return undefined;
}

function jpegSize(bytes) {
  for (let at = 2; at + 9 < bytes.length; at += 2 + bytes.readUInt16BE(at + 2)) {
    const isFrame = bytes[at + 1] >= 0xc0 && bytes[at + 1] <= 0xc2;
    if (isFrame) return `${bytes.readUInt16BE(at + 7)}x${bytes.readUInt16BE(at + 5)}`;
  }
  return "of no size";
}
