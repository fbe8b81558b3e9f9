// What a terminal sends: keys, and reports about itself that nobody has typed (ECMA-48; XTerm control sequences).
// CSI and SS3 begin sequences of keys (arrows, F1) and of reports; OSC, DCS, APC, PM and SOS begin reports alone.

/** Their pictures, which no byte is: control characters are hard to read in an expression. */
const ESCAPE = "␛";
const BELL = "␇";

/** Begins a string that ends with ST or BEL: answers about colours, titles, the terminal's version. */
const STRING = /^␛[\]P_^X][^␇␛]*(?:␇|␛\\)/;
const STRING_BEGUN = /^␛[\]P_^X][^␇␛]*␛?$/;
/** Parameters, intermediates, and the final byte that says what it is. */
const CSI = /^␛\[([0-?]*)([ -/]*)([@-~])/;
const CSI_BEGUN = /^␛\[[0-?]*[ -/]*$/;
/** The three bytes after `ESC [ M` are the button and where the mouse was. */
const OLD_MOUSE = /^␛\[M[\s\S]{3}/;
const OLD_MOUSE_BEGUN = /^␛\[M[\s\S]{0,2}$/;

/** Escape, Alt with a key that sequences begin with, and rxvt's keys with Shift. */
const KEY_OR_BEGINNING = /^␛(?:[[\]P_^XO]|\[\d+\$)?$/;

/** More than a terminal's longest report: what is longer is no report. */
const LONGEST_REPORT = 4_096;

/**
 * Tells keys from a terminal's reports in what is read of it, piece by piece. An Escape alone is a key, as is a sequence
 * that a key sends; a sequence that is cut off by the end of a piece waits for the rest.
 */
export class KeyPresses {
  #rest = "";

  /** True where what was read last may be a key that sends Escape first, or the beginning of a report: time will tell. */
  get isEscapePending(): boolean {
    return KEY_OR_BEGINNING.test(this.#rest);
  }

  /** True where these bytes, one a character, hold a key for certain. */
  hasKey(bytes: string): boolean {
    let text = this.#rest + bytes.replaceAll("\u001b", ESCAPE).replaceAll("\u0007", BELL);
    this.#rest = "";
    while (text !== "") {
      const report = reportAt(text);
      if (report === undefined) {
        if (!isBegun(text)) return true;
        this.#rest = text;
        return false;
      }
      text = text.slice(report);
    }
    return false;
  }
}

/** Length of the report at the beginning; undefined where there is none. */
function reportAt(text: string): number | undefined {
  const [whole] = STRING.exec(text) ?? OLD_MOUSE.exec(text) ?? [];
  if (whole !== undefined) return whole.length;
  const [sequence, parameters = "", intermediates = "", final = ""] = CSI.exec(text) ?? [];
  return sequence !== undefined && isReport(parameters, intermediates, final) ? sequence.length : undefined;
}

/**
 * Focus (`I`, `O`), mouse (`<…M`, `<…m`, `…M`), cursor position (`…R`), device attributes (`?…c`, `>…c`), status (`…n`),
 * modes (`?…$y`), the size of the window (`…t`), the marks around pasted text (`200~`, `201~`), and the flags of the
 * keyboard (`?…u`).
 */
function isReport(parameters: string, intermediates: string, final: string): boolean {
  if (intermediates !== "") return true;
  if (/^[<=>?]/.test(parameters)) return true;
  if (final === "I" || final === "O") return parameters === "";
  // F3 with a modifier is `1;2R`: the cursor is never in the first row while the program writes lines below it.
  if (final === "R") return /^\d+;\d+$/.test(parameters) && !/^1;[2-8]$/.test(parameters);
  if (final === "M") return /^\d+;\d+;\d+$/.test(parameters);
  if (final === "~") return parameters === "200" || parameters === "201";
  return ["n", "t", "x"].includes(final);
}

/** Whether the text may be the beginning of a sequence whose rest has not come. */
function isBegun(text: string): boolean {
  if (text.length > LONGEST_REPORT) return false;
  return text === ESCAPE || CSI_BEGUN.test(text) || STRING_BEGUN.test(text) || OLD_MOUSE_BEGUN.test(text);
}
