// The app on somebody's phone: codes by RFC 6238, with SHA-1, six digits and thirty seconds.

import { createHmac } from "node:crypto";

const STEP = 30_000;

/** The code that the app shows now, or `later` steps from now. */
export function codeOf(secret, later = 0) {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / STEP) + later));
  const digest = createHmac("sha1", fromBase32(secret)).update(counter).digest();
  const offset = digest[digest.length - 1] & 15;
  return String((digest.readUInt32BE(offset) & 0x7fff_ffff) % 1_000_000).padStart(6, "0");
}

/** A code that is none of those that the server takes around now. */
export function wrongCodeOf(secret) {
  const right = [-2, -1, 0, 1, 2].map((later) => codeOf(secret, later));
  return ["111111", "222222", "333333", "444444", "555555", "666666"].find((code) => !right.includes(code));
}

function fromBase32(text) {
  const bits = [...text].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0")).join("");
  return Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
}
