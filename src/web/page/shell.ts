/** Stands in for the page until it is there. */
export function shell(language: "fi" | "sv" | "en"): string {
  return `<!doctype html><html lang="${language}"><title>caruna-integration</title></html>`;
}
