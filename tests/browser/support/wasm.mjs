// A WebAssembly file read just far enough to break one of its functions.

const [EXPORTS, CODE] = [7, 10];
const FUNCTION = 0;
const [UNREACHABLE, END] = [0x00, 0x0b];
const HEADER = 8;

/**
 * The module with the body of an exported function replaced by a trap: it loads and validates, and
 * aborts when the function is called.
 */
export function withTrapIn(bytes, name) {
  const parts = sections(bytes);
  const imported = importedFunctions(parts.find(({ id }) => id === 2)?.body);
  const index = exportedFunction(parts.find(({ id }) => id === EXPORTS).body, name) - imported;
  const rebuilt = parts.map(({ id, body }) => {
    const inside = id === CODE ? withBody(body, index, Buffer.from([0, UNREACHABLE, END])) : body;
    return Buffer.concat([Buffer.from([id]), leb(inside.length), inside]);
  });
  return Buffer.concat([bytes.subarray(0, HEADER), ...rebuilt]);
}

/** The sections in their order: number and contents. */
function sections(bytes) {
  const found = [];
  for (const at = reader(bytes, HEADER); !at.ended; ) {
    const id = at.byte();
    found.push({ id, body: at.bytes(at.number()) });
  }
  return found;
}

/** How many functions are imported: they are counted before the module's own. */
function importedFunctions(body) {
  if (!body) return 0;
  const at = reader(body);
  let functions = 0;
  for (let left = at.number(); left > 0; left -= 1) {
    at.bytes(at.number());
    at.bytes(at.number());
    const kind = at.byte();
    if (kind === FUNCTION) {
      functions += 1;
      at.number();
    } else if (kind === 1) {
      at.byte();
      limits(at);
    } else if (kind === 2) limits(at);
    else if (kind === 3) at.bytes(2);
    else throw new Error(`an import of kind ${kind} is not known here`);
  }
  return functions;
}

function limits(at) {
  const bounded = at.byte() & 1;
  at.number();
  if (bounded) at.number();
}

function exportedFunction(body, name) {
  const at = reader(body);
  for (let left = at.number(); left > 0; left -= 1) {
    const found = at.bytes(at.number()).toString();
    const kind = at.byte();
    const index = at.number();
    if (kind === FUNCTION && found === name) return index;
  }
  throw new Error(`the module exports no function ${name}`);
}

function withBody(code, index, replacement) {
  const at = reader(code);
  const bodies = Array.from({ length: at.number() }, () => at.bytes(at.number()));
  bodies[index] = replacement;
  return Buffer.concat([leb(bodies.length), ...bodies.flatMap((body) => [leb(body.length), body])]);
}

function reader(bytes, start = 0) {
  let place = start;
  const at = {
    get ended() {
      return place >= bytes.length;
    },
    byte: () => bytes[place++],
    bytes(length) {
      place += length;
      return bytes.subarray(place - length, place);
    },
    /** An unsigned LEB128 number. */
    number() {
      let [value, factor, byte] = [0, 1, 0];
      do {
        byte = at.byte();
        value += (byte & 0x7f) * factor;
        factor *= 0x80;
      } while (byte & 0x80);
      return value;
    },
  };
  return at;
}

function leb(value) {
  const bytes = [];
  for (let rest = value; ; ) {
    const low = rest % 0x80;
    rest = Math.floor(rest / 0x80);
    bytes.push(rest ? low | 0x80 : low);
    if (!rest) return Buffer.from(bytes);
  }
}
