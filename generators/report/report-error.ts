/** The report cannot be made. `message` is the one text for the user. */
export class ReportError extends Error {
  override name = 'ReportError';
}
