/** Stands in for the page's styles until they are there. */
export const css = "";
