/** Something stands in the way of writing. `message` says what, where and what to do; nothing was written unless it says so. */
export class RegenerationError extends Error {
  override name = 'RegenerationError';
}
