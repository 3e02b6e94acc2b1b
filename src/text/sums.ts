// Sums of records of numbers, field by field.

/** The fields that `like` has, each summed over all records; other fields of these are left out. */
export function sumFields<Field extends string>(
  like: Readonly<Record<Field, number>>,
  all: readonly NoInfer<Readonly<Record<Field, number>>>[],
): Record<Field, number> {
  const fields = Object.keys(like) as Field[];
  const sum = (field: Field) => all.reduce<number>((total, record) => total + record[field], 0);
  return Object.fromEntries(fields.map((field) => [field, sum(field)])) as Record<Field, number>;
}
