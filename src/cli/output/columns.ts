import { clean } from './print.js';

/** Rows under a heading, in columns as wide as their widest cell; the last one is not padded. */
export const columns = (
  heading: readonly string[],
  rows: readonly (readonly (string | null)[])[],
): string[] => {
  const cells = [heading, ...rows].map((row) => row.map((cell) => clean(cell ?? '-')));
  const widths = heading.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells.map((row) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('  '),
  );
};
