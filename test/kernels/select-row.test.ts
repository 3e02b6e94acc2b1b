// The last real row of a padded prompt, inside and beyond the padding.
import { selectRowForward } from '../../src/kernels/select-row.ts';
import { describeKernel } from './describe-kernel.ts';

const shapes = [
  { rows: 1, columns: 1 },
  { rows: 7, columns: 63 },
  { rows: 7, columns: 64 },
  { rows: 7, columns: 65 },
];

describeKernel(selectRowForward, shapes);
describeKernel(selectRowForward, [{ rows: 3, columns: 5 }], { scalars: { length: 9 } });
