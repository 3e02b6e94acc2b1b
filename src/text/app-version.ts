// The program's version as records carry it; a test holds it to package.json.

/** Version of Flopscope. */
export const appVersion = '0.1.0';
