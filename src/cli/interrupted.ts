/** A signal ended the command: nobody is left to be told why. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}
