// The names in the address of a teacher's link, apart from its reader: most addresses have none, and wait for no reader.

/** Name of the parameter. It stands last: a link that lost its end is told by the checksum. */
export const linkParameter = 'class';
/** Stands in `hide` or `lock` for every setting. */
export const allFields = 'settings';
