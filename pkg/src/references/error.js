/** What every function of the package throws. */
export class KassaError extends Error {
  constructor(code, message, field, position) {
    super(message);
    this.name = 'KassaError';
    this.code = code;
    if (field) this.field = field;
    if (position !== undefined) this.position = position;
  }
}

/** For an argument of another type than the documented one. */
export const misshapen = (field, expected) =>
  new KassaError('argument/shape', `${field}: expected ${expected}`, field);
