// The numbers of a figure: one table for the page, for those who read it instead of the drawing, and for the file.
import { type CsvCell, toCsv } from './csv.ts';
import type { Term } from './glossary.ts';

/** A column of a figure's table; the unit belongs into the label. */
export interface FigureColumn {
  readonly label: string;
  /** The word of the glossary that the label is, if it is one. */
  readonly term?: Term;
  /** Text of a number in a row on the page; the file has it in full. */
  readonly format?: (value: number, row: number) => string;
  /** Room for text that would break into many lines; `short` by default. */
  readonly room?: 'short' | 'medium' | 'long';
}

/** A figure's numbers. The first column names the rows. */
export interface FigureTable {
  readonly columns: readonly FigureColumn[];
  readonly rows: readonly (readonly CsvCell[])[];
}

/** The table as CSV, numbers in full. */
export function figureCsv({ columns, rows }: FigureTable): string {
  return toCsv(
    columns.map(({ label }) => label),
    rows,
  );
}
