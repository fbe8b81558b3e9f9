import { errorCode } from "./error-code.js";

/** Whether any process has this id; it may be somebody else's by now. */
export function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return errorCode(error) === "EPERM";
  }
}
