// The time of day of a program, put forward: by the library that the faults suite loads into the
// server, whose C files lie beside that suite.
import { execFile } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const SOURCES = fileURLToPath(new URL('../../support/faults/preload', import.meta.url));
/** The numbers of the control file, as many as in `preload.h`; the clock's is the first. */
const PLACES = 32;

/** Compiles the library into a folder. `env` is for the programs that share this clock. */
export async function movableClock(folder) {
  const [library, control] = ['preload.so', 'preload.control'].map((name) => join(folder, name));
  const sources = (await readdir(SOURCES)).filter((name) => name.endsWith('.c'));
  await promisify(execFile)(process.env.CC ?? 'cc', [
    '-O2', '-shared', '-fPIC', '-o', library,
    ...sources.map((name) => join(SOURCES, name)),
    '-ldl', '-lpthread',
  ]);
  const putForward = async (seconds) => {
    const places = new BigInt64Array(PLACES);
    places[0] = BigInt(seconds) * 1_000n;
    // Written over as it is: the programs have it mapped.
    await writeFile(control, Buffer.from(places.buffer), { flag: 'r+' });
  };
  await writeFile(control, Buffer.alloc(PLACES * 8));
  return { env: { LD_PRELOAD: library, KASSA_PRELOAD_CONTROL: control }, putForward };
}
