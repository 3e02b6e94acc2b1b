// Where an update finds what the gradients' norm left it: bytes in the metrics.

/** 1 where norm and loss are finite. */
export const isFiniteByte: usize = 8;

/** What gradients are multiplied by. */
export const clipFactorByte: usize = 12;
