// Pictures as PNG: drawn by rule, so that both servers store the same bytes.

import { crc32, deflateSync } from "node:zlib";

const signature = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
const width = 2000;
const height = 1500;

/** Slow waves of colour under a little noise, which compress about as well as a photograph. */
export function picture() {
  const row = 1 + 3 * width;
  const pixels = Buffer.alloc(row * height);
  let noise = 1;
  for (let y = 0; y < height; y++) {
    // Each byte is written as its difference from the pixel to the left: filter 1.
    pixels[y * row] = 1;
    const left = [0, 0, 0];
    for (let x = 0; x < width; x++) {
      for (let channel = 0; channel < 3; channel++) {
        noise = (Math.imul(noise, 1_664_525) + 1_013_904_223) >>> 0;
        const wave = Math.sin(x / (90 + 40 * channel)) + Math.cos(y / (130 - 30 * channel));
        const value = Math.round(120 + 50 * wave) + (noise >>> 28);
        pixels[y * row + 1 + 3 * x + channel] = value - left[channel];
        left[channel] = value;
      }
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // Eight bits for each of red, green and blue.
  header.set([8, 2], 8);
  const parts = [chunk("IHDR", header), chunk("IDAT", deflateSync(pixels)), chunk("IEND")];
  return Buffer.concat([signature, ...parts]);
}

function chunk(name, data = Buffer.alloc(0)) {
  const named = Buffer.concat([Buffer.from(name), data]);
  const framed = Buffer.alloc(named.length + 8);
  framed.writeUInt32BE(data.length, 0);
  named.copy(framed, 4);
  framed.writeUInt32BE(crc32(named), named.length + 4);
  return framed;
}

/** Width and height of a PNG, as `100x100`. */
export function sizeOfPng(bytes) {
  if (!bytes.subarray(0, signature.length).equals(signature)) {
    throw new Error("a picture is no PNG");
  }
  return `${bytes.readUInt32BE(16)}x${bytes.readUInt32BE(20)}`;
}
