/** What the other end sent cannot be what a VMM sends. */
export class HandoverFault extends Error {
  override readonly name = 'HandoverFault';
}
