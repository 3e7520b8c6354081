// Texts in and answers out, over one buffer in the module's memory. The other half is
// src/wasm/references/src/bridge.rs.
import { KassaError, misshapen } from './error.js';

/** What is asked for at first; a larger room is given back after use. */
const USUAL = 4096;
/** From here on the encoder is faster than a loop over the characters. */
const SHORT = 64;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

let wasm;
let bytes;
let address = 0;
let room = 0;

/** Whether a module is loaded; `named`, whether it has that function. */
export const loaded = (named = 'room') => wasm?.[named] !== undefined;

/** Goes on with this instance. */
export function adopt(instance) {
  wasm = instance.exports;
  bytes = new Uint8Array(wasm.memory.buffer);
  room = 0;
}

/** The module's functions. */
export function core() {
  if (wasm === undefined) throw tooEarly();
  return wasm;
}

/** For a module that is not there. */
export const tooEarly = () =>
  new KassaError('wasm/not-loaded', 'call `await init()` once, before any other function');

function reserve(size) {
  address = core().room(size);
  room = size;
  renew();
}

/** The view ends when the memory grows. */
function renew() {
  if (bytes.length === 0) bytes = new Uint8Array(wasm.memory.buffer);
}

/** Writes one text, and returns its length in bytes. */
export function put(text, field) {
  if (typeof text !== 'string') throw misshapen(field, 'a string');
  const units = text.length;
  // A unit of UTF-16 takes at most three bytes; a long list takes as many bytes as it has units.
  const most = units < USUAL ? 3 * units : units;
  if (most > room) reserve(Math.max(most, USUAL));
  renew();
  const written = write(text, address);
  if (written >= 0) return written;
  reserve(3 * units);
  return write(text, address);
}

/** Writes several texts, with NUL between them, and returns their length in bytes. */
export function putAll(texts) {
  if (texts.slice(0, -1).some((text) => text.includes('\0'))) {
    throw new KassaError('argument/character', 'an argument holds a NUL');
  }
  return put(texts.join('\0'));
}

/** Writes bytes. */
export function putBytes(list) {
  if (list.length > room) reserve(Math.max(list.length, USUAL));
  renew();
  bytes.set(list, address);
  return list.length;
}

/** Writes a text there, and returns its length in bytes; -1 when there is too little room. */
function write(text, at) {
  const units = text.length;
  let place = 0;
  while (place < units && units <= SHORT) {
    const unit = text.charCodeAt(place);
    if (unit > 127) break;
    bytes[at + place] = unit;
    place += 1;
  }
  if (place === units) return units;
  const { read, written } = encoder.encodeInto(text, bytes.subarray(at, address + room));
  return read === units ? written : -1;
}

/** The text that a call answered with; throws what it refused with. */
export const take = (length) => decoder.decode(answer(length));

/** The lines of such a text. */
export const takeLines = (length) => take(length).split('\n');

/** A copy of the bytes that a call answered with. */
export const takeBytes = (length) => answer(length).slice();

function answer(length) {
  const size = Math.abs(length);
  if (size > room) reserve(size);
  renew();
  const found = bytes.subarray(address, address + size);
  // What was large is asked for anew, and smaller, next time.
  if (room > 16 * USUAL) room = 0;
  if (length < 0) throw refusal(decoder.decode(found));
  return found;
}

function refusal(text) {
  const [code, field, position, ...message] = text.split('\n');
  return new KassaError(code, message.join('\n'), field, position ? Number(position) : undefined);
}
